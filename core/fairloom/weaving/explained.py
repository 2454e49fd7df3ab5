"""The difference between plan and final rows, explained by the ledger, group by group.

Two accounts are kept of every level of a declared axis and of every cell, in rows:

    planned + redrawn - given_up - trimmed = final
    made - rejected (over all steps) - with_mates - trimmed = final

``redrawn`` is what further attempts moved between levels that a later attempt may draw anew; ``given_up`` counts rows
by the level they were planned with, everything else by the level they had. ``made`` are all candidates, so
``made / final`` is what a row of the group cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ATTEMPT, FAMILY, MEMBER, REASON, STEP
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.weaving import trim
from fairloom.weaving.counted import declared_axes
from fairloom.weaving.loom import Loom
from fairloom.weaving.weave import BATCH_ROWS, MATE

SHOWN = 200
"""Levels of an axis, and cells, explained one by one; of more, those that kept the smallest share of what was made."""
REJECTED, MATES, TRIMMED = "rejected", "with_mates", "trimmed"
FINAL, REFILLED, GIVEN_UP, REDRAWN = "final", "refilled", "given_up", "redrawn"


@attrs.define(eq=False)
class Explained:
    """Counts rows by group and by what became of them.

    A *group* is all rows (number 0), a level of an axis or a cell, numbered through in this order. How many cells
    there are is only asked when there is something to explain.
    """

    loom: Loom
    axes: tuple[str, ...]
    starts: Mapping[str, int]
    first_cell: int
    counts: dict[tuple[str, str], Ints] = attrs.field(factory=dict)

    @classmethod
    def of(cls, loom: Loom) -> Explained:
        """Nothing counted yet."""
        starts, size = dict[str, int](), 1
        axes = declared_axes(loom.recipe.design, loom.factors)
        for axis in axes:
            starts[axis] = size
            size += len(Axis.parse(axis).codes(loom.factors)[1])
        return cls(loom, axes, starts, size)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Take in final rows."""
        self._add(FINAL, rows)
        again = _again(rows)
        self._add(REFILLED, again)
        self._moved(again)

    def reject(self, ledger: pa.Table) -> None:
        """Take in a part of the ledger."""
        for rows in ledger.to_batches():
            reasons = rows.column(REASON)
            trimmed = pc.and_(pc.equal(rows.column(STEP), trim.STEP_NAME), pc.equal(reasons, trim.REASON_TEXT))
            mates = pc.equal(reasons, MATE)
            self._add(TRIMMED, rows.filter(trimmed))
            self._moved(_again(rows.filter(trimmed)))
            self._add(MATES, rows.filter(mates))
            others = rows.filter(pc.invert(pc.or_(trimmed, mates)))
            for step in pc.unique(others.column(STEP)).to_pylist():
                self._add(REJECTED, others.filter(pc.equal(others.column(STEP), step)), step)

    def give_up(self, families: Ints) -> None:
        """Take in the families that were given up."""
        for planned in self._planned(families):
            self._add(GIVEN_UP, planned)

    def _moved(self, again: pa.RecordBatch) -> None:
        """What these rows of a later attempt took away from the levels they were planned with.

        A batch may end within a family; the batch with its first member stands for all of it.
        """
        self._add(REDRAWN, again)
        first = again.column(MEMBER).to_numpy() == 0
        for planned in self._planned(again.column(FAMILY).to_numpy()[first]):
            self._add(REDRAWN, planned, times=-1)

    def _planned(self, families: Ints) -> Iterator[pa.RecordBatch]:
        size = max(1, BATCH_ROWS // self.loom.plan.members)
        for start in range(0, len(families), size):
            some = families[start : start + size]
            yield self.loom.briefs.make(some, np.zeros_like(some))

    def _add(self, what: str, rows: pa.RecordBatch, step: str = "", times: int = 1) -> None:
        if not rows.num_rows:
            return
        cells = np.bincount(self.loom.plan.cells(rows.column(FAMILY).to_numpy()))
        found = np.concatenate([np.zeros(self.first_cell, dtype=np.int64), cells])
        found[0] = rows.num_rows
        for axis, start in self.starts.items():
            counted = np.bincount(rows.column(axis).indices.drop_null().to_numpy(zero_copy_only=False))
            found[start : start + counted.size] = counted
        before = self.counts.get((what, step), found[:0])
        size = max(before.size, found.size)
        self.counts[what, step] = _long(before, size) + times * _long(found, size)

    def result(self) -> dict[str, Any]:
        """The accounts as plain data; those of cells only where some candidate did not stay."""
        quiet = not {REJECTED, MATES, TRIMMED, GIVEN_UP} & {what for what, _ in self.counts}
        size = max([self.first_cell, *(counts.size for counts in self.counts.values())])
        line = self._line(size if quiet else max(size, self.first_cell + len(self.loom.summary.cells)))
        axes = [
            {
                "axis": axis,
                "count": len(names),
                "levels": [{"level": names[place], **account} for place, account in line.shown(start, len(names))],
            }
            for axis, start, names in self._levels()
        ]
        return {"total": line.account(0), "axes": axes, "cells": [] if quiet else self._cells(line)}

    def _cells(self, line: _Accounts) -> list[dict[str, Any]]:
        summary = self.loom.summary
        if not summary.axes:
            return []
        return [
            {"cell": dict(zip(summary.axes, summary.cells[place][0], strict=True)), **account}
            for place, account in line.shown(self.first_cell, len(summary.cells))
        ]

    def _levels(self) -> list[tuple[str, int, tuple[str, ...]]]:
        return [(axis, self.starts[axis], Axis.parse(axis).codes(self.loom.factors)[1]) for axis in self.axes]

    def _line(self, size: int) -> _Accounts:
        """The accounts of all groups."""
        steps = {step: counts for (what, step), counts in self.counts.items() if what == REJECTED}
        rejected = {step.name: _long(steps[step.name], size) for step in self.loom.steps if step.name in steps}
        names = (REDRAWN, GIVEN_UP, TRIMMED, FINAL, REFILLED, MATES)
        of = {name: _long(self.counts.get((name, ""), np.zeros(0, dtype=np.int64)), size) for name in names}
        made = of[FINAL] + of[TRIMMED] + of[MATES] + sum(rejected.values())
        # The plan is what stayed, went or was given up, each in the place it was planned for.
        planned = of[FINAL] + of[TRIMMED] + of[GIVEN_UP] - of[REDRAWN]
        return _Accounts({"planned": planned, **of, "made": made}, rejected)


@attrs.frozen(eq=False)
class _Accounts:
    """Every figure of every group."""

    figures: Mapping[str, Ints]
    rejected: Mapping[str, Ints]

    def account(self, group: int) -> dict[str, Any]:
        """The figures of one group."""
        found = {name: int(counts[group]) for name, counts in self.figures.items()}
        rejected = {step: int(counts[group]) for step, counts in self.rejected.items()}
        per_row = found["made"] / found[FINAL] if found[FINAL] else None
        return {**found, REJECTED: rejected, "per_row": per_row}

    def shown(self, start: int, size: int) -> list[tuple[int, dict[str, Any]]]:
        """Place and account of all groups of an axis, or of many those of which the smallest share stayed."""
        places = list(range(size))
        if size > SHOWN:
            final, made = (self.figures[name][start : start + size] for name in (FINAL, "made"))
            kept = np.divide(final, made, out=np.ones(size), where=made > 0)
            places = sorted(np.argsort(kept, kind="stable")[:SHOWN].tolist())
        return [(place, self.account(start + place)) for place in places]


def _long(counts: Ints, size: int) -> Ints:
    """The counts with zeros behind them."""
    return np.concatenate([counts, np.zeros(size - counts.size, dtype=np.int64)])


def _again(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The rows of a later attempt."""
    return rows.filter(pa.array(rows.column(ATTEMPT).to_numpy() > 0))
