"""``llm.paraphrase``: says again what an earlier step wrote; protected spans come through unchanged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, REASON, SPANS, decoded, spans_of
from fairloom.components import Tools
from fairloom.models import Estimate, OpenModel, Request
from fairloom.problems import RecipeError, RunError
from fairloom_llm.asking import Said, ask, model_of, number
from fairloom_llm.brief import Facts
from fairloom_llm.estimating import estimate, text_tokens
from fairloom_llm.marks import Marked, Restored, Span, marked, remarked, restored
from fairloom_llm.mending import Complaint, Mending, as_asked, mending_of
from fairloom_llm.prompts import Prompt, read_prompt
from fairloom_llm.settings import MendSettings, PromptSettings


@attrs.frozen(kw_only=True)
class ParaphraseSettings(PromptSettings, MendSettings):
    """Keys of a step with ``generate = "llm.paraphrase"``."""

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
    mending: Mending | None = None

    def estimate(self, rows: pa.RecordBatch) -> list[Estimate]:
        """One call per row, which shows the text and says it again."""
        nothing = Marked("", ())
        requests = [self._request(facts, nothing, 0, None) for facts in self.facts.of_rows(rows)]
        return [estimate(self.model, requests, self.text_tokens, more=self.text_tokens)]

    @property
    def asks(self) -> frozenset[str]:
        """The names of the models that write."""
        return frozenset([self.model.name])

    @property
    def repairs(self) -> bool:
        """Whether rejected rows may be handed to ``repair``."""
        return self.mending is not None

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The new text with its spans, or why it is none; one that lost a span stands there as the model gave it."""
        if self.field not in rows.schema.names:
            raise RunError(f"no step before has written the field {self.field!r}, so there is nothing to paraphrase")
        texts = _Texts.of(rows, self.field, spans_of(self.field))
        return self._written(rows, texts, [None] * rows.num_rows)

    def repair(self, rows: pa.RecordBatch, reasons: pa.Array) -> pa.RecordBatch:
        """The same text said again, each time with what was said of it before and the reason."""
        asked = as_asked(rows)
        texts, now = (_Texts.of(each, self.field, spans_of(self.field)) for each in (asked, rows))
        complaints = [
            Complaint(remarked(text, spans, before), reason) if isinstance(before, Marked) else None
            for text, spans, before, reason in zip(now.texts, now.spans, texts.marked, reasons.to_pylist(), strict=True)
        ]
        return self._written(asked, texts, complaints)

    def _written(self, rows: pa.RecordBatch, before: _Texts, complaints: Sequence[Complaint | None]) -> pa.RecordBatch:
        after = self._rewritten(rows, before.marked, complaints)
        columns = {self.field: pa.array([each.text for each in after], pa.string())}
        if spans_of(self.field) in rows.schema.names:
            columns[spans_of(self.field)] = pa.array([list(each.spans) for each in after], SPANS)
        if self.keep:
            columns[self.keep] = pa.array(before.texts, pa.string())
        return pa.RecordBatch.from_pydict({**columns, REASON: pa.array([each.reason for each in after], pa.string())})

    def _rewritten(
        self, rows: pa.RecordBatch, before: Sequence[Marked | str], complaints: Sequence[Complaint | None]
    ) -> list[_Rewritten]:
        facts = self.facts.of_rows(rows)
        address, attempt = (np.asarray(rows.column(name)).tolist() for name in (ADDRESS, ATTEMPT))
        going = [(at, each) for at, each in enumerate(before) if isinstance(each, Marked)]
        said = ask(
            self.model,
            [self._request(facts[at], each, number(address[at], attempt[at]), complaints[at]) for at, each in going],
        )
        found = [_Rewritten(reason=each if isinstance(each, str) else "") for each in before]
        for (at, each), answer in zip(going, said, strict=True):
            found[at] = _read(answer, each)
        return found

    def _request(self, facts: Mapping[str, Any], before: Marked, attempt: int, complaint: Complaint | None) -> Request:
        marks = [
            {"mark": f"[{place}]", "slot": span["slot"], "value": span["value"]}
            for place, span in enumerate(before.spans, start=1)
        ]
        own = {"field": self.field, "text": before.text, "marks": marks, "tone": self.tone, "length": self.length}
        messages = self.prompt.messages({**facts, **own})
        if complaint is not None and self.mending is not None:
            messages = self.mending.told(messages, complaint, {**facts, **own})
        return Request(messages=messages, parameters=self.parameters, attempt=attempt)


@attrs.frozen(eq=False)
class _Texts:
    """The texts of some rows with their spans, and with marks in the place of these, or why they cannot have any."""

    texts: Sequence[str]
    spans: Sequence[Sequence[Span]]
    marked: Sequence[Marked | str]

    @classmethod
    def of(cls, rows: pa.RecordBatch, field: str, spans: str) -> _Texts:
        texts = decoded(rows.column(field)).to_pylist()
        known = rows.column(spans).to_pylist() if spans in rows.schema.names else [None] * rows.num_rows
        found = [own or [] for own in known]
        return cls(texts, found, [marked(text, own) for text, own in zip(texts, found, strict=True)])


@attrs.frozen
class _Rewritten:
    """A new text with its spans; one that is none has a reason."""

    text: str | None = None
    spans: Sequence[Span] = ()
    reason: str | None = None


def _read(said: Said, before: Marked) -> _Rewritten:
    if said.text is None:
        return _Rewritten(reason=said.reason)
    if said.text.split() == before.text.split():
        return _Rewritten(said.text, reason="paraphrase is unchanged")
    found = restored(said.text, before)
    if isinstance(found, Restored):
        return _Rewritten(found.text, found.spans)
    return _Rewritten(said.text, reason=f"paraphrase {found}")


NAMES = ("field", "text", "marks", "tone", "length")


def build(config: ParaphraseSettings, tools: Tools) -> ParaphraseWriter:
    """The generator.

    Raises:
        RecipeError: there is no such model, prompt or field, or the column to keep is taken.
    """
    field = tools.task.field_of(config.field)
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
        mending=mending_of(config, tools, NAMES),
    )
