"""Anything plain that a metric hands over, made presentable: facts, tables, lists, nested as they come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

MOST_LINES = 200
DEEPEST = 5

Node = dict[str, Any]


def node(value: Any, depth: int = 0) -> Node:
    """``value`` as a tree of nodes of a ``kind``: facts, table, compare, list, line or scalar."""
    if depth >= DEEPEST or not isinstance(value, Mapping | list | tuple):
        return {"kind": "scalar", "value": value if _is_scalar(value) else str(value)}
    if isinstance(value, Mapping):
        return _mapping(value, depth)
    if value and all(isinstance(line, Mapping) for line in value):
        return _table(value)
    return _list(value, depth)


def _mapping(value: Mapping[str, Any], depth: int) -> Node:
    if _is_table(value):
        return _table([{"": key, **line} for key, line in value.items()])
    ours, theirs = value.get("ours"), value.get("theirs")
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        value = {**value, "ours": [_side(key, ours, theirs) for key in dict.fromkeys((*ours, *theirs))]}
        value = {("ours and theirs" if key == "ours" else key): one for key, one in value.items() if key != "theirs"}
    return {
        "kind": "facts",
        "simple": [(str(key), one) for key, one in value.items() if _is_scalar(one)],
        "nested": [(str(key), node(one, depth + 1)) for key, one in value.items() if not _is_scalar(one)],
    }


def _is_table(value: Mapping[str, Any]) -> bool:
    """Whether every entry is a line with the same plain cells."""
    lines = list(value.values())
    flat = all(isinstance(line, Mapping) and line and all(map(_is_scalar, line.values())) for line in lines)
    return len(lines) > 1 and flat and len({tuple(line) for line in lines}) == 1


def _side(key: str, ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """A line of a table that sets two mappings with the same keys side by side."""
    return {"figure": key, "ours": ours.get(key), "theirs": theirs.get(key)}


def _table(lines: Sequence[Mapping[str, Any]]) -> Node:
    """Lines with the same keys; shares (0 to 1) named ``ours`` and ``theirs`` are drawn as pairs of bars."""
    columns = list(dict.fromkeys(str(key) for line in lines for key in line))
    shown = [[_cell(line.get(column)) for column in columns] for line in lines[:MOST_LINES]]
    sides: list[Any] = [line.get(side) for line in lines for side in ("ours", "theirs")]
    largest = max(sides) if all(_is_number(value) and 0 <= value <= 1 for value in sides) else 0
    return {
        "kind": "compare" if largest > 0 else "table",
        "columns": columns,
        "numeric": [
            all(_is_number(line[index]) or line[index] is None for line in shown) for index in range(len(columns))
        ],
        "lines": shown,
        "left_out": max(0, len(lines) - MOST_LINES),
        "largest": largest,
    }


def _list(values: Sequence[Any], depth: int) -> Node:
    """Numbers and single words stand on one line; anything else gets an item of its own."""
    if all(_is_scalar(value) and " " not in str(value) for value in values):
        return {"kind": "line", "items": values[:MOST_LINES], "left_out": max(0, len(values) - MOST_LINES)}
    return {
        "kind": "list",
        "items": [node(value, depth + 1) for value in values[:MOST_LINES]],
        "left_out": max(0, len(values) - MOST_LINES),
    }


def _cell(value: Any) -> Any:
    """A cell of a table: what is not plain is said in words."""
    return value if _is_scalar(value) else _words(value)


def _words(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_words(one)}" for key, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_words, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _is_scalar(value: Any) -> bool:
    return value is None or isinstance(value, str | int | float | bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
