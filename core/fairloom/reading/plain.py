"""The values a recipe may hold: what TOML can say and JSON can keep, so that a manifest holds the whole recipe."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING, Any

import tomli

from fairloom.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.reading.locate import KeyPath

MAX_DEPTH = 32
"""How deeply tables and arrays may lie in one another; a recipe from a stranger cannot exhaust the stack."""

_INTEGERS = range(-(2**63), 2**63)


def too_deep(tree: object) -> bool:
    """Whether ``tree`` nests more than ``MAX_DEPTH`` tables and arrays. Needs no recursion itself."""
    level = [tree]
    for _ in range(MAX_DEPTH + 1):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return True


def paths(tree: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    """The key path of every table, array, item and value in ``tree``, outer before inner."""
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield (*path, key)
        yield from paths(value, (*path, key))


def toml_value(text: str) -> Any:
    """One TOML value that stands outside of a file.

    Raises:
        ValueError: If ``text`` is no value, or more than one.
    """
    try:
        tree = tomli.loads(f"value = {text}")
    except RecursionError as error:
        raise ValueError(str(error)) from error
    if len(tree) > 1 or too_deep(tree):
        msg = "expected one value"
        raise ValueError(msg)
    return tree["value"]


def plain(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    """A copy of ``value`` that survives JSON: dates and times become ISO strings, tuples lists.

    What cannot stand in a recipe is added to ``problems``.
    """
    if isinstance(value, dict):
        problems += [
            Problem(f"the keys of a table are strings, got {key!r}", path) for key in value if type(key) is not str
        ]
        return {key: plain(inner, (*path, key), problems) for key, inner in value.items() if type(key) is str}
    if isinstance(value, list | tuple):
        return [plain(inner, (*path, index), problems) for index, inner in enumerate(value)]
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if said := _refused(value):
        problems.append(Problem(said, path=path))
    return value


def _refused(value: Any) -> str | None:
    if type(value) is float and not math.isfinite(value):
        return f"must be a finite number, got {value}"
    if type(value) is int and value not in _INTEGERS:
        return "must be an integer of 64 bits, got one with more digits"
    if value is not None and type(value) not in {str, int, float, bool}:
        return f"cannot stand in a recipe, got {value!r} ({type(value).__name__})"
    return None


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return list(node.values())
    return list(node) if isinstance(node, list | tuple) else []
