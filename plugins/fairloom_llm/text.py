"""``llm.text``: one call writes one field of one row; label and attributes stay what the brief says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, REASON
from fairloom.components import Tools
from fairloom.models import Estimate, OpenModel, Request
from fairloom_llm.asking import Said, ask, model_of, number
from fairloom_llm.brief import Facts
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.mending import Complaint, Mending, as_asked, mending_of
from fairloom_llm.prompts import Prompt, read_prompt
from fairloom_llm.settings import MendSettings, PromptSettings, ShotSettings
from fairloom_llm.shots import Shots, shots_of

NAMES = ("field", "shots", "written")
"""What prompts see beside the brief."""


@attrs.frozen(kw_only=True)
class TextSettings(PromptSettings, MendSettings, ShotSettings):
    """Keys of a step with ``generate = "llm.text"``."""

    prompts: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "field = prompt file, for fields that have their own"}
    )


@attrs.frozen(eq=False)
class TextWriter:
    """Writes the fields in their order, one call each; a later prompt sees the fields before it under ``written``."""

    model: OpenModel
    facts: Facts
    prompts: Mapping[str, Prompt]
    shots: Shots
    parameters: Mapping[str, Any]
    length: float
    mending: Mending | None = None

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that write."""
        return frozenset([self.model.name])

    @property
    def repairs(self) -> bool:
        """Whether rejected rows may be handed to ``repair``."""
        return self.mending is not None

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The fields of each row, and why a row has none."""
        return self._written(rows, {})

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """One call per field; a later one also shows the fields before it."""
        values = self._values(rows)
        return [
            estimate(
                self.model,
                [self._request(field, value, 0, None) for value in values],
                self.length,
                more=place * self.length,
            )
            for place, field in enumerate(self.prompts)
        ]

    def repair(self, rows: pa.RecordBatch, reasons: pa.Array) -> pa.RecordBatch:
        """The fields again, each asked for with its rejected text and the reason."""
        told = reasons.to_pylist()
        complaints = {
            field: [Complaint(*pair) for pair in zip(rows.column(field).to_pylist(), told, strict=True)]
            for field in self.prompts
        }
        return self._written(as_asked(rows), complaints)

    def _written(self, rows: pa.RecordBatch, complaints: Mapping[str, Sequence[Complaint]]) -> pa.RecordBatch:
        values = self._values(rows)
        said = [Said() for _ in values]
        columns: dict[str, list[str | None]] = {}
        for field in self.prompts:
            said = self._field(field, rows, values, said, complaints.get(field, ()))
            columns[field] = [each.text for each in said]
            for value, each in zip(values, said, strict=True):
                value["written"].append({"name": field, "text": each.text or ""})
        failed = [each.reason for each in said]
        return pa.RecordBatch.from_pydict(
            {
                **{field: pa.array(texts, pa.string()) for field, texts in columns.items()},
                REASON: pa.array(failed, pa.string()),
            }
        )

    def _values(self, rows: pa.RecordBatch) -> list[dict[str, Any]]:
        pairs = zip(self.facts.of_rows(rows), self.shots.of_rows(rows), strict=True)
        return [{**value, "shots": shots, "written": []} for value, shots in pairs]

    def _field(
        self,
        field: str,
        rows: pa.RecordBatch,
        values: Sequence[Mapping[str, Any]],
        said: Sequence[Said],
        complaints: Sequence[Complaint],
    ) -> list[Said]:
        """One field of all rows that can still be written."""
        address, attempt = (np.asarray(rows.column(name)).tolist() for name in (ADDRESS, ATTEMPT))
        going = [at for at, each in enumerate(said) if each.reason is None]
        requests = [
            self._request(field, values[at], number(address[at], attempt[at]), complaints[at] if complaints else None)
            for at in going
        ]
        found = list(said)
        for at, answer in zip(going, ask(self.model, requests), strict=True):
            found[at] = answer
        return found

    def _request(self, field: str, values: Mapping[str, Any], attempt: int, complaint: Complaint | None) -> Request:
        told = {**values, "field": field}
        messages = self.prompts[field].messages(told)
        if complaint is not None and self.mending is not None:
            messages = self.mending.told(messages, complaint, told)
        return Request(messages=messages, parameters=self.parameters, attempt=attempt)


def build(config: TextSettings, tools: Tools) -> TextWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model, prompt or seeds.
    """
    return text_writer(config, tools, "text")


def text_writer(config: TextSettings, tools: Tools, default: str) -> TextWriter:
    """The writer with the built-in prompt ``default``.

    Raises:
        RecipeError: as above.
    """
    for field in config.prompts:
        tools.task.field_of(field, "prompts", field)
    common = read_prompt(config.prompt, default, tools, names=NAMES)
    own = {
        field: read_prompt(path, default, tools, names=NAMES, key="prompts") for field, path in config.prompts.items()
    }
    return TextWriter(
        model=model_of(tools, config.model),
        facts=Facts.of(tools),
        prompts={field: own.get(field, common) for field in tools.task.fields},
        shots=shots_of(config.seeds, config.shots, config.same, tools),
        parameters=config.parameters,
        length=text_tokens(tools.task),
        mending=mending_of(config, tools, NAMES),
    )
