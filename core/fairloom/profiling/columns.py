"""Columns of any type as texts and numbers; what is missing in them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.contingency import Floats

_NUMBER = r"^\s*[-+]?(?:[0-9]{1,300}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,2})?\s*$"


def flat(kind: pa.DataType) -> bool:
    """Whether a value of the column is one thing, no list, no record, no bytes."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return not (pa.types.is_nested(inner) or pa.types.is_binary(inner) or pa.types.is_large_binary(inner))


def texts(column: Any) -> pa.Array:
    """The values as texts; what is missing (null, or nothing but blanks) is null."""
    values = decoded(column).cast(pa.string())
    return pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), pa.scalar(None, pa.string()), values)


def numeric(values: pa.Array) -> bool:
    """Whether every text that is there is written as a decimal number."""
    return bool(pc.all(pc.match_substring_regex(values, _NUMBER), min_count=0).as_py())


def numbers(values: pa.Array) -> Floats:
    """Texts of decimal numbers as numbers; a missing one is not a number."""
    bare = pc.utf8_ltrim(pc.utf8_trim_whitespace(values), "+")
    found: Floats = bare.cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return found
