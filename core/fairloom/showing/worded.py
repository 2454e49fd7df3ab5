"""Columns of a row in words, where their plain form is one for machines.

This imports nothing, so the command line starts light: it knows the columns of a text by how their names end
(`fairloom.batch.spans_of`, `fairloom.edits.edits_of`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

_SPANS, _EDITS, _TURNS = ".spans", ".edits", "messages"


def about(row: Mapping[str, Any], without: Collection[str]) -> dict[str, Any]:
    """What a person is told of a row beside the columns ``without``, its texts among them.

    Edits are said in words, nothing empty is, and neither are spans, which are marked in the texts, and the turns of a
    conversation where a text has them all.
    """
    left_out = {*without, _TURNS} if _is_told(row, without) else without
    said = {key: value(key, row[key]) for key in row if key not in left_out and not key.endswith(_SPANS)}
    return {key: one for key, one in said.items() if one is not None}


def _is_told(row: Mapping[str, Any], texts: Iterable[str]) -> bool:
    turns = row.get(_TURNS)
    said = "\n".join(str(row.get(name)) for name in texts)
    return isinstance(turns, list) and all(
        isinstance(turn, Mapping) and str(turn.get("content")) in said for turn in turns
    )


def value(column: str, given: Any) -> Any:
    """The value of a column: edits in words, other lists as lists are written."""
    if not isinstance(given, list):
        return given
    return edits(given) if column.endswith(_EDITS) else " / ".join(map(str, given)) or None


def edits(made: Iterable[Mapping[str, Any]]) -> str | None:
    """The edits of a text, each with what it took away and put there; ``None`` where there was none."""
    return ", ".join(f"{each['rule']} {each['old']!r} > {each['new']!r}" for each in made) or None
