"""Weaving one part: briefs through generators and row filters, refilled in place.

A rejected row takes its whole family with it; the family is tried again in its own cell with the next
attempt until it passes or the attempts are used up. Where the last generator can mend, it first gets the rows that
filters or it itself rejected back, once per attempt, with the reasons. Nothing here depends on which families share a
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
from fairloom.task import TaskKind
from fairloom.weaving.answers import Step, Stood, answered, check_chat, check_choice, check_fields, mended
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
    the ``kind`` of the task may ask for more. ``exhaustive``: the plan holds every combination once, so one
    that can never be written is an exclusion.
    """

    briefs: Briefs
    steps: tuple[Step, ...]
    attempts: int
    axes: tuple[str, ...]
    fields: tuple[str, ...] = ()
    kind: TaskKind = "classification"
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
        planned = frozenset(rows.schema.names)
        trial = _Trial()
        for place, step in enumerate(self.steps):
            if not rows.num_rows:
                break
            before = rows
            rows, reasons = answered(step, rows, planned, self.fields)
            rows = self._without_final(rows, woven)
            if place == self._last:
                self._check(step, rows.filter(pc.is_null(reasons)))
                trial.stood = Stood(before, rows)
            rows = self._judged(place, rows, reasons, trial, woven)
        if rows.num_rows:
            woven.accepted.append(rows)
        return self._mended(trial, planned, woven)

    def _check(self, step: Step, rows: pa.RecordBatch) -> None:
        """The last generator has written what the task asks for."""
        check_fields(step, rows, self.fields)
        if self.kind == "choice":
            check_choice(step, rows)
        elif self.kind == "chat":
            check_chat(step, rows)

    def _without_final(self, rows: pa.RecordBatch, woven: Woven) -> pa.RecordBatch:
        """The rows without the mark of those that can never be written; noted where that is an exclusion."""
        if FINAL not in rows.schema.names:
            return rows
        if self.exhaustive:
            final = pc.fill_null(rows.column(FINAL), fill_value=False).to_numpy(zero_copy_only=False)
            woven.unwritable += np.unique(_families(rows)[final]).tolist()
        return rows.drop_columns([FINAL])

    def _judged(
        self, place: int, rows: pa.RecordBatch, reasons: pa.Array, trial: _Trial, woven: Woven
    ) -> pa.RecordBatch:
        """The rows that go on; the others go to the ledger with the mates they take along."""
        step = self.steps[place]
        out = pc.is_valid(reasons).to_numpy(zero_copy_only=False)
        lost = _families(rows)[out]
        doomed = np.isin(_families(rows), lost) if lost.size else out
        woven.tallies[place].take(rows, reasons, int(doomed.sum() - out.sum()), self.axes)
        if not lost.size:
            return rows
        woven.rejected.append(marked(rows, doomed, step.name, reasons))
        trial.gone.append(lost)
        if place >= self._last:
            trial.faults += zip(
                rows.column(ADDRESS).to_numpy()[out].tolist(), reasons.drop_null().to_pylist(), strict=True
            )
        return rows.filter(pa.array(~doomed))

    def _mended(self, trial: _Trial, planned: frozenset[str], woven: Woven) -> Ints:
        """Have the last generator mend what filters rejected, if it does; returns the families still lost."""
        gone = trial.families()
        step = self.steps[self._last]
        if trial.stood is None or not getattr(step.work, "repairs", False):
            return gone
        stood = attrs.evolve(trial.stood, after=_whole(trial.stood.after, self.fields))
        known = frozenset(stood.after.column(ADDRESS).to_pylist())
        faults = {address: reason for address, reason in trial.faults if address in known}
        if not faults:
            return gone
        rows, reasons = mended(step, stood, faults, planned, self.fields)
        again = _Trial()
        rows = self._judged(self._last, self._without_final(rows, woven), reasons, again, woven)
        for place, judge in enumerate(self.steps[self._last + 1 :], start=self._last + 1):
            if rows.num_rows:
                rows = self._judged(place, *answered(judge, rows, planned, self.fields), again, woven)
        if not rows.num_rows:
            return gone
        woven.accepted.append(rows)
        return gone[~np.isin(gone, _families(rows))]

    @property
    def _last(self) -> int:
        """The place of the last generator."""
        return max((place for place, step in enumerate(self.steps) if step.kind == "generate"), default=-1)


@attrs.define(eq=False)
class _Trial:
    """One attempt: the families that lost a row, what stood before and after the last generator, and what was wrong."""

    gone: list[Ints] = attrs.field(factory=list)
    stood: Stood | None = None
    faults: list[tuple[int, str]] = attrs.field(factory=list)

    def families(self) -> Ints:
        """The families that lost a row."""
        return np.concatenate(self.gone) if self.gone else np.empty(0, np.int64)


def _whole(rows: pa.RecordBatch, fields: Sequence[str]) -> pa.RecordBatch:
    """The families of which every row has its texts, be they refused by their generator."""
    bare = np.zeros(rows.num_rows, dtype=np.bool_)
    for field in fields:
        bare |= pc.is_null(rows.column(field)).to_numpy(zero_copy_only=False)
    return rows.filter(pa.array(~np.isin(_families(rows), _families(rows)[bare])))


def _families(rows: pa.RecordBatch) -> Ints:
    families: Ints = rows.column(FAMILY).to_numpy()
    return families


def marked(rows: pa.RecordBatch, doomed: Mask, step: str, reasons: pa.Array) -> pa.RecordBatch:
    """The doomed rows with the columns ``step`` and ``reason``."""
    said = pc.fill_null(reasons, MATE).filter(pa.array(doomed))
    lost = rows.filter(pa.array(doomed))
    extra = pa.RecordBatch.from_arrays([pa.array([step] * lost.num_rows, pa.string()), said], names=[STEP, REASON])
    return with_columns(lost, extra)
