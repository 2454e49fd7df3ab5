"""``llm.chat``: a conversation, one call per turn; who speaks is decided here and never by what was said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, MESSAGES, REASON
from fairloom.components import Tools
from fairloom.models import Estimate, OpenModel, Request
from fairloom_llm.asking import Said, ask, model_of, number
from fairloom_llm.brief import Facts
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.mending import Complaint, Mending, as_asked, mending_of
from fairloom_llm.prompts import Prompt, read_prompt
from fairloom_llm.settings import MendSettings

CHAT = pa.list_(pa.struct([pa.field("role", pa.string()), pa.field("content", pa.string())]))
SPEAKERS = ("user", "assistant")

Turns = list[dict[str, str]]


@attrs.frozen(kw_only=True)
class ChatSettings(MendSettings):
    """Keys of a step with ``generate = "llm.chat"``."""

    model: str = attrs.field(metadata={"help": "the [models.NAME] that speaks as the assistant"})
    user_model: str | None = attrs.field(
        default=None, metadata={"help": "the [models.NAME] that speaks as the user; model if left out"}
    )
    turns: int = attrs.field(
        default=4,
        metadata={"help": "how many messages a conversation has, the user's first"},
        validator=attrs.validators.in_(range(1, 65)),
    )
    user_prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file for the user's turns; the built-in one if left out"}
    )
    assistant_prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file for the assistant's turns; the built-in one if left out"}
    )


@attrs.frozen(eq=False)
class ChatWriter:
    """Writes ``messages``, and the same as plain text into the task's first field, so that text filters see it."""

    models: Mapping[str, OpenModel]
    prompts: Mapping[str, Prompt]
    facts: Facts
    field: str
    turns: int
    parameters: Mapping[str, Any]
    length: float
    mending: Mending | None = None

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """One call per turn, which shows the turns before it."""
        values = self.facts.of_rows(rows)
        return [
            estimate(
                self.models[SPEAKERS[turn % 2]],
                [self._request(turn, value, [], 0, None) for value in values],
                self.length / self.turns,
                more=turn * self.length / self.turns,
            )
            for turn in range(self.turns)
        ]

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that write."""
        return frozenset(model.name for model in self.models.values())

    @property
    def repairs(self) -> bool:
        """Whether rejected rows may be handed to ``repair``."""
        return self.mending is not None

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The conversations, and why a row has none."""
        return self._written(rows, None)

    def repair(self, rows: pa.RecordBatch, reasons: pa.Array) -> pa.RecordBatch:
        """The conversations again from the first turn, each speaker told what it had said and the reason."""
        talks = rows.column(MESSAGES).to_pylist()
        complaints = [
            [Complaint(turn["content"], reason) for turn in talk]
            for talk, reason in zip(talks, reasons.to_pylist(), strict=True)
        ]
        return self._written(as_asked(rows), complaints)

    def _written(self, rows: pa.RecordBatch, complaints: Sequence[Sequence[Complaint]] | None) -> pa.RecordBatch:
        values = self.facts.of_rows(rows)
        talks: list[Turns] = [[] for _ in values]
        reasons: list[str | None] = [None] * rows.num_rows
        for turn in range(self.turns):
            going = [at for at, reason in enumerate(reasons) if reason is None]
            told = [complaints[at][turn] if complaints else None for at in going]
            asked = [(at, values[at], talks[at]) for at in going]
            for at, said in zip(going, self._turn(turn, rows, asked, told), strict=True):
                talks[at].append({"role": SPEAKERS[turn % 2], "content": said.text or ""})
                reasons[at] = said.reason and f"{said.reason} (turn {turn + 1})"
        done = [talk if reason is None else None for talk, reason in zip(talks, reasons, strict=True)]
        texts = [
            None if talk is None else "\n".join(f"{each['role']}: {each['content']}" for each in talk) for talk in done
        ]
        return pa.RecordBatch.from_pydict(
            {
                self.field: pa.array(texts, pa.string()),
                MESSAGES: pa.array(done, CHAT),
                REASON: pa.array(reasons, pa.string()),
            }
        )

    def _turn(
        self,
        turn: int,
        rows: pa.RecordBatch,
        asked: Sequence[tuple[int, Mapping[str, Any], Turns]],
        complaints: Sequence[Complaint | None],
    ) -> list[Said]:
        """What the speaker of this turn says in each conversation that goes on: a row's place, values and talk."""
        address, attempt = (np.asarray(rows.column(name)).tolist() for name in (ADDRESS, ATTEMPT))
        requests = [
            self._request(turn, values, talk, number(address[at], attempt[at]), complaint)
            for (at, values, talk), complaint in zip(asked, complaints, strict=True)
        ]
        return ask(self.models[SPEAKERS[turn % 2]], requests)

    def _request(
        self, turn: int, values: Mapping[str, Any], talk: Turns, attempt: int, complaint: Complaint | None
    ) -> Request:
        told = {**values, "talk": talk, "turn": turn + 1, "turns": self.turns}
        messages = self.prompts[SPEAKERS[turn % 2]].messages(told)
        if complaint is not None and self.mending is not None:
            messages = self.mending.told(messages, complaint, told)
        return Request(messages=messages, parameters=self.parameters, attempt=attempt)


NAMES = ("talk", "turn", "turns")


def build(config: ChatSettings, tools: Tools) -> ChatWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model or prompt.
    """
    user = config.user_model or config.model
    files = {"user": config.user_prompt, "assistant": config.assistant_prompt}
    return ChatWriter(
        models={"user": model_of(tools, user, "user_model"), "assistant": model_of(tools, config.model)},
        prompts={
            role: read_prompt(files[role], f"chat_{role}", tools, names=NAMES, key=f"{role}_prompt")
            for role in SPEAKERS
        },
        facts=Facts.of(tools),
        field=tools.task.fields[0],
        turns=config.turns,
        parameters=config.parameters,
        length=text_tokens(tools.task),
        mending=mending_of(config, tools, NAMES, "repair_chat"),
    )
