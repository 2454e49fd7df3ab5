"""The final rows beside reference rows: label shares and lengths, each with what chance alone would give.

A reference is described, never judged: bounds are for gates. Both figures are distances of two samples, so
neither is 0 where both come from one distribution; the anchor says what to expect then, and where even
that is above ``RESOLUTION`` there are too few rows to tell.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom import contingency
from fairloom.batch import LABEL, decoded
from fairloom.draws import Ints
from fairloom.utf8 import words
from fairloom.weaving.loom import Loom
from fairloom.weaving.workshop import Opener

RESOLUTION = 0.1
"""A distance that chance alone may be expected to exceed says nothing: the verdict is ``undecided``."""
UNLIKELY = 0.01
MOST_BINS = 40
LONGEST = 2000
"""Texts with more words than this are counted as this long."""


@attrs.define(eq=False)
class _Counts:
    """Rows, labels and lengths of one side; ``None`` where the column is not there."""

    rows: int = 0
    labels: Counter[str] | None = None
    lengths: Ints | None = None
    words: int = 0

    def take(self, rows: pa.RecordBatch | pa.Table, field: str) -> None:
        """Count the next rows."""
        self.rows += rows.num_rows
        names = rows.schema.names
        if LABEL in names:
            found = pc.value_counts(_whole(rows.column(LABEL)).cast(pa.string()).drop_null()).to_pylist()
            self.labels = self.labels or Counter()
            self.labels.update({entry["values"]: entry["counts"] for entry in found})
        if field in names:
            column = _whole(rows.column(field)).drop_null()
            counted = words(column)
            table = np.bincount(np.minimum(counted, LONGEST), minlength=LONGEST + 1)
            self.lengths = table if self.lengths is None else self.lengths + table
            self.words += int(counted.sum())


def _whole(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """A column as one array without dictionary."""
    return decoded(column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column)


@attrs.define(eq=False)
class Comparison:
    """Counts the final rows once and sets them beside every reference of the recipe."""

    field: str
    labels: tuple[str, ...]
    references: Mapping[str, Opener]
    ours: _Counts = attrs.field(factory=_Counts)

    @classmethod
    def of(cls, loom: Loom) -> Comparison:
        """The comparison that a recipe's references ask for; without any it counts nothing."""
        task = loom.recipe.task
        return cls(task.fields[0], tuple(task.labels), loom.references)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Take in the next rows."""
        if self.references:
            self.ours.take(rows, self.field)

    def result(self) -> dict[str, Any]:
        """``{reference: {"n", "n_reference", "labels", "lengths"}}`` as plain data."""
        return {name: self._beside(name, opened()) for name, opened in self.references.items()}

    def _beside(self, name: str, rows: pa.Table) -> dict[str, Any]:
        theirs = _Counts()
        theirs.take(rows, self.field)
        return {
            "n": self.ours.rows,
            "n_reference": theirs.rows,
            "labels": _missing(LABEL, self.ours.labels, theirs.labels, name)
            or shares(self.ours.labels or Counter(), theirs.labels or Counter(), self.labels),
            "lengths": _missing(self.field, self.ours.words, theirs.words, name)
            or {"field": self.field, "unit": "words", **_lengths(self.ours, theirs)},
        }


def _missing(column: str, ours: Any, theirs: Any, name: str) -> dict[str, str] | None:
    if ours and theirs:
        return None
    where = f"the reference {name!r} has" if ours else "the rows have"
    return {"why": f"{where} nothing in a column {column!r}"}


def shares(ours: Counter[str], theirs: Counter[str], order: Sequence[str] = ()) -> dict[str, Any]:
    """Label counts of both sides and their total variation distance, 0 (same shares) to 1 (nothing in common)."""
    rest = [label for label, _ in sorted((ours | theirs).items(), key=lambda item: (-item[1], item[0]))]
    labels = [label for label in dict.fromkeys((*order, *rest)) if ours[label] or theirs[label]]
    p, q = ([counts[label] for label in labels] for counts in (ours, theirs))
    chance = expected_variation(p, q)
    return {
        "counts": [{"label": label, "n": a, "n_reference": b} for label, a, b in zip(labels, p, q, strict=True)],
        "distance": contingency.total_variation(p, q),
        "expected": chance,
        "verdict": _verdict(contingency.g_test([p, q]).p < UNLIKELY, chance),
    }


def expected_variation(p: Sequence[int], q: Sequence[int]) -> float:
    """The mean total variation distance of two samples of one distribution, their pooled one.

    Each difference of shares is about normal with variance ``s (1 - s) (1/n + 1/m)``, and the mean
    size of a normal deviate is ``sqrt(2 / pi)`` standard deviations.
    """
    pooled = (np.asarray(p) + np.asarray(q)) / (sum(p) + sum(q))
    deviations = np.sqrt(pooled * (1 - pooled) * (1 / sum(p) + 1 / sum(q)))
    return float(deviations.sum() * math.sqrt(2 / math.pi) / 2)


def _lengths(ours: _Counts, theirs: _Counts) -> dict[str, Any]:
    p, q = (np.asarray(side.lengths) for side in (ours, theirs))
    n, m = int(p.sum()), int(q.sum())
    # Kolmogorov's distribution: mean sqrt(pi / 2) ln 2, and 1.3581 is exceeded once in twenty (Smirnov 1948).
    # For whole numbers of words both are somewhat too large.
    scale = math.sqrt(1 / n + 1 / m)
    chance = math.sqrt(math.pi / 2) * math.log(2) * scale
    distance = float(np.abs(np.cumsum(p) / n - np.cumsum(q) / m).max())
    low, width, bins = _bins(p, q)
    return {
        "mean": ours.words / n,
        "mean_reference": theirs.words / m,
        "median": _median(p),
        "median_reference": _median(q),
        "distance": distance,
        "expected": chance,
        "chance_95": 1.3581 * scale,
        "verdict": _verdict(distance > 1.3581 * scale, chance),
        "low": low,
        "width": width,
        "counts": bins[0],
        "counts_reference": bins[1],
    }


def _bins(p: Ints, q: Ints) -> tuple[int, int, list[list[int]]]:
    """Both histograms in the same bins, from ``low`` in steps of ``width``; the last bin is open."""
    low = int(np.flatnonzero(p + q)[0])
    high = max(int(np.searchsorted(np.cumsum(side), 0.995 * side.sum())) for side in (p, q))
    width = -(-(high - low + 1) // MOST_BINS)
    count = -(-(high - low + 1) // width)
    place = np.minimum((np.arange(len(p)) - low).clip(0) // width, count - 1)
    return low, width, [np.bincount(place, weights=side, minlength=count).astype(int).tolist() for side in (p, q)]


def _median(counts: Ints) -> int:
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))


def _verdict(differs: Any, chance: float) -> str:
    if chance > RESOLUTION:
        return "undecided"
    return "different" if differs else "no difference found"
