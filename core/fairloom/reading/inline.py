"""The merged recipe as text, each value with the place it came from: what ``fairloom check --resolved`` prints."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from fairloom.reading.environment import is_reference

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.reading.locate import KeyPath
    from fairloom.reading.origins import Source

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_COLUMN = 60
"""Where the origins stand, unless a value is longer."""


def format_resolved(source: Source) -> str:
    """The merged recipe as TOML, with ``# recipe.toml:12``, ``# base.toml:3`` or ``# --set`` at each value.

    Tables and arrays of tables get headers of their own, so that every value stands on its own line.
    """
    return "\n".join(_table(source, source.tree, ())).strip("\n") + "\n"


def toml_inline(value: Any) -> str:
    """A plain value as TOML on one line."""
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {toml_inline(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_inline(item) for item in value) + "]"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value)


def _quoted(text: str) -> str:
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # as patterns are written
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _table(source: Source, table: dict[str, Any], path: KeyPath) -> Iterator[str]:
    below = {key: value for key, value in table.items() if _has_header(value)}
    for key, value in table.items():
        if key not in below:
            yield _line(f"{_key(key)} = {toml_inline(value)}", source, (*path, key))
    for key, value in below.items():
        entries = (
            [((*path, key), value)]
            if isinstance(value, dict)
            else [((*path, key, index), item) for index, item in enumerate(value)]
        )
        for inner, item in entries:
            if not item or isinstance(inner[-1], int) or not all(_has_header(part) for part in item.values()):
                yield from ("", _line(_header(inner), source, inner))
            yield from _table(source, item, inner)


def _has_header(value: Any) -> bool:
    if isinstance(value, dict):
        return not is_reference(value)
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _header(path: KeyPath) -> str:
    name = ".".join(_key(key) for key in path if isinstance(key, str))
    return f"[[{name}]]" if isinstance(path[-1], int) else f"[{name}]"


def _line(text: str, source: Source, path: KeyPath) -> str:
    return f"{text:<{_COLUMN}}  # {source.origins[path]}"


def _key(key: str) -> str:
    return key if _BARE.match(key) else _quoted(key)
