"""The metric ``closeness``: in how many words do the rows of a family differ, and where?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FAMILY, spans_of
from fairloom.components import Measurement
from fairloom.editing import apply
from fairloom.edits import Edits, Ranges
from fairloom.families import Whole
from fairloom.wording import words_changed
from fairloom_counterfactual.pairs import Pairs

if TYPE_CHECKING:
    from fairloom.components import Tools

_MOST_SHOWN = 10


@attrs.frozen(kw_only=True)
class Closeness:
    """Settings of ``counterfactual.closeness``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; the task's first field when left out"}
    )


@attrs.define
class ClosenessMetric:
    """Compares words, pair by pair in Python: about 10 microseconds a pair of sentences."""

    field: str
    slots: tuple[str, ...]
    whole: Whole
    shares: list[float] = attrs.field(factory=list, init=False)
    edits: Counter[tuple[str, str]] = attrs.field(factory=Counter, init=False)
    changed: int = attrs.field(default=0, init=False)
    outside: int = attrs.field(default=0, init=False)
    spanned: bool = attrs.field(default=False, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Compare the next families."""
        for some in self.whole.cut(rows):
            self._compare(some)

    def _compare(self, rows: pa.RecordBatch) -> None:
        pairs = Pairs.of(rows)
        for before, after in _words(rows.column(self.field), pairs):
            distance = words_changed(before, after)
            self.changed += distance
            self.shares.append(distance / max(1, len(before), len(after)))
            if distance:
                self.edits[_edit(before, after)] += 1
        if spans_of(self.field) in rows.schema.names and self.slots:
            ranges = Ranges.of_spans(rows.column(spans_of(self.field)), self.slots)
            self.spanned |= ranges.row.size > 0
            rest = _without(rows.column(self.field), ranges)
            self.outside += sum(words_changed(before, after) for before, after in _words(rest, pairs))

    def result(self) -> Measurement:
        """The mean share of words changed (minimality): 0 is the same text, 1 another one.

        ``inside`` is the share of the changes that lie in spans of within-factors, ``distinct`` the number of
        different changes by that of pairs that differ, ``commonest`` the share of the most frequent one among these.
        """
        for some in self.whole.rest():
            self._compare(some)
        if not self.shares:
            return Measurement(value=None, why="no family has two rows; name a factor in design.within")
        n, top = len(self.shares), self.edits.most_common(_MOST_SHOWN)
        values = {
            "median": float(np.median(self.shares)),
            "p95": float(np.percentile(self.shares, 95)),
        }
        if self.edits:
            differ = self.edits.total()
            values |= {"distinct": len(self.edits) / differ, "commonest": top[0][1] / differ}
        if self.spanned and self.changed:
            values["inside"] = max(0.0, 1 - self.outside / self.changed)
        shown = [{"removed": removed, "added": added, "pairs": pairs} for (removed, added), pairs in top]
        return Measurement(value=float(np.mean(self.shares)), n=n, values=values, detail={"changes": shown})


def _words(column: Any, pairs: Pairs) -> Iterator[tuple[list[str], list[str]]]:
    words = pc.utf8_split_whitespace(pc.fill_null(column, "")).to_pylist()
    for first, other in zip(pairs.first.tolist(), pairs.other.tolist(), strict=True):
        yield _some(words[first]), _some(words[other])


def _some(words: list[str]) -> list[str]:
    return [word for word in words if word]


def _edit(before: list[str], after: list[str]) -> tuple[str, str]:
    """The words that only one side has, as they stand there: what was taken out, and what was put in."""
    here, there = Counter(before), Counter(after)
    return _in_order(before, here - there), _in_order(after, there - here)


def _in_order(words: list[str], wanted: Counter[str]) -> str:
    """So many of each word as are wanted, in the order of the text."""
    found: list[str] = []
    for word in words if wanted else ():
        if wanted[word]:
            wanted[word] -= 1
            found.append(word)
    return " ".join(found)


def _without(texts: pa.Array, ranges: Ranges) -> pa.Array:
    """The texts with these stretches taken out."""
    gone = Edits.of(ranges.row, ranges.start, ranges.end, [""] * ranges.row.size, "out")
    return apply(texts, None, gone).texts


def build(config: Closeness, tools: Tools) -> ClosenessMetric:
    """The metric, or ``RecipeError`` for an unknown field."""
    field = tools.task.field_of(config.field)
    slots = tuple(name for name, factor in tools.factors.items() if factor.within)
    return ClosenessMetric(field, slots, Whole((FAMILY, field, spans_of(field))))
