"""``llm.paraphrase``: says again what an earlier step wrote; protected spans come through unchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, REASON, SPANS, decoded, spans_of
from fairloom.components import Tools
from fairloom.models import Estimate, OpenModel, Request
from fairloom.problems import RecipeError, RunError, did_you_mean
from fairloom_llm.asking import Said, ask, model_of, number
from fairloom_llm.brief import Facts
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.marks import Marked, Restored, marked, restored
from fairloom_llm.prompts import Prompt, read_prompt


@attrs.frozen(kw_only=True)
class ParaphraseSettings:
    """Keys of a step with ``generate = "llm.paraphrase"``."""

    model: str = attrs.field(metadata={"help": "the [models.NAME] that rewrites"})
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to rewrite; the task's first field when left out"}
    )
    tone: str | None = attrs.field(default=None, metadata={"help": "the tone to write in, in plain words"})
    length: str | None = attrs.field(
        default=None, metadata={"help": "the length to aim at, in plain words; filters hold it"}
    )
    keep: str | None = attrs.field(
        default=None, metadata={"help": "a column that keeps the text as it was; not kept if left out"}
    )
    prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file (Jinja, blocks system and user); the built-in one if left out"}
    )
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "parameters of the model for this step, such as temperature"}
    )


@attrs.frozen(eq=False)
class ParaphraseWriter:
    """Rewrites one field, a call per row; spans are moved to where their values are now."""

    model: OpenModel
    facts: Facts
    prompt: Prompt
    field: str
    tone: str
    length: str
    keep: str | None
    parameters: Mapping[str, Any]
    text_tokens: float

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """One call per row, which shows the text and says it again."""
        nothing = Marked("", ())
        requests = [self._request(facts, nothing, 0) for facts in self.facts.of_rows(rows)]
        return [estimate(self.model, requests, self.text_tokens, more=self.text_tokens)]

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that write."""
        return frozenset([self.model.name])

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The new text, its spans, and why a row has none."""
        texts, spans = self._before(rows)
        before = [marked(text, own) for text, own in zip(texts, spans, strict=True)]
        after = self._rewritten(rows, before)
        done = [each if isinstance(each, Restored) else None for each in after]
        columns = {self.field: pa.array([each.text if each else None for each in done], pa.string())}
        if spans_of(self.field) in rows.schema.names:
            columns[spans_of(self.field)] = pa.array([list(each.spans) if each else [] for each in done], SPANS)
        if self.keep:
            columns[self.keep] = pa.array(texts, pa.string())
        reasons = [each if isinstance(each, str) else None for each in after]
        return pa.RecordBatch.from_pydict({**columns, REASON: pa.array(reasons, pa.string())})

    def _before(self, rows: pa.RecordBatch) -> tuple[list[str], list[list[Mapping[str, Any]]]]:
        if self.field not in rows.schema.names:
            raise RunError(f"no step before has written the field {self.field!r}, so there is nothing to paraphrase")
        texts = decoded(rows.column(self.field)).to_pylist()
        name = spans_of(self.field)
        spans = rows.column(name).to_pylist() if name in rows.schema.names else [None] * rows.num_rows
        return texts, [own or [] for own in spans]

    def _rewritten(self, rows: pa.RecordBatch, before: list[Marked | str]) -> list[Restored | str]:
        facts = self.facts.of_rows(rows)
        address, attempt = (np.asarray(rows.column(name)).tolist() for name in (ADDRESS, ATTEMPT))
        going = [(at, each) for at, each in enumerate(before) if isinstance(each, Marked)]
        requests = [self._request(facts[at], each, number(address[at], attempt[at])) for at, each in going]
        said = ask(self.model, requests)
        found: list[Restored | str] = [each if isinstance(each, str) else "" for each in before]
        for (at, each), answer in zip(going, said, strict=True):
            found[at] = _read(answer, each)
        return found

    def _request(self, facts: Mapping[str, Any], before: Marked, attempt: int) -> Request:
        marks = [
            {"mark": f"[{place}]", "slot": span["slot"], "value": span["value"]}
            for place, span in enumerate(before.spans, start=1)
        ]
        own = {"field": self.field, "text": before.text, "marks": marks, "tone": self.tone, "length": self.length}
        return Request(messages=self.prompt.messages({**facts, **own}), parameters=self.parameters, attempt=attempt)


def _read(said: Said, before: Marked) -> Restored | str:
    if said.text is None:
        return said.reason or ""
    if said.text.split() == before.text.split():
        return "paraphrase is unchanged"
    found = restored(said.text, before)
    return f"paraphrase {found}" if isinstance(found, str) else found


NAMES = ("field", "text", "marks", "tone", "length")


def build(config: ParaphraseSettings, tools: Tools) -> ParaphraseWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model, prompt or field, or the column to keep is taken.
    """
    field = config.field or tools.task.fields[0]
    if field not in tools.task.fields:
        hint = did_you_mean(field, tools.task.fields)
        raise RecipeError.of(f"the task has no field {field!r}", "field", suggestion=hint)
    if config.keep in {*tools.task.fields, *tools.factors}:
        raise RecipeError.of(f"{config.keep!r} is a field or a factor already", "keep", suggestion='keep = "original"')
    return ParaphraseWriter(
        model=model_of(tools, config.model),
        facts=Facts.of(tools),
        prompt=read_prompt(config.prompt, "paraphrase", tools, names=NAMES),
        field=field,
        tone=config.tone or "",
        length=config.length or "",
        keep=config.keep,
        parameters=config.parameters,
        text_tokens=text_tokens(tools.task),
    )
