"""A model as a judge: closed answers, several votes, and the right to abstain.

A judge sees the texts of a row and the choices, never its label or brief: what it does not know it cannot repeat. The
order of the choices turns from row to row and from vote to vote, so that a liking for the first one cannot add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY, MEMBER, decoded
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.models import Estimate, OpenModel, Request, tokens_of
from fairloom.problems import RecipeError
from fairloom_llm.asking import ask, model_of
from fairloom_llm.brief import facts
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.prompts import Prompt, read_prompt
from fairloom_llm.settings import PromptSettings

NAMES = ("text", "field", "choices", "abstain")


@attrs.frozen(kw_only=True)
class PanelSettings(PromptSettings):
    """What the filter ``llm.judge`` and the metric ``llm.agreement`` have in common."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field it reads; the task's first field when left out"}
    )
    choices: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "the answers it may give; the labels of the task if left out"}
    )
    abstain: str = attrs.field(default="unsure", metadata={"help": 'the answer by which it abstains; "" allows none'})
    votes: int = attrs.field(
        default=1,
        metadata={"help": "how often each row is judged; the majority counts"},
        validator=attrs.validators.in_(range(1, 26)),
    )
    same_model: bool = attrs.field(default=False, metadata={"help": "whether it may judge what the same model wrote"})


@attrs.frozen(eq=False)
class Panel:
    """Asks for ``votes`` judgements of each row."""

    model: OpenModel
    prompt: Prompt
    field: str
    fields: tuple[str, ...]
    task: Mapping[str, Any]
    choices: tuple[str, ...]
    definitions: Mapping[str, str]
    abstain: str
    votes: int
    parameters: Mapping[str, Any]
    draws: Draws
    length: float

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """One call per row and vote, which shows the text."""
        longest = max(map(tokens_of, self.choices))
        return [estimate(self.model, self._requests(rows), longest, more=self.length)]

    def judge(self, rows: pa.RecordBatch) -> list[list[str | None]]:
        """The votes of each row; ``None`` where the judge abstained or gave no answer on the list."""
        said = [each.text if each.text in self.choices else None for each in ask(self.model, self._requests(rows))]
        return [said[start : start + self.votes] for start in range(0, len(said), self.votes)]

    def _requests(self, rows: pa.RecordBatch) -> list[Request]:
        """The questions, all votes of a row one after the other."""
        family, member = (np.asarray(rows.column(name)) for name in (FAMILY, MEMBER))
        turns = self.draws.below(len(self.choices), family, member).tolist()
        columns = {name: decoded(rows.column(name)).to_pylist() for name in self.fields if name in rows.schema.names}
        return [
            self._request({name: values[at] for name, values in columns.items()}, turns[at], vote)
            for at in range(rows.num_rows)
            for vote in range(self.votes)
        ]

    def _request(self, row: Mapping[str, Any], turn: int, vote: int) -> Request:
        start = (turn + vote) % len(self.choices)
        ordered = self.choices[start:] + self.choices[:start]
        values = {
            "task": self.task,
            "row": row,
            "text": row.get(self.field) or "",
            "field": self.field,
            "choices": [{"name": name, "definition": self.definitions.get(name, "")} for name in ordered],
            "abstain": self.abstain,
        }
        closed = (*ordered, self.abstain) if self.abstain else ordered
        return Request(messages=self.prompt.messages(values), choices=closed, parameters=self.parameters, attempt=vote)


def majority(votes: Sequence[str | None]) -> str | None:
    """The answer most votes gave; ``None`` where none was given or two are level."""
    ranked = Counter(vote for vote in votes if vote is not None).most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]


def panel_of(config: PanelSettings, tools: Tools) -> Panel:
    """The panel that settings ask for.

    Raises:
        RecipeError: there is no such model, prompt or field, or there are fewer than two choices.
    """
    field = tools.task.field_of(config.field)
    choices = config.choices or tuple(tools.task.labels)
    if len(choices) < 2 or len(set(choices)) < len(choices):
        way = 'give them: choices = ["yes", "no"]'
        raise RecipeError.of(
            f"a judge takes two or more different choices, got {len(choices)}", "choices", suggestion=way
        )
    if config.abstain in choices:
        raise RecipeError.of(f"{config.abstain!r} is a choice already", "abstain", suggestion='abstain = "cannot say"')
    blind = attrs.evolve(tools, factors={})
    return Panel(
        model=model_of(tools, config.model),
        prompt=read_prompt(config.prompt, "judge", blind, names=NAMES),
        field=field,
        fields=tools.task.fields,
        task=facts(tools.task),
        choices=choices,
        definitions={name: label.definition for name, label in tools.task.labels.items()},
        abstain=config.abstain,
        votes=config.votes,
        parameters=config.parameters,
        draws=tools.draws.stream("choices"),
        length=text_tokens(tools.task),
    )
