"""The levels of an axis, and which level each row has.

A value that stands in too few rows is not written: such values together are the level ``(other)``. Rows without a value
have the level ``(missing)``, so that every table counts every row.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.bins import placed, quantile_edges
from fairloom.contingency import Floats
from fairloom.draws import Ints
from fairloom.profiling.columns import numbers, texts
from fairloom.profiling.survey import Column

OTHER, MISSING = "(other)", "(missing)"


class Levels(Protocol):
    """The levels of an axis in order, and how to find them."""

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each level."""

    def codes(self, column: Any) -> Ints:
        """The level of each row."""

    def facts(self) -> dict[str, Any]:
        """What a profile says of the axis beside levels and counts."""


@attrs.frozen
class Named:
    """Values that stand for themselves, ``(other)`` and ``(missing)`` last where there are such rows."""

    kept: tuple[str, ...]
    merged: int
    merged_rows: int
    missing: bool

    @classmethod
    def of(cls, column: Column, min_count: int) -> Named:
        """The levels of a surveyed column: numbers in their order, words the most frequent first."""
        counts = column.levels or Counter()
        rare = {name: count for name, count in counts.items() if count < min_count}
        kept = sorted(set(counts) - set(rare), key=lambda name: (-counts[name], name))
        if column.numeric:
            kept.sort(key=lambda name: (float(name), name))
        plain = tuple(name for name in kept if name not in {OTHER, MISSING})
        return cls(plain, len(rare), sum(rare.values()), bool(column.null + column.blank))

    @property
    def names(self) -> tuple[str, ...]:
        """Every level."""
        return (*self.kept, *([OTHER] if self.merged else []), *([MISSING] if self.missing else []))

    def codes(self, column: Any) -> Ints:
        """The level of each row."""
        values = texts(column)
        found = pc.index_in(values, value_set=pa.array(self.kept, pa.string()))
        lost = pc.if_else(pc.is_null(values), len(self.names) - 1, len(self.kept))
        codes: Ints = pc.coalesce(found, lost.cast(pa.int32())).to_numpy(zero_copy_only=False).astype(np.int64)
        return codes

    def facts(self) -> dict[str, Any]:
        """How many values are in ``(other)``."""
        return {"merged": {"levels": self.merged, "rows": self.merged_rows}} if self.merged else {}


@attrs.frozen(eq=False)
class Binned:
    """Numbers cut at quantiles.

    ``low`` and ``high`` are reached by ``min_count`` rows; what lies beyond is in the outer bins, so that no single
    row decides a bound.
    """

    edges: Floats
    low: float
    high: float
    missing: bool

    @classmethod
    def of(cls, values: npt.ArrayLike, bins: int, min_count: int, *, missing: bool = False) -> Binned:
        """Bins for the numbers, as equally filled as repeated values allow."""
        found = np.sort(np.asarray(values, dtype=np.float64))
        least = min(min_count, found.size) - 1
        low, high = float(found[least]), float(found[-1 - least])
        edges = quantile_edges(found, bins)
        return cls(edges[(edges >= low) & (edges < high)], low, high, missing)

    @property
    def names(self) -> tuple[str, ...]:
        """``5-8`` for whole numbers from 5 to 8, ``over 1.5 to 2`` for others."""
        return (*(_said(*bounds) for bounds in self._bounds()), *([MISSING] if self.missing else []))

    def codes(self, column: Any) -> Ints:
        """The bin of each row."""
        return self.place(numbers(texts(column)))

    def place(self, values: npt.ArrayLike) -> Ints:
        """The bin of each number; the last level for what is not a number."""
        found = np.asarray(values, dtype=np.float64)
        return np.where(np.isnan(found), len(self.names) - 1, placed(found, self.edges))

    def facts(self) -> dict[str, Any]:
        """The bounds of every bin, both inclusive for whole numbers and the lower one exclusive for others."""
        values = [{"name": _said(*bounds), "min": bounds[0], "max": bounds[1]} for bounds in self._bounds()]
        return {"values": values, "edges": self.edges.tolist()}

    def _bounds(self) -> list[tuple[float, float]]:
        lows = [self.low, *self.edges.tolist()]
        highs = [*self.edges.tolist(), self.high]
        if not all(bound.is_integer() for bound in (*lows, *highs)):
            return list(zip(lows, highs, strict=True))
        first = [int(lows[0]), *(int(low) + 1 for low in lows[1:])]
        return list(zip(first, map(int, highs), strict=True))


def _said(low: float, high: float) -> str:
    if isinstance(low, int):
        return f"{low}-{int(high)}" if low >= 0 and low < high else f"{low}" if low == high else f"{low} to {int(high)}"
    return f"over {low:.12g} to {high:.12g}"
