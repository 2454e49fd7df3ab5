"""One pool of strings for everything a template can write, and the table that finds a level's string.

``lookup[base + level]`` is the place in the pool of a slot's string for a level. Levels count from 1
here; 0 stands for "no level" and finds nothing (-1), as does the level of a missing form. A literal is
a block of one entry, found at level 0.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ids = npt.NDArray[np.int32]
Index = npt.NDArray[np.int64]

NOTHING = 0
"""The base that finds no string at any level 0: a missing form."""


@attrs.frozen(eq=False)
class Pool:
    """Distinct ``strings`` (Arrow, no nulls) and the ``lookup`` into them (-1 where nothing is)."""

    strings: Any
    lookup: Ids

    @cached_property
    def characters(self) -> Ids:
        """Length of every string in code points."""
        return _ids(pc.utf8_length(self.strings))

    @cached_property
    def bytes(self) -> Ids:
        """Length of every string in UTF-8 bytes."""
        return _ids(pc.binary_length(self.strings))

    @cached_property
    def longest(self) -> int:
        """Bytes of the longest string."""
        return int(self.bytes.max(initial=0))

    @cached_property
    def ascii(self) -> bool:
        """Whether every character is one byte, so byte offsets are character offsets."""
        return bool((self.bytes == self.characters).all())

    @cached_property
    def has_empty(self) -> bool:
        """Whether the empty string is among them."""
        return bool((self.bytes == 0).any())


EMPTY = Pool(pa.array([], pa.string()), np.array([-1], dtype=np.int32))


class Growth:
    """A pool that is being made: a new one, or more strings on top of a finished one (left as it is)."""

    def __init__(self, start: Pool = EMPTY) -> None:
        self._start = start
        self._strings = start.strings
        self._size = len(start.lookup)
        self._blocks: list[tuple[int, Ids]] = []
        self._words: dict[str, int] = {}

    def word(self, text: str) -> int:
        """The base of one string, found at level 0."""
        if text not in self._words:
            self._words[text] = self._size
            self._size += 1
        return self._words[text]

    def vocabulary(self, texts: Any) -> int:
        """The base of one string per level (an Arrow string array; null is a missing form)."""
        coded = texts.dictionary_encode()
        places = np.append(self._ids(coded.dictionary), np.int32(-1))  # a null index, -1, finds the last one
        found = places[coded.indices.fill_null(-1).to_numpy()]
        base = self._size
        self._blocks.append((base, np.concatenate([np.array([-1], dtype=np.int32), found])))
        self._size += len(found) + 1
        return base

    def done(self) -> Pool:
        """The finished pool."""
        if self._size == len(self._start.lookup):
            return self._start
        lookup = np.empty(self._size, dtype=np.int32)
        lookup[: len(self._start.lookup)] = self._start.lookup
        for base, found in self._blocks:
            lookup[base : base + len(found)] = found
        if self._words:
            lookup[list(self._words.values())] = self._ids(pa.array(self._words, pa.string()))
        return Pool(self._strings, lookup)

    def _ids(self, distinct: Any) -> Ids:
        """The places of distinct strings, appended where they are new."""
        found = pc.index_in(distinct, value_set=self._strings)
        fresh = distinct.filter(pc.is_null(found))
        ids = _ids(found.fill_null(-1)).copy()
        ids[ids < 0] = len(self._strings) + np.arange(len(fresh), dtype=np.int32)
        if len(fresh):
            self._strings = pa.concat_arrays([self._strings, fresh])
        return ids


def _ids(column: Any) -> Ids:
    """An Arrow column without nulls as 32-bit integers."""
    return np.asarray(column.to_numpy(), dtype=np.int32)
