"""The filter audit: selection rates of every step per label and protected group, always."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairloom import contingency
from fairloom.answers import Step
from fairloom.factors import Axis, Factor
from fairloom.tally import StepTally


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


def shortfall(short: Sequence[tuple[int, int]], loom: Any) -> list[dict[str, Any]]:
    """The families that were given up, by cell."""
    if not short:
        return []
    import numpy as np  # noqa: PLC0415 - only needed when something fell short

    families = np.array([family for family, _ in short], np.int64)
    cells, counts = np.unique(loom.plan.cells(families), return_counts=True)
    axes = loom.summary.axes
    return [
        {
            "cell": dict(zip(axes, loom.summary.cells[cell][0], strict=True)),
            "families": int(count),
            "missing": int(count) * loom.plan.members,
            "asked": loom.summary.cells[cell][1],
        }
        for cell, count in zip(cells.tolist(), counts.tolist(), strict=True)
    ]
