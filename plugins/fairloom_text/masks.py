"""Slots that a filter does not look at: the text around them is judged, what fills them is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import spans_of
from fairloom.factors import Axis
from fairloom.problems import RecipeError, did_you_mean
from fairloom.utf8 import blanked, plain, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairloom.components import Tools


def masked(rows: pa.RecordBatch, field: str, mask: Sequence[str]) -> pa.Array:
    """The texts of a field without the masked slots; one that is nothing else stays as it is.

    Raises:
        RecipeError: where the rows have no spans to mask by.
    """
    column = rows.column(field)
    if not mask:
        return column
    if spans_of(field) not in rows.schema.names:
        message = f"the step that writes {field!r} gives no spans, so nothing can be masked"
        raise RecipeError.of(message, suggestion="remove mask")
    blank = blanked(column, rows.column(spans_of(field)), mask)
    texts = pc.if_else(pa.array(words(blank) > 0), blank, plain(column).cast(pa.large_string()))
    return pc.if_else(pc.is_valid(column), texts, pa.scalar(None, pa.large_string()))


def check_mask(mask: Sequence[str], tools: Tools) -> None:
    """Every slot must be a factor or an attribute of one.

    Raises:
        RecipeError: for one that is not.
    """
    for place, slot in enumerate(mask):
        axis = Axis.parse(slot).check(tools.factors, "mask", place)
        if axis.factor not in tools.factors:
            hint = did_you_mean(axis.factor, tools.factors)
            raise RecipeError.of(f"{slot!r} is no factor that could fill a slot", "mask", place, suggestion=hint)
