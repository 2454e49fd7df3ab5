"""The pieces of a batch of texts while surface rules rewrite them, and how places in them are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom_template.assembly import BLOCK, empty
from fairloom_template.pool import Ids, Index
from fairloom_template.stock import Bits, Stock

Flags = npt.NDArray[np.bool_]
Wanted = Callable[[Bits, Bits, Index | None], Flags]

MOST_MARKS = 1 << 20
"""Up to here distinct numbers are found by marking them, beyond by hashing."""


@attrs.define(eq=False, slots=False)
class Pieces:
    """The pieces of all rows of a batch while they are rewritten.

    ``offsets`` has the first piece of every row; ``name`` the slot of every piece (-1: literal) where a
    rule asks for it; ``touched`` a bit per rule that changed the piece, where edits are asked for.
    """

    ids: Ids
    offsets: Index
    stock: Stock
    name: Ids | None
    touched: npt.NDArray[np.uint32] | None

    @cached_property
    def row(self) -> Ids:
        """The row of every piece."""
        row = empty(len(self.ids))
        for block in blocks(len(self.offsets) - 1):
            first, last = self.offsets[block.start], self.offsets[block.stop]
            count = np.diff(self.offsets[block.start : block.stop + 1])
            row[first:last] = np.repeat(np.arange(block.start, block.stop, dtype=np.int32), count)
        return row

    def bits(self, at: Index) -> Bits:
        """The bits of some pieces."""
        return self.stock.bits.take(self.ids[at], mode="clip")

    def meetings(self, clear: int, wanted: Wanted) -> tuple[Index, Index]:
        """Pairs of pieces of one row that meet, where ``wanted`` says so of their bits.

        Pieces with the bit ``clear`` are looked through. ``wanted(left, right, apart)`` is asked for a block
        of rows at a time, so that all temporary arrays stay in the cache; ``apart`` is how far away the right
        piece is, or ``None`` where all are neighbours.
        """
        found = [self._met(block, np.uint32(clear), wanted) for block in blocks(len(self.offsets) - 1)]
        first, second = (np.concatenate(side) for side in zip(*found, strict=True))
        same = self.row[first] == self.row[second]
        return (first, second) if same.all() else (first[same], second[same])

    def beside(self, left: int, right: int, clear: int) -> tuple[Index, Index]:
        """Pairs of pieces of one row that meet, the first with the bit ``left``, the second with ``right``.

        Few pieces have ``left``, so the search goes on from those.
        """
        first = np.concatenate([self._with(left, block) for block in blocks(len(self.offsets) - 1)])
        end, second = self.offsets[self.row[first].astype(np.int64) + 1], first + 1
        inside = second < end
        first, second, end = first[inside], second[inside], end[inside]
        first_clear = ~has(self.bits(first), clear)
        first, second, end = first[first_clear], second[first_clear], end[first_clear]
        on = np.flatnonzero(has(self.bits(second), clear))
        while len(on):
            second[on] += 1
            on = on[second[on] < end[on]]
            on = on[has(self.bits(second[on]), clear)]
        there = np.flatnonzero(second < end)
        first, second = first[there], second[there]
        meant = has(self.bits(second), right)
        return (first, second) if meant.all() else (first[meant], second[meant])

    def _with(self, bit: int, block: slice) -> Index:
        start, end = self.offsets[block.start], self.offsets[block.stop]
        found: Index = np.flatnonzero(self.stock.bits.take(self.ids[start:end], mode="clip") & np.uint32(bit)) + start
        return found

    def _met(self, block: slice, clear: Any, wanted: Wanted) -> tuple[Index, Index]:
        start, end = self.offsets[block.start], self.offsets[block.stop]
        bits = self.stock.bits.take(self.ids[start:end], mode="clip")
        seen = (bits & clear) == 0
        if seen.all():
            found = np.flatnonzero(wanted(bits[:-1], bits[1:], None)) + start
            return found, found + 1
        place = np.flatnonzero(seen)
        bits = bits[place]
        found = np.flatnonzero(wanted(bits[:-1], bits[1:], np.diff(place)))
        return place[found] + start, place[found + 1] + start

    def put(self, at: Index, numbers: Ids, rule: int) -> None:
        """Other strings at some places."""
        if self.touched is not None:
            changed = self.ids[at] != numbers
            self.touched[at[changed]] |= np.uint32(1 << rule)
        self.ids[at] = numbers


def has(bits: Bits, bit: Any) -> Flags:
    """Which have this bit, or any of these."""
    found: Flags = (bits & np.uint32(bit)) != 0
    return found


def blocks(rows: int) -> Iterator[slice]:
    """The rows, some at a time."""
    return (slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


def coded(numbers: npt.NDArray[Any], bound: int) -> tuple[npt.NDArray[Any], Index]:
    """The distinct numbers below ``bound``, and for each number its place among them."""
    if bound > MOST_MARKS:
        coded = pa.array(numbers).dictionary_encode()
        return coded.dictionary.to_numpy(), coded.indices.to_numpy().astype(np.int64)
    marks = np.zeros(bound, dtype=np.int64)
    marks[numbers] = 1
    distinct = np.flatnonzero(marks)
    marks[distinct] = np.arange(len(distinct))
    return distinct.astype(numbers.dtype), marks.take(numbers)


def distinct_texts(texts: Sequence[str]) -> tuple[list[str], Index]:
    """The distinct texts in order of appearance, and for each text its place among them."""
    places: dict[str, int] = {}
    codes = [places.setdefault(text, len(places)) for text in texts]
    return list(places), np.array(codes, dtype=np.int64)


def lying_between(first: Index, second: Index) -> tuple[Index, Index]:
    """The pieces between pairs of pieces, and for each the number of its pair."""
    count = second - first - 1
    owner = np.repeat(np.arange(len(first)), count)
    return first[owner] + 1 + np.arange(len(owner)) - (np.cumsum(count) - count)[owner], owner
