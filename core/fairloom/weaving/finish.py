"""The final pass: every part in order of address, once, streaming.

Dropped rows leave for the ledger, refills take their places, and the rest is digested, measured and
written. The pass is a pure function of the parts, so a killed one is simply done again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fairloom.batch import (
    ADDRESS,
    ATTEMPT,
    CITES,
    FAMILY,
    ID,
    LABEL,
    MEMBER,
    REASON,
    SIMILARITY,
    STEP,
    row_ids,
    spans_of,
)
from fairloom.draws import Ints
from fairloom.weaving.digest import ContentDigest
from fairloom.weaving.loom import Loom
from fairloom.weaving.parts import PARTS, part_specs, read_batches
from fairloom.weaving.rounds import Settled, row_keys
from fairloom.weaving.splits import Conditions, split_of
from fairloom.weaving.store import WORK, sync_folder
from fairloom.weaving.together import Assignment, Levels
from fairloom.weaving.weave import BATCH_ROWS

WHOLE = ""


@attrs.frozen(eq=False)
class Shape:
    """The columns of the final rows, in order."""

    name: str
    fields: tuple[str, ...]

    def order(self, names: Sequence[str]) -> list[str]:
        """Identity, texts, label and spans first; then what the design and the steps added."""
        head = [ID, *self.fields, LABEL, *(spans_of(field) for field in self.fields)]
        tail = [FAMILY, MEMBER, ATTEMPT]
        hidden = {ADDRESS, "cell"}
        middle = [name for name in names if name not in {*head, *tail, *hidden}]
        return [name for name in (*head, *middle, *tail) if name == ID or name in names]

    def finish(self, rows: pa.Table | pa.RecordBatch) -> Any:
        """Rows under their final columns."""
        ids = row_ids(self.name, rows.column(ADDRESS))
        return rows.append_column(ID, ids).select(self.order(rows.schema.names))


@attrs.define(eq=False)
class Parts:
    """Reads the settled parts back in order of address."""

    loom: Loom
    folder: Path
    settled: Settled

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The final rows, one batch per planned part at most, with the system columns."""
        dropped = self.settled.dropped_keys()
        refills = [
            self._table(result, dropped) for result in self.settled.results if not result["key"].startswith("0/")
        ]
        first = {result["key"]: result for result in self.settled.results}
        members = self.loom.plan.members
        for spec in part_specs(self.loom.plan.families, members, self.loom.recipe.parts.rows):
            mine = self._table(first[spec.key], dropped)
            extra = [
                _between(table, spec.start * members, spec.stop * members) for table in refills if table is not None
            ]
            tables = [table for table in (mine, *extra) if table is not None and table.num_rows]
            if not tables:
                continue
            table = pa.concat_tables(tables)
            if len(tables) > 1:
                table = table.take(pc.sort_indices(table, sort_keys=[(ADDRESS, "ascending")]))
            # Families stay whole.
            yield from table.to_batches(max_chunksize=max(members, BATCH_ROWS - BATCH_ROWS % members))

    def _table(self, result: Mapping[str, Any], dropped: Any) -> pa.Table | None:
        if "rows" not in result["files"]:
            return None
        table = read_batches(self._path(result["key"], "arrow"))
        if not dropped.size:
            return table
        return table.filter(pa.array(~np.isin(row_keys(table), dropped)))

    def _path(self, key: str, suffix: str) -> Path:
        return self.folder / WORK / PARTS / f"{key.replace('/', '-')}.{suffix}"

    def rejected(self) -> Iterator[pa.Table]:
        """The ledger: every rejected candidate with its step, its reason and the row it cites."""
        drops = self.settled.drops
        order = np.argsort(_address_keys(drops), kind="stable")
        drops, keys = drops.take(order), self.settled.dropped_keys()
        for result in self.settled.results:
            if "rejected" in result["files"]:
                table = read_batches(self._path(result["key"], "rejected.arrow"))
                table = table.append_column(CITES, pa.nulls(table.num_rows, pa.string()))
                yield table.append_column(SIMILARITY, pa.nulls(table.num_rows, pa.float64()))
            if keys.size and "rows" in result["files"]:
                table = read_batches(self._path(result["key"], "arrow"))
                table = table.filter(pa.array(np.isin(row_keys(table), keys)))
                if table.num_rows:
                    yield self._with_reasons(table, drops)

    def _with_reasons(self, table: pa.Table, drops: pa.Table) -> pa.Table:
        places = np.searchsorted(_address_keys(drops), _address_keys(table))
        taken = drops.take(pa.array(places))
        cites = row_ids(self.loom.recipe.recipe.name, taken[CITES])
        said = {STEP: taken[STEP], REASON: taken[REASON], CITES: cites, SIMILARITY: taken[SIMILARITY]}
        for name, column in said.items():
            table = table.append_column(name, column)
        return table


def _address_keys(rows: pa.Table) -> Ints:
    """One integer per row for its address and attempt."""
    keys: Ints = (rows.column(ADDRESS).to_numpy() << 16) | rows.column(ATTEMPT).to_numpy().astype(np.int64)
    return keys


