"""``lint.share``: does one level, say one template, make up most of the rows?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Measurement, Tools
from fairloom.factors import Axis, Factor
from fairloom_lint.axes import levels_of

_SHOWN = 20


@attrs.frozen(kw_only=True)
class ShareConfig:
    """Settings of ``lint.share``."""

    axis: str = attrs.field(metadata={"help": "factor or attribute to count: `template`, `person.origin`"})


@attrs.define
class Share:
    """The largest share of rows that one level has, between 0 and 1.

    Rows that do not use the factor count in the denominator and never as a level. ``values`` has
    ``levels``, how many occur; ``detail`` the most frequent ones with their counts.
    """

    axis: Axis
    factors: Mapping[str, Factor]
    rows: int = 0
    counts: Counter[str] = attrs.field(factory=Counter)
    missing: bool = False

    @classmethod
    def build(cls, config: ShareConfig, tools: Tools) -> Share:
        """The metric for the axis named."""
        return cls(Axis.parse(config.axis), tools.factors)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the levels."""
        levels = levels_of(rows, self.axis, self.factors)
        if levels is None:
            self.missing = True
            return
        self.rows += rows.num_rows
        for count in pc.value_counts(levels.drop_null()).to_pylist():
            self.counts[count["values"]] += count["counts"]

    def result(self) -> Measurement:
        """The largest share."""
        if self.missing:
            return Measurement(value=None, why=f"the rows have no column for the axis {self.axis}")
        if not self.rows:
            return Measurement(value=None, why="there are no rows")
        common = sorted(self.counts.items(), key=lambda level: (-level[1], level[0]))
        largest = common[0][1] if common else 0
        return Measurement(
            value=largest / self.rows,
            n=self.rows,
            values={"levels": float(len(common))},
            detail=dict(common[:_SHOWN]),
        )
