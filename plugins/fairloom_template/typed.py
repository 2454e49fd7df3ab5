"""Computed columns that are no texts: numbers, truth values and lists, read from what their templates write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ADDRESS
from fairloom.problems import RunError
from fairloom_template.settings import Column

Kind = Literal["text", "integer", "number", "boolean"]

_TYPES = {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_()}
_FORMS = {
    "integer": r"^-?[0-9]{1,18}$",
    "number": r"^-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,2})?$",
    "boolean": "^(?:true|false)$",
}
_SAID = {
    "integer": "a whole number of at most 18 digits",
    "number": "a number such as -3, 0.25 or 1e-4",
    "boolean": "true or false",
}


def item_of(name: str, place: int) -> str:
    """What one template of a list column is called while it is written."""
    return f"{name}[{place}]"


def templates_of(columns: Mapping[str, str | Column]) -> dict[str, str]:
    """The templates of computed columns; those of a list one by one."""
    found = {}
    for name, column in columns.items():
        if isinstance(column, str):
            found[name] = column
        elif column.text is not None:
            found[name] = column.text
        else:
            found |= {item_of(name, place): text for place, text in enumerate(column.items or ())}
    return found


def typed(name: str, asked: Column, written: Mapping[str, Any], rows: pa.RecordBatch) -> Any:
    """The column that was asked for, of the texts that its templates wrote.

    Raises:
        RunError: a text is none of the type; names the first such row.
    """
    if asked.items is None:
        return _read(name, asked.type, written[name], rows)
    parts = [_read(name, asked.type, written[item_of(name, place)], rows) for place in range(len(asked.items))]
    return _listed(parts)


def _read(name: str, kind: Kind, texts: Any, rows: pa.RecordBatch) -> Any:
    if kind == "text":
        return texts
    wrong = pc.invert(pc.fill_null(pc.match_substring_regex(texts, _FORMS[kind]), fill_value=True))
    if pc.any(wrong).as_py():
        row = wrong.index(True).as_py()
        where = f"address {rows.column(ADDRESS)[row]}" if ADDRESS in rows.schema.names else f"row {row}"
        raise RunError(f"column {name!r} at {where}: {texts[row].as_py()!r} is not {_SAID[kind]}")
    return pc.cast(texts, _TYPES[kind])


def _listed(parts: Sequence[Any]) -> Any:
    """Equally long columns as one list per row; null where a row has no texts."""
    rows, size = len(parts[0]), len(parts)
    order = np.arange(rows * size).reshape(size, rows).T.reshape(-1)
    values = pa.concat_arrays(parts).take(pa.array(order))
    offsets = pa.array(np.arange(0, (rows + 1) * size, size, dtype=np.int32))
    missing = parts[0].is_null() if parts[0].null_count else None
    return pa.ListArray.from_arrays(offsets, values, mask=missing)