def _between(table: pa.Table, start: int, stop: int) -> pa.Table:
    """The rows with addresses in ``[start, stop)`` of a table sorted by address."""
    addresses = table.column(ADDRESS).to_numpy()
    low, high = np.searchsorted(addresses, [start, stop])
    return table.slice(int(low), int(high - low))


@attrs.define(eq=False)
class DataWriter:
    """Writes the final rows as Parquet parts, one folder per split."""

    folder: Path
    loom: Loom
    assignment: Assignment | None = None
    conditions: Conditions | None = None
    counts: dict[str, int] = attrs.field(factory=dict)
    files: dict[str, int] = attrs.field(factory=dict)

    def write(self, index: int, system: pa.RecordBatch, rows: pa.RecordBatch) -> None:
        """Write one batch; ``system`` still has the addresses."""
        for split, chosen in self._splits(system):
            part = rows if chosen is None else rows.filter(chosen)
            if part.num_rows:
                name = "/".join(piece for piece in (split, f"part-{index:05d}.parquet") if piece)
                write_parquet(self.folder / name, pa.Table.from_batches([part]))
                self.files[name] = part.num_rows
                self.counts[split or "all"] = self.counts.get(split or "all", 0) + part.num_rows

    def _splits(self, system: pa.RecordBatch) -> Iterator[tuple[str, pa.Array | None]]:
        splits = self.loom.recipe.export.split.splits
        if not splits:
            yield WHOLE, None
            return
        which = self._shared(system) if self.conditions is None else self.conditions.of_rows(system)
        for number, split in enumerate(splits):
            yield split, pa.array(which == number)

    def _shared(self, system: pa.RecordBatch) -> Ints:
        """The split of each row where shares decide."""
        families = system.column(FAMILY).to_numpy()
        plan, shares = self.loom.plan, self.loom.recipe.export.split.shares
        which = split_of(plan.ranks(families), plan.cells(families), shares, self.loom.draws.stream("split"))
        if self.assignment is None:
            return which
        kept = self.assignment.of(system)
        return np.where(kept >= 0, kept, which)


def write_parquet(path: Path, table: pa.Table) -> None:
    """One Parquet file: zstd, dictionaries for what comes as dictionaries."""
    path.parent.mkdir(parents=True, exist_ok=True)
    named = [leaf for field in table.schema for leaf in _dictionary_leaves(field.name, field.type)]
    pq.write_table(table, path, compression="zstd", compression_level=1, use_dictionary=named, write_statistics=False)
    sync_folder(path.parent)


def _dictionary_leaves(path: str, kind: pa.DataType) -> list[str]:
    """The Parquet paths of the dictionary columns at or below ``path``."""
    if pa.types.is_dictionary(kind):
        return [path]
    if pa.types.is_list(kind):
        return _dictionary_leaves(f"{path}.list.element", kind.value_type)
    if pa.types.is_struct(kind):
        return [leaf for field in kind for leaf in _dictionary_leaves(f"{path}.{field.name}", field.type)]
    return []


Observer = Callable[[pa.RecordBatch], None]


def final_pass(loom: Loom, parts: Parts, out: Path, observers: Sequence[Observer]) -> tuple[str, DataWriter]:
    """Digest, observe and write every final row; returns the content digest and what was written."""
    shape = Shape(loom.recipe.recipe.name, loom.recipe.task.fields)
    digest = ContentDigest()
    said = loom.recipe.export.split.conditions
    conditions = Conditions.of(said, loom.factors) if said else None
    writer = DataWriter(out / "data", loom, _assignment(loom, parts), conditions)
    for index, system in enumerate(parts.batches()):
        rows = shape.finish(system)
        digest.add(rows)
        for observe in observers:
            observe(rows)
        writer.write(index, system, rows)
    return digest.hexdigest(), writer


def _assignment(loom: Loom, parts: Parts) -> Assignment | None:
    """The splits of the levels kept together, counted in a pass of their own; ``None`` where none are."""
    split = loom.recipe.export.split
    together = [text for text in split.together if text != FAMILY]
    if not together:
        return None
    levels = Levels.of(together, loom.factors, len(loom.summary.cells))
    for rows in parts.batches():
        levels.observe(rows, loom.plan.cells(rows.column(FAMILY).to_numpy()).astype(np.int64))
    return levels.assigned(split.shares, loom.draws.stream("split", "together"))


def write_ledger(loom: Loom, parts: Parts, out: Path, observers: Sequence[Callable[[pa.Table], None]]) -> int:
    """Write ``rejected/``; returns how many candidates were rejected."""
    shape = Shape(loom.recipe.recipe.name, loom.recipe.task.fields)
    total = 0
    for index, table in enumerate(parts.rejected()):
        write_parquet(out / "rejected" / f"part-{index:05d}.parquet", shape.finish(table))
        for observe in observers:
            observe(table)
        total += table.num_rows
    return total
