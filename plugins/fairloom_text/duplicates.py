"""The filter ``duplicates``: no two families may share a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import CITES, FAMILY, REASON
from fairloom_text.fields import every_field
from fairloom_text.signature import Normalise, signatures

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.draws import Ints

FIRST, SECOND = "signature_0", "signature_1"


@attrs.frozen(kw_only=True)
class Duplicates:
    """Settings of ``text.duplicates``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; every field of the task together when left out"}
    )
    normalise: Normalise = attrs.field(
        default="exact",
        metadata={"help": '"exact", or "text": letter case, punctuation, blanks and Unicode forms do not count'},
    )


@attrs.frozen
class DuplicatesFilter:
    """Remembers 16 bytes per row. The row of smallest priority stays and is cited by all that repeat it."""

    fields: tuple[str, ...]
    normalise: Normalise

    def remember(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The signature of each row; null where a text is missing."""
        first, second, present = signatures([rows.column(field) for field in self.fields], self.normalise)
        columns = [pa.array(words, mask=~present) for words in (first, second)]
        return pa.RecordBatch.from_arrays(columns, names=[FIRST, SECOND])

    def judge(self, memory: pa.Table, priority: Ints) -> pa.Table:
        """Each row that repeats one of another family and of smaller priority, with the row that stays.

        A star, never a chain: every dropped row cites a row that is kept. Rows of the kept row's own
        family stay with it, equal or not.
        """
        missing = memory.column(FIRST).is_null().to_numpy()
        first, second, family = (_numbers(memory, name) for name in (FIRST, SECOND, FAMILY))
        lines = np.flatnonzero(~missing)
        order = lines[np.lexsort((np.asarray(priority)[lines], second[lines], first[lines]))]
        kept = order[_leaders(first[order], second[order])]
        cites = np.full(memory.num_rows, -1, dtype=np.int64)
        cites[order] = np.where(family[order] == family[kept], -1, kept)
        dropped = cites >= 0
        code = pa.array(np.zeros(dropped.size, dtype=np.int8), mask=~dropped)
        reasons = pa.DictionaryArray.from_arrays(code, ["duplicate"]).dictionary_decode()
        return pa.table({REASON: reasons, CITES: pa.array(cites, mask=~dropped)})


def build(config: Duplicates, tools: Tools) -> DuplicatesFilter:
    """The filter, or ``RecipeError`` for an unknown field."""
    return DuplicatesFilter(every_field(config.field, tools.task), config.normalise)


def _numbers(memory: pa.Table, name: str) -> Ints:
    column = memory.column(name).combine_chunks()
    numbers: Ints = column.fill_null(0).to_numpy(zero_copy_only=False)
    return numbers


def _leaders(first: Ints, second: Ints) -> Ints:
    """For each line of the sorted signatures, the place of the first line that is equal to it."""
    begins = np.ones(first.size, dtype=np.bool_)
    begins[1:] = (first[1:] != first[:-1]) | (second[1:] != second[:-1])
    leaders: Ints = np.flatnonzero(begins)[np.cumsum(begins) - 1]
    return leaders
