"""Families as pairs: the first row of each, beside every other one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY
from fairloom.draws import Ints
from fairloom.problems import RecipeError, did_you_mean

if TYPE_CHECKING:
    from fairloom.task import Task


@attrs.define
class Whole:
    """Batches as they come, cut so that no family straddles two."""

    columns: tuple[str, ...]
    _left: pa.RecordBatch | None = attrs.field(default=None, init=False)

    def cut(self, rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """What is complete now that these rows are here: all families but the last."""
        names = [name for name in self.columns if name in rows.schema.names]
        some = plain(rows.select(names))
        whole = some if self._left is None else pa.concat_batches([self._left, some])
        families = whole.column(FAMILY).to_numpy()
        end = int(np.searchsorted(families, families[-1])) if families.size else 0
        self._left = whole.slice(end)
        if end:
            yield whole.slice(0, end)

    def rest(self) -> Iterator[pa.RecordBatch]:
        """The last family."""
        if self._left is not None and self._left.num_rows:
            yield self._left
        self._left = None


def plain(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows whose dictionaries are decoded, since those of different batches differ."""
    columns = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


@attrs.frozen(eq=False)
class Pairs:
    """The places of the first row of a family, and of another one, for every other row."""

    first: Ints
    other: Ints

    @classmethod
    def of(cls, rows: pa.RecordBatch) -> Pairs:
        """The pairs of these whole families, which are in order."""
        families = rows.column(FAMILY).to_numpy()
        starts = np.flatnonzero(np.concatenate(([True], families[1:] != families[:-1]))) if families.size else families
        first = np.repeat(starts, np.diff(np.append(starts, families.size))).astype(np.int64)
        other = np.flatnonzero(first != np.arange(families.size)).astype(np.int64)
        return cls(first[other], other)

    def __len__(self) -> int:
        return self.other.size

    def sides(self, column: Any) -> tuple[pa.Array, pa.Array]:
        """A column of the first rows, and of the others."""
        return column.take(pa.array(self.first)), column.take(pa.array(self.other))


def field_of(name: str | None, task: Task) -> str:
    """The field, or the first one of the task; ``RecipeError`` for one that is none."""
    if name is not None and name not in task.fields:
        raise RecipeError.of(f"the task has no field {name!r}", "field", suggestion=did_you_mean(name, task.fields))
    return name or task.fields[0]
