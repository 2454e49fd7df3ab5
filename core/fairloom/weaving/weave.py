"""Weaving one part: briefs through generators and row filters, refilled in place.

A rejected row takes its whole family with it; the family is tried again in its own cell with the next
attempt until it passes or the attempts are used up. Nothing here depends on which families share a
part, so the size of parts and the number of workers cannot change a row.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ADDRESS, FAMILY, FINAL, REASON, STEP, with_columns
from fairloom.draws import Ints
from fairloom.weaving.answers import Step, answered, check_choice, check_fields
from fairloom.weaving.briefs import Briefs
from fairloom.weaving.tally import Mask, StepTally

BATCH_ROWS = 65_536
"""Arrow's string arrays overflow at 2 GiB; batches stay far below."""
MATE = "family member rejected"


@attrs.define(eq=False)
class Woven:
    """What a part came to: accepted and rejected rows, counts, and the families given up or unwritable."""

    accepted: list[pa.RecordBatch]
    rejected: list[pa.RecordBatch]
    tallies: list[StepTally]
    short: list[tuple[int, int]] = attrs.field(factory=list)
    unwritable: list[int] = attrs.field(factory=list)

    def rows(self) -> pa.Table | None:
        """The accepted rows in order of address."""
        return in_order(self.accepted)


def in_order(batches: Sequence[pa.RecordBatch]) -> pa.Table | None:
    """The batches as one table sorted by address; ``None`` when there is no batch."""
    if not batches:
        return None
    table = pa.Table.from_batches(batches)
    if len(batches) == 1:
        return table
    return table.take(pc.sort_indices(table, sort_keys=[(ADDRESS, "ascending")]))


@attrs.frozen(eq=False)
class Weaver:
    """Weaves any families of a plan.

    ``axes`` are the columns the filter audit counts by, ``fields`` the texts that the generators owe, and
    with ``choice`` also options and an answer. ``exhaustive``: the plan holds every combination once, so one
    that can never be written is an exclusion.
    """

    briefs: Briefs
    steps: tuple[Step, ...]
    attempts: int
    axes: tuple[str, ...]
    fields: tuple[str, ...] = ()
    choice: bool = False
    exhaustive: bool = False

    def weave(self, families: Ints, attempts: Ints) -> Woven:
        """Weave ``families``, each starting at its entry of ``attempts``."""
        woven = Woven([], [], [StepTally() for _ in self.steps])
        per_batch = max(1, BATCH_ROWS // self.briefs.plan.members)
        for start in range(0, len(families), per_batch):
            self._until_done(families[start : start + per_batch], attempts[start : start + per_batch], woven)
        return woven

    def _until_done(self, families: Ints, attempts: Ints, woven: Woven) -> None:
        while families.size:
            lost = np.setdiff1d(self._try(families, attempts, woven), woven.unwritable)
            again = np.isin(families, lost) if lost.size else np.zeros(len(families), bool)
            families, attempts = families[again], attempts[again] + 1
            spent = attempts >= self.attempts
            woven.short += zip(families[spent].tolist(), attempts[spent].tolist(), strict=True)
            families, attempts = families[~spent], attempts[~spent]

    def _try(self, families: Ints, attempts: Ints, woven: Woven) -> Ints:
        """One attempt at each family; returns the families that lost a row."""
        rows = self.briefs.make(families, attempts)
        gone: list[Ints] = []
        planned = frozenset(rows.schema.names)
        last = max((place for place, step in enumerate(self.steps) if step.kind == "generate"), default=-1)
        for place, (step, tally) in enumerate(zip(self.steps, woven.tallies, strict=True)):
            if not rows.num_rows:
                break
            rows, reasons = answered(step, rows, planned, self.fields)
            if place == last:
                check_fields(step, rows, self.fields)
                if self.choice:
                    check_choice(step, rows.filter(pc.is_null(reasons)))
            rows = self._without_final(rows, woven)
            out = pc.is_valid(reasons).to_numpy(zero_copy_only=False)
            lost = _families(rows)[out]
            doomed = np.isin(_families(rows), lost) if lost.size else out
            tally.take(rows, reasons, int(doomed.sum() - out.sum()), self.axes)
            if lost.size:
                woven.rejected.append(marked(rows, doomed, step.name, reasons))
                rows = rows.filter(pa.array(~doomed))
                gone.append(lost)
        if rows.num_rows:
            woven.accepted.append(rows)
        return np.concatenate(gone) if gone else np.empty(0, np.int64)

    def _without_final(self, rows: pa.RecordBatch, woven: Woven) -> pa.RecordBatch:
        """The rows without the mark of those that can never be written; noted where that is an exclusion."""
        if FINAL not in rows.schema.names:
            return rows
        if self.exhaustive:
            final = pc.fill_null(rows.column(FINAL), fill_value=False).to_numpy(zero_copy_only=False)
            woven.unwritable += np.unique(_families(rows)[final]).tolist()
        return rows.drop_columns([FINAL])


def _families(rows: pa.RecordBatch) -> Ints:
    families: Ints = rows.column(FAMILY).to_numpy()
    return families


def marked(rows: pa.RecordBatch, doomed: Mask, step: str, reasons: pa.Array) -> pa.RecordBatch:
    """The doomed rows with the columns ``step`` and ``reason``."""
    said = pc.fill_null(reasons, MATE).filter(pa.array(doomed))
    lost = rows.filter(pa.array(doomed))
    extra = pa.RecordBatch.from_arrays([pa.array([step] * lost.num_rows, pa.string()), said], names=[STEP, REASON])
    return with_columns(lost, extra)
