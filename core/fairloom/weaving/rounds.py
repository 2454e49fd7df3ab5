"""Dataset filters in rounds: judge everything, drop whole families, refill only what was dropped.

Verdicts are reached over all rows at once and every round ends before the next begins, so they cannot
depend on parts or workers. A row accepted in an earlier round always has priority over a refill.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ADDRESS, ATTEMPT, CITES, FAMILY, REASON, SIMILARITY, STEP
from fairloom.draws import Ints
from fairloom.weaving.answers import Step, judged
from fairloom.weaving.loom import Loom
from fairloom.weaving.parts import PARTS, PartSpec, read_batches, refill_specs
from fairloom.weaving.store import WORK
from fairloom.weaving.tally import StepTally
from fairloom.weaving.weave import MATE

Result = dict[str, Any]
Execute = Callable[[Sequence[PartSpec]], list[Result]]

_ATTEMPT_BITS = 16
DROPS = pa.schema(
    [
        (ADDRESS, pa.int64()),
        (FAMILY, pa.int64()),
        (ATTEMPT, pa.int32()),
        (STEP, pa.string()),
        (REASON, pa.string()),
        (CITES, pa.int64()),
        (SIMILARITY, pa.float64()),
    ]
)


@attrs.define(eq=False)
class Settled:
    """What the rounds came to: every part result, the dropped rows, counts, and families given up."""

    results: list[Result]
    drops: pa.Table
    tallies: list[StepTally]
    short: list[tuple[int, int]]
    turns: int

    def dropped_keys(self) -> Ints:
        """Sorted keys (family, attempt) of everything dropped."""
        return np.unique(row_keys(self.drops))


def row_keys(rows: pa.Table | pa.RecordBatch) -> Ints:
    """One integer per row for its family and attempt."""
    family = rows.column(FAMILY).to_numpy().astype(np.int64)
    attempt = rows.column(ATTEMPT).to_numpy().astype(np.int64)
    keys: Ints = (family << _ATTEMPT_BITS) | attempt
    return keys


def settle(loom: Loom, folder: Path, results: list[Result], execute: Execute) -> Settled:
    """Judge by the dataset filters and refill until nothing more is dropped."""
    steps = loom.dataset_steps
    tallies = [StepTally() for _ in steps]
    short = [(family, attempt) for result in results for family, attempt in result["short"]]
    drops: list[pa.Table] = [DROPS.empty_table()]
    memories = [_Memory(folder / WORK / PARTS, index, step, loom.axes) for index, step in enumerate(steps)]
    fresh, turn = results, 0
    while steps:
        lost = _judge_all(memories, fresh, turn, tallies)
        drops.append(lost)
        families, first = np.unique(lost.column(FAMILY).to_numpy(), return_index=True)
        attempts = lost.column(ATTEMPT).to_numpy()[first].astype(np.int64) + 1
        spent = attempts >= loom.recipe.design.attempts
        short += zip(families[spent].tolist(), attempts[spent].tolist(), strict=True)
        if spent.all():
            break
        turn += 1
        size = max(1, loom.recipe.parts.rows // loom.plan.members)
        fresh = execute(refill_specs(turn, families[~spent], attempts[~spent], size))
        short += [(family, attempt) for result in fresh for family, attempt in result["short"]]
        results = results + fresh
    return Settled(results, pa.concat_tables(drops), tallies, sorted(short), turn)


def _judge_all(memories: list[_Memory], fresh: list[Result], turn: int, tallies: list[StepTally]) -> pa.Table:
    """The rows dropped in this round by each dataset filter in turn; later ones see the survivors."""
    found: list[pa.Table] = [DROPS.empty_table()]
    for memory in memories:
        memory.grow(fresh, turn)
    for position, (memory, tally) in enumerate(zip(memories, tallies, strict=True)):
        lost = memory.judge(tally)
        found.append(lost)
        gone = np.unique(row_keys(lost))
        for other in memories[position:]:
            other.forget(gone)
        for later in memories[:position]:
            later.forget(gone)
    return pa.concat_tables(found)


@attrs.define(eq=False)
class _Memory:
    """What one dataset filter remembers of the rows that are still alive."""

    folder: Path
    index: int
    step: Step
    axes: tuple[str, ...]
    table: pa.Table | None = None
    priority: Ints = attrs.field(factory=lambda: np.empty(0, np.int64))
    fresh_from: int = 0

    def grow(self, results: Sequence[Result], turn: int) -> None:
        """Add the rows of new parts; they come after everything that was there before."""
        names = [name for result in results if (name := result["files"].get(f"memory{self.index}"))]
        keys = [result["key"].replace("/", "-") for result in results if f"memory{self.index}" in result["files"]]
        tables = [read_batches(self.folder / f"{key}.memory{self.index}.arrow") for key in keys[: len(names)]]
        self.fresh_from = self.table.num_rows if self.table is not None else 0
        if not tables:
            return
        new = pa.concat_tables(tables)
        self.priority = np.concatenate([self.priority, (turn << 48) + new.column(ADDRESS).to_numpy()])
        self.table = new if self.table is None else pa.concat_tables([self.table, new])

    def judge(self, tally: StepTally) -> pa.Table:
        """The rows this filter drops, with the mates that go with them."""
        table = self.table
        if table is None or not table.num_rows:
            return DROPS.empty_table()
        found = judged(self.step, table.drop_columns([ATTEMPT, *self.axes]), self.priority)
        reasons = found.column(REASON).combine_chunks()
        self._count(table, reasons, tally)
        return self._drops(table, reasons, found)

    def _count(self, table: pa.Table, reasons: pa.Array, tally: StepTally) -> None:
        start = self.fresh_from
        for batch in table.slice(start).to_batches():
            part = reasons.slice(start, batch.num_rows)
            tally.take(batch, part, 0, self.axes)
            start += batch.num_rows

    def _drops(self, table: pa.Table, reasons: pa.Array, found: pa.Table) -> pa.Table:
        out = pc.is_valid(reasons).to_numpy(zero_copy_only=False)
        keys = row_keys(table)
        doomed = np.flatnonzero(np.isin(keys, np.unique(keys[out])) if out.any() else out)
        taken = table.select([ADDRESS, FAMILY, ATTEMPT]).take(doomed)
        cited = table.column(ADDRESS).take(found.column(CITES).take(doomed))
        said = pc.fill_null(reasons.take(doomed), MATE)
        step = pa.array([self.step.name] * len(doomed), pa.string())
        similarity = found.column(SIMILARITY).take(doomed)
        return pa.Table.from_arrays([*taken.columns, step, said, cited, similarity], schema=DROPS)

    def forget(self, keys: Ints) -> None:
        """Drop rows that are no longer alive."""
        if self.table is None or not keys.size:
            return
        alive = ~np.isin(row_keys(self.table), keys)
        self.fresh_from = int(alive[: self.fresh_from].sum())
        self.table = self.table.filter(pa.array(alive))
        self.priority = self.priority[alive]
