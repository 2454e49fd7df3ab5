"""Arrow arrays as JSON texts, one per value, computed column by column.

The texts are those of ``json.dumps(value, ensure_ascii=False)`` (RFC 8259): floats in their shortest form that
reads back equal, ``", "`` and ``": "`` between parts, null for null. Dates and times are texts in ISO 8601.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.problems import RunError

_SHORT = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_LONG = {chr(code): f"\\u{code:04x}" for code in range(0x20) if chr(code) not in _SHORT}
_NULL = "null"


def encode(column: pa.Array, name: str) -> pa.Array:
    """Each value of ``column`` as JSON; same length, no nulls. ``name`` is the column's, for messages.

    Raises:
        RunError: If a value has no JSON form: NaN, an infinity, bytes.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _dictionary(column, name)
    if pa.types.is_struct(kind):
        texts = _struct(column, name)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
        texts = _list(column, name)
    else:
        texts = _plain(column, name)
    return pc.fill_null(texts, _NULL)


def record(columns: list[pa.Array], names: list[str], within: str = "") -> pa.Array:
    """One JSON object per row from equally long columns; ``within`` goes before their names in messages."""
    parts: list[Any] = []
    for index, (column, name) in enumerate(zip(columns, names, strict=True)):
        key = json.dumps(name, ensure_ascii=False)
        parts += [pa.scalar(f"{', ' if index else '{'}{key}: "), encode(column, within + name)]
    return pc.binary_join_element_wise(*parts, pa.scalar("}"), "")


def _plain(column: pa.Array, name: str) -> pa.Array:
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _quoted(_escaped(column.cast(pa.string())))
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind):
        return column.cast(pa.string())
    if pa.types.is_floating(kind):
        return _floats(column, name)
    if pa.types.is_temporal(kind):
        return _quoted(column.cast(pa.string()))
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    msg = f"column {name!r} holds {kind} values, which have no JSON form; leave the column out or make it text"
    raise RunError(msg)


def _escaped(texts: pa.Array) -> pa.Array:
    r"""``"``, ``\`` and control characters escaped; most columns have none and are returned as they came."""
    if pc.any(pc.match_substring_regex(texts, r'["\\\x08-\x0d]')).as_py():
        for character, escape in _SHORT.items():
            texts = pc.replace_substring(texts, character, escape)
    if pc.any(pc.match_substring_regex(texts, r"[\x00-\x1f]")).as_py():
        for character, escape in _LONG.items():
            texts = pc.replace_substring(texts, character, escape)
    return texts


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar('"'), texts, pa.scalar('"'), "")


def _floats(column: pa.Array, name: str) -> pa.Array:
    finite = pc.fill_null(pc.is_finite(column), fill_value=True)
    if not pc.all(finite).as_py():
        place = pc.index(finite, False).as_py()
        msg = f"column {name!r} holds {column[place].as_py()}, which has no JSON form; use null for a missing number"
        raise RunError(msg)
    # numpy's texts are the shortest that read back equal, like Python's; Arrow would write 1.0 as 1.
    values = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    texts = pa.array(
        values.astype(np.float64 if values.dtype == np.float16 else values.dtype).astype(str).astype(object)
    )
    return pc.if_else(pc.is_valid(column), texts.cast(pa.string()), pa.scalar(None, pa.string()))


def _dictionary(column: pa.Array, name: str) -> pa.Array:
    """Each distinct value is encoded once."""
    if not len(column.dictionary):
        return pa.array([_NULL] * len(column), pa.string())
    return pc.fill_null(encode(column.dictionary, name).take(column.indices), _NULL)


def _struct(column: pa.Array, name: str) -> pa.Array:
    names = [field.name for field in column.type]
    empty = pa.array(["{}"] * len(column), pa.string())
    texts = record(column.flatten(), names, f"{name}.") if names else empty
    return pc.if_else(pc.is_valid(column), texts, pa.scalar(None, pa.string()))


def _list(column: pa.Array, name: str) -> pa.Array:
    """The elements of all lists are encoded together, then joined list by list."""
    sizes = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    elements = encode(decoded(column.flatten()), name)
    joined = pc.binary_join(pa.ListArray.from_arrays(offsets, elements), ", ")
    texts = pc.binary_join_element_wise(pa.scalar("["), joined, pa.scalar("]"), "")
    return pc.if_else(pc.is_valid(column), texts, pa.scalar(None, pa.string()))
