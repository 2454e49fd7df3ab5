"""Whole families out of batches: rows of one family come one after the other, and a batch may cut one in two."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY


@attrs.define
class Whole:
    """Some ``columns`` of batches as they come, cut so that no family straddles two; dictionaries are decoded."""

    columns: tuple[str, ...]
    _left: pa.RecordBatch | None = attrs.field(default=None, init=False)

    def cut(self, rows: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
        """What is complete now that these rows are here: all families but the last."""
        names = [name for name in self.columns if name in rows.schema.names]
        some = _plain(rows.select(names))
        whole = some if self._left is None else pa.concat_batches([self._left, some])
        borders = np.flatnonzero(np.diff(whole.column(FAMILY).to_numpy()))
        end = int(borders[-1]) + 1 if borders.size else 0
        self._left = whole.slice(end)
        if end:
            yield whole.slice(0, end)

    def rest(self) -> Iterator[pa.RecordBatch]:
        """The last family."""
        if self._left is not None and self._left.num_rows:
            yield self._left
        self._left = None


def _plain(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Rows whose dictionaries are decoded, since those of different batches differ."""
    columns = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)
