"""The metric ``gap``: are all combinations equally frequent?"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import attrs

from fairloom.components import Measurement
from fairloom.factors import Axis
from fairloom.problems import RecipeError
from fairloom_balance.tally import Tally, declared

if TYPE_CHECKING:
    import pyarrow as pa

    from fairloom.components import Tools

_SHOWN = 200
"""Combinations listed in full; of more, the smallest and largest."""


@attrs.frozen(kw_only=True)
class Gap:
    """Settings of ``balance.gap``."""

    over: tuple[str, ...] = attrs.field(
        metadata={"help": 'the columns to cross, such as ["label", "person.gender"]; one alone is allowed'}
    )


@attrs.define
class GapMetric:
    """Counts combinations; ``levels`` are those the recipe declares, so that one that never occurs counts as 0."""

    tally: Tally
    levels: tuple[tuple[str, ...], ...]

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        self.tally.observe(rows)

    def result(self) -> Measurement:
        """The largest count less the smallest, over every combination of declared and seen levels."""
        if self.tally.why or not self.tally.n:
            return Measurement(value=None, why=self.tally.why or f"no row has {_and(self.tally.axes)}")
        combinations = math.prod(
            len({*names, *seen}) for names, seen in zip(self.levels, self.tally.seen(), strict=True)
        )
        empty = combinations - len(self.tally.counts)
        largest = max(self.tally.counts.values())
        smallest = 0 if empty else min(self.tally.counts.values())
        return Measurement(
            value=float(largest - smallest),
            n=self.tally.n,
            values={
                "max": float(largest),
                "min": float(smallest),
                "combinations": float(combinations),
                "empty": float(empty),
                "left_out": float(self.tally.left_out),
            },
            detail={"over": list(self.tally.axes), "counts": self._counts()},
        )

    def _counts(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = [
            {"levels": list(place), "n": count} for place, count in self.tally.named().items()
        ]
        if len(rows) <= _SHOWN:
            return rows
        ordered = sorted(rows, key=lambda row: row["n"])
        return ordered[: _SHOWN // 2] + ordered[-_SHOWN // 2 :]


def build(config: Gap, tools: Tools) -> GapMetric:
    """The metric, or ``RecipeError`` for no axis, one axis twice, or an unknown attribute."""
    if not config.over:
        raise RecipeError.of("over names no column", "over", suggestion='write, say, over = ["label"]')
    if len(set(config.over)) < len(config.over):
        raise RecipeError.of(f"over names a column twice: {', '.join(config.over)}", "over")
    for place, axis in enumerate(config.over):
        Axis.parse(axis).check(tools.factors, "over", place)
    return GapMetric(Tally(config.over), tuple(declared(axis, tools.factors) for axis in config.over))


def _and(axes: tuple[str, ...]) -> str:
    return " and ".join(map(repr, axes))
