"""Where every key of a TOML text stands: tomli gives values without positions, this gives positions without values.

The scanner reads only text that tomli has accepted, so it checks nothing. It keeps its own stack: nesting is
bounded by tomli, never by Python's.
"""

from __future__ import annotations

import re
from bisect import bisect_right

import attrs
import tomli

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\n,]|#[^\n]*)*")  # between items a comma says no more than a space
_KEY = re.compile(r"""[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*'""")
_SCALAR = re.compile(
    r'''"""(?:[^\\]|\\.)*?""""{0,2}'''
    r"""|'''.*?''''{0,2}"""
    r"""|"(?:[^"\\]|\\.)*"|'[^']*'"""
    r"|[^,\]}#\n]+",
    re.DOTALL,
)


def locate(text: str) -> dict[KeyPath, tuple[int, int]]:
    """Line and column, both from 1, of every key and array item of a TOML text that tomli accepts.

    A key stands where it is first written, a table where its own header or key stands, an item of an
    array where its value begins, an item of an array of tables where the name in its header stands.
    Columns count code points.
    """
    text = text.replace("\r\n", "\n")
    offsets = _Scanner(text).scan()
    lines = [0, *(match.end() for match in re.finditer("\n", text))]
    return {path: _position(offset, lines) for path, offset in offsets.items()}


def _position(offset: int, lines: list[int]) -> tuple[int, int]:
    line = bisect_right(lines, offset)
    return line, offset - lines[line - 1] + 1


@attrs.define
class _Open:
    """An array or inline table that has begun: its path, what ends it, and how many items it has so far."""

    path: KeyPath
    close: str
    items: int = 0


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.found: dict[KeyPath, int] = {}
        self.last: dict[KeyPath, int] = {}  # index of the newest item of each array of tables

    def scan(self) -> dict[KeyPath, int]:
        header: KeyPath = ()
        self._skip(_GAP)
        while self.at < len(self.text):
            if self._take("[["):
                header = self._header(array=True)
            elif self._take("["):
                header = self._header(array=False)
            else:
                self._pair(header)
            self._skip(_GAP)
        return self.found

    def _header(self, *, array: bool) -> KeyPath:
        path: KeyPath = ()
        keys = self._keys()
        for key, offset in keys[:-1]:
            path = self._inside((*path, key), offset)
        key, offset = keys[-1]
        path = (*path, key)
        if array:
            self.found.setdefault(path, offset)
            self.last[path] = self.last.get(path, -1) + 1
            path = (*path, self.last[path])
        self.found[path] = offset  # its own header is a better place than a key below it
        self._take("]]" if array else "]")
        return path

    def _inside(self, path: KeyPath, offset: int) -> KeyPath:
        self.found.setdefault(path, offset)
        return (*path, self.last[path]) if path in self.last else path

    def _pair(self, table: KeyPath) -> None:
        """``a.b = value`` outside of inline tables."""
        waiting: list[_Open] = []
        self._enter(self._assigned(table), waiting)
        while waiting:
            self._skip(_GAP)
            inner = waiting[-1]
            if self._take(inner.close):
                waiting.pop()
            elif inner.close == "}":
                self._enter(self._assigned(inner.path), waiting)
            else:
                item = (*inner.path, inner.items)
                inner.items += 1
                self.found[item] = self.at
                self._enter(item, waiting)

    def _assigned(self, table: KeyPath) -> KeyPath:
        """Read ``a.b =``; the path of the key."""
        path = table
        for key, offset in self._keys():
            path = (*path, key)
            self.found.setdefault(path, offset)
        self._take("=")
        self._skip(_BLANK)
        return path

    def _enter(self, path: KeyPath, waiting: list[_Open]) -> None:
        """Begin an array or inline table, or pass over a scalar."""
        if self._take("["):
            waiting.append(_Open(path, "]"))
        elif self._take("{"):
            waiting.append(_Open(path, "}"))
        else:
            self._skip(_SCALAR)

    def _keys(self) -> list[tuple[str, int]]:
        keys = [self._key()]
        while self._take("."):
            keys.append(self._key())
        return keys

    def _key(self) -> tuple[str, int]:
        self._skip(_BLANK)
        start = self.at
        self._skip(_KEY)
        raw = self.text[start : self.at]
        self._skip(_BLANK)
        return _unquoted(raw), start

    def _take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match is None:
            msg = f"locate() was given text that is not valid TOML, at offset {self.at}"
            raise ValueError(msg)
        self.at = match.end()


def _unquoted(raw: str) -> str:
    if raw.startswith('"') and "\\" in raw:
        return str(tomli.loads(f"key = {raw}")["key"])
    return raw[1:-1] if raw[0] in "\"'" else raw
