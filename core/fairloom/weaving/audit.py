"""The filter audit: selection rates of every step per label and protected group, always; and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom import contingency
from fairloom.batch import CELL, FAMILY, REASON, STEP
from fairloom.draws import Ints
from fairloom.factors import Axis, Factor
from fairloom.weaving.answers import Step
from fairloom.weaving.tally import StepTally


def audit(steps: Sequence[Step], tallies: Sequence[StepTally], factors: Mapping[str, Factor]) -> list[dict[str, Any]]:
    """One entry per step and axis: seen, rejected and selection rate per group, min/max ratio, p.

    The ratio is that of the four-fifths rule (EEOC Uniform Guidelines 1978, section 4D); the p is of a
    G-test of kept/rejected against group.
    """
    return [
        _entry(step, axis, group, Axis.parse(axis).codes(factors)[1])
        for step, tally in zip(steps, tallies, strict=True)
        for axis, group in tally.groups.items()
    ]


def _entry(step: Step, axis: str, group: Mapping[str, Sequence[int]], names: Sequence[str]) -> dict[str, Any]:
    seen, rejected = group["seen"], group["rejected"]
    kept = [s - r for s, r in zip(seen, rejected, strict=True)]
    return {
        "step": step.name,
        "use": step.use,
        "axis": axis,
        "groups": [
            {"name": name, "seen": s, "rejected": r, "rate": (s - r) / s if s else None}
            for name, s, r in zip(names, seen, rejected, strict=True)
        ],
        "ratio": contingency.four_fifths(contingency.selection_rates(kept, seen)),
        "p": contingency.selection_test(kept, seen).p,
    }


@attrs.define(eq=False)
class Shortfall:
    """The families that were given up, and why their candidates were rejected."""

    families: Ints
    reasons: dict[int, dict[str, int]] = attrs.field(factory=dict)

    @classmethod
    def of(cls, short: Sequence[tuple[int, int]]) -> Shortfall:
        """From pairs of family and attempt."""
        return cls(np.unique(np.array([family for family, _ in short], np.int64)))

    def observe(self, rejected: pa.Table) -> None:
        """Take in a part of the ledger."""
        if not self.families.size:
            return
        mine = rejected.filter(pa.array(np.isin(rejected.column(FAMILY).to_numpy(), self.families)))
        for entry in mine.group_by([CELL, STEP, REASON]).aggregate([([], "count_all")]).to_pylist():
            told = self.reasons.setdefault(entry[CELL], {})
            said = f"{entry[STEP]}: {entry[REASON]}"
            told[said] = told.get(said, 0) + entry["count_all"]

    def result(self, loom: Any) -> list[dict[str, Any]]:
        """One entry per cell with missing rows."""
        if not self.families.size:
            return []
        cells, counts = np.unique(loom.plan.cells(self.families), return_counts=True)
        axes = loom.summary.axes
        return [
            {
                "cell": dict(zip(axes, loom.summary.cells[cell][0], strict=True)),
                "families": count,
                "missing": count * loom.plan.members,
                "asked": loom.summary.cells[cell][1] * loom.plan.members,
                "reasons": dict(sorted(self.reasons.get(cell, {}).items(), key=lambda item: (-item[1], item[0]))),
            }
            for cell, count in zip(cells.tolist(), counts.tolist(), strict=True)
        ]
