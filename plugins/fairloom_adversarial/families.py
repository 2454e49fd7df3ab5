"""The families in a batch: which row of it is the first of each row's family."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FAMILY, MEMBER, decoded
from fairloom.draws import Ints
from fairloom.predictors import Bools


@attrs.frozen(eq=False)
class Families:
    """``first`` is for each row the place of the first row of its family."""

    first: Ints

    @classmethod
    def of(cls, rows: pa.RecordBatch) -> Families:
        """The families in these rows, in any order."""
        family, member = (rows.column(name).to_numpy() for name in (FAMILY, MEMBER))
        order = np.lexsort((member, family))
        _, starts, of_row = np.unique(family[order], return_index=True, return_inverse=True)
        first = np.empty(family.size, np.int64)
        first[order] = order[starts[of_row]]
        return cls(first)

    def later(self, labels: Any) -> Bools:
        """The rows that are not the first of their family and have its label."""
        said = decoded(labels).cast(pa.string())
        same = pc.fill_null(pc.equal(said, said.take(pa.array(self.first))), fill_value=False)
        later = self.first != np.arange(self.first.size)
        return np.asarray(later & same.to_numpy(zero_copy_only=False), dtype=np.bool_)
