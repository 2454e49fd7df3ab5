"""The filter ``duplicates``: no two families may share a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import CITES, FAMILY, REASON
from fairloom_text.fields import every_field
from fairloom_text.signature import Normalise, signatures
from fairloom_text.star import star

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
        texts = _numbered(*(_numbers(memory, name) for name in (FIRST, SECOND)))
        texts[missing] = -1
        found = star(texts, memory.column(FAMILY).to_numpy(), np.asarray(priority))
        stays = found.cites < 0
        code = pa.array(np.zeros(stays.size, dtype=np.int8), mask=stays)
        reasons = pa.DictionaryArray.from_arrays(code, ["duplicate"]).dictionary_decode()
        return pa.table({REASON: reasons, CITES: pa.array(found.cites, mask=stays)})


def build(config: Duplicates, tools: Tools) -> DuplicatesFilter:
    """The filter, or ``RecipeError`` for an unknown field."""
    return DuplicatesFilter(every_field(config.field, tools.task), config.normalise)


def _numbers(memory: pa.Table, name: str) -> Ints:
    column = memory.column(name).combine_chunks()
    numbers: Ints = column.fill_null(0).to_numpy(zero_copy_only=False)
    return numbers


def _numbered(first: Ints, second: Ints) -> Ints:
    """A number per row, equal where both words are."""
    order = np.lexsort((second, first))
    begins = np.zeros(first.size, dtype=np.int64)
    begins[1:] = (first[order][1:] != first[order][:-1]) | (second[order][1:] != second[order][:-1])
    numbers = np.empty(first.size, dtype=np.int64)
    numbers[order] = np.cumsum(begins)
    return numbers
