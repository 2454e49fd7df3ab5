"""A column of texts as code points: what character edits look at, without a loop over rows."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom.draws import Ints
from fairloom.utf8 import Mask, Utf8, strings

Points = npt.NDArray[np.uint32]
_SIZES = (0x80, 0x3000, 0x10000)
"""Sizes of tables; of characters beyond the last, emoji mostly, those that occur are asked about."""
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f\u20e3")


@attrs.frozen(eq=False)
class Texts:
    """All texts of a column, one behind the other: ``points[firsts[i]:firsts[i + 1]]`` is row ``i``."""

    points: Points
    firsts: Ints

    @classmethod
    def of(cls, column: Any) -> Texts:
        """The code points of a string column; a missing text is empty."""
        text = Utf8.of(column)
        if text.ascii:
            return cls(text.data.astype(np.uint32), text.offsets)
        points = np.frombuffer(text.data.tobytes().decode().encode("utf-32-le"), np.uint32)
        return cls(points, text.firsts)

    def __len__(self) -> int:
        return self.firsts.size - 1

    @cached_property
    def rows(self) -> Ints:
        """The row of every code point."""
        return np.repeat(np.arange(len(self)), np.diff(self.firsts))

    @cached_property
    def places(self) -> Ints:
        """The place of every code point in its text."""
        return np.arange(self.points.size) - np.repeat(self.firsts[:-1], np.diff(self.firsts))

    def marked(self, kind: Callable[[str], bool]) -> Mask:
        """Which code points are of a kind. ``kind`` is asked once per character there is, and must be a module's."""
        most = int(self.points.max()) if self.points.size else 0
        size = next((size for size in _SIZES if most < size), _SIZES[-1])
        table = _table(kind, size)
        if most < size:
            early: Mask = table[self.points]
            return early
        found: Mask = table[np.minimum(self.points, size - 1)]
        late = np.flatnonzero(self.points >= size)
        known, code = np.unique(self.points[late], return_inverse=True)
        found[late] = np.array([kind(chr(point)) for point in known], np.bool_)[code]
        return found

    @cached_property
    def letters(self) -> Mask:
        """Letters that stand alone: neither marks, nor before a mark or a joiner."""
        alone = self.marked(str.isalpha)
        if self.points.size and int(self.points.max()) >= 0x80:
            marks = self.marked(is_mark)
            alone[:-1] &= ~marks[1:]
        return alone

    @cached_property
    def same_row(self) -> Mask:
        """Which code points have their successor in the same row (the last of a row has none)."""
        follows = np.ones(self.points.size, np.bool_)
        ends = self.firsts[1:][np.diff(self.firsts) > 0] - 1
        follows[ends] = False
        return follows


def is_mark(character: str) -> bool:
    """Whether it belongs to the character before it: combining marks, joiners, variation selectors."""
    return unicodedata.category(character).startswith("M") or character in _JOINERS


@cache
def _table(kind: Callable[[str], bool], size: int) -> Mask:
    return np.fromiter((kind(chr(point)) for point in range(size)), np.bool_, size)


def joined(columns: npt.NDArray[np.uint32]) -> pa.Array:
    """One text per line of code points, shape (texts, characters)."""
    text, width = columns.astype("<u4").tobytes().decode("utf-32-le", "surrogatepass"), columns.shape[1]
    if text.isascii():
        data = np.frombuffer(text.encode(), np.uint8)
        return strings(data, np.arange(len(columns) + 1, dtype=np.int64) * width)
    return pa.array([text[at : at + width] for at in range(0, len(text), width)], pa.large_string())
