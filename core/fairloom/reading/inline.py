"""Keys and plain values as TOML writes them on one line."""

from __future__ import annotations

import json
import re
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


def toml_inline(value: Any) -> str:
    """A plain value as TOML."""
    if isinstance(value, dict):
        inner = ", ".join(f"{toml_key(key)} = {toml_inline(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(toml_inline(item) for item in value) + "]"
    if isinstance(value, str):
        return _quoted(value)
    return json.dumps(value)


def toml_key(name: str) -> str:
    """A key, in quotes where it needs them."""
    return name if _BARE.match(name) else _quoted(name)


def _quoted(text: str) -> str:
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"  # as patterns are written
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
