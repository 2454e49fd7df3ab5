"""Families as pairs: the first row of each, beside every other one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY
from fairloom.draws import Ints
from fairloom.problems import RecipeError, did_you_mean

if TYPE_CHECKING:
    from fairloom.task import Task


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
