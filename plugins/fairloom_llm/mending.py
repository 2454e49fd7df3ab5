"""Telling a model once what was wrong with its answer (``repair = 1``): one way for all modes.

The model gets the question again, its answer, and the reason why that was rejected. What it then says is checked like
any answer, and never told back again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
import pyarrow as pa

from fairloom.batch import before_of
from fairloom.components import Tools
from fairloom.models import Message
from fairloom_llm.prompts import Prompt, read_prompt
from fairloom_llm.sandbox import safe
from fairloom_llm.settings import MendSettings


@attrs.frozen
class Complaint:
    """A rejected answer and the reason."""

    text: str
    reason: str


@attrs.frozen(eq=False)
class Mending:
    """How a model is told."""

    prompt: Prompt

    def told(self, messages: Sequence[Message], complaint: Complaint, values: Mapping[str, Any]) -> tuple[Message, ...]:
        """The conversation ``messages``, answered by the rejected text, and what was wrong with it."""
        (said,) = self.prompt.messages({**values, "reason": complaint.reason})
        return (*messages, Message("assistant", safe(complaint.text)), said)


def as_asked(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows to be mended with the columns that earlier steps wrote as the generator first got them."""
    names = [name for name in rows.schema.names if not name.startswith(before_of(""))]
    known = set(rows.schema.names)
    columns = [rows.column(before_of(name) if before_of(name) in known else name) for name in names]
    return pa.RecordBatch.from_arrays(columns, names=names)


def mending_of(config: MendSettings, tools: Tools, names: Iterable[str], default: str = "repair") -> Mending | None:
    """How the model is told, where the settings ask for it. ``names`` are what the mode tells its prompts."""
    if not config.repair:
        return None
    return Mending(read_prompt(None, default, tools, names=(*names, "reason")))
