"""One reason per row, the first that applies."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Ints

if TYPE_CHECKING:
    from fairloom.utf8 import Mask


@attrs.define
class Reasons:
    """Collects reasons for the rows of one batch; a row keeps the first it is given."""

    size: int
    texts: list[str] = attrs.field(factory=list, init=False)
    codes: Ints = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.codes = np.full(self.size, -1, dtype=np.int64)

    def give(self, reason: str, rows: Mask) -> None:
        """Give ``reason`` to the marked rows that have none yet."""
        if rows.any():
            self.codes[rows & (self.codes < 0)] = len(self.texts)
            self.texts.append(reason)

    def array(self) -> pa.Array:
        """The verdict: a reason per row, null where there is none."""
        if not self.texts:
            return pa.nulls(self.size, pa.string())
        indices = pa.array(self.codes, mask=self.codes < 0)
        return pa.DictionaryArray.from_arrays(indices, pa.array(self.texts, pa.string())).dictionary_decode()
