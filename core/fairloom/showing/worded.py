"""Columns of a row in words, where their plain form is one for machines.

This imports nothing, so the command line starts light: it knows the columns of a text by how their names end
(`fairloom.batch.spans_of`, `fairloom.edits.edits_of`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

_SPANS, _EDITS = ".spans", ".edits"


def about(row: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """What a person is told of a row beside the columns ``without``: no spans, edits in words, nothing empty."""
    said = {key: value(key, row[key]) for key in row if key not in without and not key.endswith(_SPANS)}
    return {key: one for key, one in said.items() if one is not None}


def value(column: str, given: Any) -> Any:
    """The value of a column: edits and the turns of a conversation in words, lists as lists are written."""
    if not isinstance(given, list):
        return given
    if column.endswith(_EDITS):
        return edits(given)
    return " / ".join(map(_item, given)) or None


def _item(given: Any) -> str:
    return ": ".join(map(str, given.values())) if isinstance(given, Mapping) else str(given)


def edits(made: Iterable[Mapping[str, Any]]) -> str | None:
    """The edits of a text, each with what it took away and put there; ``None`` where there was none."""
    return ", ".join(f"{each['rule']} {each['old']!r} > {each['new']!r}" for each in made) or None
