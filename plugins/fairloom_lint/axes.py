"""The level names of an axis for the rows of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairloom.factors import Axis, Factor


def levels_of(rows: pa.RecordBatch, axis: Axis, factors: Mapping[str, Factor]) -> pa.Array | None:
    """One name per row (strings, null where the factor is not used), or ``None`` if the rows lack it.

    An attribute that is not shown in the data is looked up in the value table by the level's name.
    """
    if str(axis) in rows.schema.names:
        return decoded(rows.column(str(axis))).cast(pa.string())
    factor = factors.get(axis.factor)
    if factor is None or axis.factor not in rows.schema.names or axis.attribute not in factor.attributes:
        return None
    level = pc.index_in(decoded(rows.column(axis.factor)).cast(pa.string()), value_set=pa.array(factor.names))
    return factor.column(axis.attribute).cast(pa.string()).take(level)
