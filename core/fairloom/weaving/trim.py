"""``on_shortfall = "trim"``: what a few cells lack is taken from the others, so that the balance declared holds.

Every cell keeps the same part of its quota, that of the cell that came out worst. Which families go is
decided one by one: of those whose levels are most above what their declared axes should keep, the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, FAMILY, REASON, STEP
from fairloom.design import Plan, PlanSummary
from fairloom.draws import Ints
from fairloom.factors import Axis, Factor

STEP_NAME = "trim"
REASON_TEXT = "taken out so that the balance holds"
_CHUNK = 1 << 20


@attrs.frozen(eq=False)
class Trim:
    """The families that go, and what that costs."""

    families: Ints
    report: dict[str, Any]


@attrs.frozen(eq=False)
class Layout:
    """The plan as far as trimming must know it: its cells, and the groups of axes declared independent."""

    plan: Plan
    summary: PlanSummary
    groups: Sequence[Sequence[str]]
    factors: Mapping[str, Factor]

    def codes(self) -> tuple[Ints, Ints]:
        """The cell of every family, and per family and group the number of its combination of levels.

        The cell itself is the first group. Numbers differ between groups.
        """
        parts = []
        for start in range(0, self.plan.families, _CHUNK):
            families = np.arange(start, min(start + _CHUNK, self.plan.families), dtype=np.int64)
            parts.append(self._codes(families))
        codes = np.concatenate(parts)
        return codes[:, 0], codes

    def _codes(self, families: Ints) -> Ints:
        zeros = np.zeros_like(families)
        levels = self.plan.levels(families, zeros, zeros)
        columns, offset = [self.plan.cells(families).astype(np.int64)], len(self.summary.cells)
        for group in self.groups:
            code = np.zeros_like(families)
            size = 1
            for axis in map(Axis.parse, group):
                mine, names = axis.codes(self.factors)
                # One more for a level that is not used (-1).
                code = code * (len(names) + 1) + np.append(mine, -1)[levels[axis.factor]] + 1
                size *= len(names) + 1
            columns.append(code + offset)
            offset += size
        return np.stack(columns, axis=1)


def trim(layout: Layout, short: Ints) -> Trim | None:
    """Which families go, given those that fell short; ``None`` where a cell reached nothing at all.

    A quota ``q`` becomes ``ceil(q * part)``, so quotas that differ by one still differ by one at most.
    """
    summary = layout.summary
    quotas = np.array([count for _, count in summary.cells], dtype=np.int64)
    lacking = np.bincount(layout.plan.cells(short), minlength=quotas.size)
    worst = min(np.flatnonzero(quotas).tolist(), key=lambda cell: Fraction(int(lacking[cell]), int(-quotas[cell])))
    part = Fraction(int(quotas[worst] - lacking[worst]), int(quotas[worst]))
    if not part:
        return None
    target = np.array([-(-int(quota) * part.numerator // part.denominator) for quota in quotas], dtype=np.int64)
    excess = quotas - lacking - target
    gone = _chosen(layout, excess, short, part)
    return Trim(
        gone,
        {
            "part": float(part),
            "families": int(gone.size),
            "rows": int(gone.size) * layout.plan.members,
            "cells": int((excess > 0).sum()),
            "worst_cell": dict(zip(summary.axes, summary.cells[worst][0], strict=True)),
        },
    )


def _chosen(layout: Layout, excess: Ints, short: Ints, part: Fraction) -> Ints:
    """So many families of each cell as it has too many, so that the other groups stay even."""
    cells, codes = layout.codes()
    alive = np.ones(cells.size, dtype=np.bool_)
    alive[short] = False
    size = int(codes.max()) + 1
    over = np.bincount(codes[alive].ravel(), minlength=size) - float(part) * np.bincount(codes.ravel(), minlength=size)
    living = np.flatnonzero(alive)
    living = living[np.argsort(cells[living], kind="stable")]
    ends = np.cumsum(np.bincount(cells[living], minlength=excess.size))
    gone = [np.zeros(0, dtype=np.int64)]
    for cell in np.flatnonzero(excess > 0).tolist():
        families = living[(ends[cell - 1] if cell else 0) : ends[cell]]
        gone.append(_of_cell(families, codes[families], int(excess[cell]), over))
    return np.sort(np.concatenate(gone))


def _of_cell(families: Ints, codes: Ints, many: int, over: Any) -> Ints:
    """``many`` families of one cell; ``over``, what each combination has above its target, is kept up to date."""
    combinations, which, left = np.unique(codes, axis=0, return_inverse=True, return_counts=True)
    which = which.ravel()
    taken = np.zeros(left.size, dtype=np.int64)
    for _ in range(many):
        pick = int(np.argmax(np.where(left > taken, over[combinations].sum(axis=1), -np.inf)))
        taken[pick] += 1
        over[combinations[pick]] -= 1
    order = np.lexsort((-families, which))
    place = np.arange(order.size) - np.searchsorted(which[order], which[order])
    found: Ints = families[order[place < taken[which[order]]]]
    return found


def dropped_rows(batches: Iterable[pa.RecordBatch], families: Ints, schema: pa.Schema) -> pa.Table:
    """The rows of these families as lines of the ledger, with step and reason."""
    lines = [schema.empty_table()]
    for rows in batches:
        gone = rows.filter(pa.array(np.isin(rows.column(FAMILY).to_numpy(), families)))
        lines.append(_lines(gone, schema))
    return pa.concat_tables(lines)


def _lines(rows: pa.RecordBatch, schema: pa.Schema) -> pa.Table:
    known = {
        ADDRESS: rows.column(ADDRESS),
        FAMILY: rows.column(FAMILY),
        ATTEMPT: rows.column(ATTEMPT),
        STEP: pa.array([STEP_NAME] * rows.num_rows, pa.string()),
        REASON: pa.array([REASON_TEXT] * rows.num_rows, pa.string()),
    }
    columns = [known.get(field.name, pa.nulls(rows.num_rows, field.type)).cast(field.type) for field in schema]
    return pa.table(columns, schema=schema)
