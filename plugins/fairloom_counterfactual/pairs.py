"""Families as pairs: the first row of each, beside every other one."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY
from fairloom.draws import Ints


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
