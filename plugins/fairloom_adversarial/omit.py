"""The perturbation ``omit``: any word may be left out, whatever it is and wherever it stands.

It is for ``goal = "adversarial.reduction"``: unlike an edit that must leave a plausible text it takes punctuation along
and reaches across the borders of spans, which then go with their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, REASON, SPANS, spans_of
from fairloom.draws import Draws, Ints
from fairloom.editing import apply
from fairloom.edits import EDITS, Edits, LabelRule, edits_of

if TYPE_CHECKING:
    from fairloom.components import Tools

_WORD = re.compile(r"\S+")
ONE_WORD = "no word can be left out"


@attrs.frozen(kw_only=True)
class Omit:
    """Settings of ``adversarial.omit``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to edit in a step of its own; the task's first field when left out"}
    )


@attrs.frozen(eq=False)
class Omission:
    """Proposes to leave out every word of a text; a step of its own leaves out one."""

    field: str
    draws: Draws
    label: LabelRule = attrs.field(factory=LabelRule)

    def propose(self, rows: pa.RecordBatch, field: str, draws: Draws) -> Edits:
        """Every word with the blanks behind it, or every word with those before it, as the draw says.

        So the first word is left out by the one, the last word by the other, and no two edits overlap. A search that
        mixes the two may find the blanks on both sides of a word taken, and has to keep the word.
        """
        lines = list(_lines(rows.column(field), _drawn(rows, draws, 2)))
        row, start, end = (np.array([line[place] for line in lines], np.int64) for place in range(3))
        return Edits.of(row, start, end, [""] * row.size, "omit")

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The field without one word, drawn by address; a reason where there is one word or none."""
        edits = self._one_each(self.propose(rows, self.field, self.draws), rows)
        names = rows.schema.names
        spans, earlier = (
            rows.column(name) if name in names else None for name in (spans_of(self.field), edits_of(self.field))
        )
        made = apply(rows.column(self.field), spans, edits, earlier=earlier)
        reasons = np.full(rows.num_rows, ONE_WORD, dtype=object)
        reasons[edits.row] = None
        columns = {self.field: made.texts.cast(pa.string()), edits_of(self.field): made.column.cast(EDITS)}
        if made.spans is not None:
            columns[spans_of(self.field)] = made.spans.cast(SPANS)
        return pa.RecordBatch.from_pydict({**columns, REASON: pa.array(reasons, pa.string())})

    def _one_each(self, edits: Edits, rows: pa.RecordBatch) -> Edits:
        there, first, counts = np.unique(edits.row, return_index=True, return_counts=True)
        bounds = np.ones(rows.num_rows, np.int64)
        bounds[there] = counts
        return edits.take((first + _drawn(rows, self.draws, bounds, slot=1)[there]).astype(np.int64))


def _drawn(rows: pa.RecordBatch, draws: Draws, bound: int | Ints, slot: int = 0) -> Ints:
    address, attempt = (rows.column(name).to_numpy() for name in (ADDRESS, ATTEMPT))
    return draws.below(bound, address, attempt, slot)


def _lines(texts: pa.Array, before: Ints) -> Iterator[tuple[int, int, int]]:
    """Row, start and end of every word that can be left out with the blanks on the side that is drawn."""
    for row, text in enumerate(texts.to_pylist()):
        words = [match.span() for match in _WORD.finditer(text or "")]
        for (start, end), (next_start, next_end) in pairwise(words):
            yield (row, end, next_end) if before[row] else (row, start, next_start)


def build(config: Omit, tools: Tools) -> Omission:
    """The perturbation, or ``RecipeError`` for an unknown field."""
    return Omission(tools.task.field_of(config.field), tools.draws)
