"""Texts as sets of shingles: runs of ``k`` words in normal form, each as 32 bits.

A text of fewer than ``k`` words is one shingle of all its words, and one without any word is one shingle
of what it is, so no set is empty and short texts never fall together (Broder, "On the resemblance and
containment of documents", 1997, calls the share of common shingles resemblance). Two shingles that differ
are taken for equal with probability about 2**-32.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Draws
from fairloom.utf8 import Utf8, blank_bytes, plain, run_starts
from fairloom_text.signature import hashed, normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairloom.draws import Ints, Words

_KEYS = Draws(0, ("text", "shingles"))
_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)
WIDEST = 16
"""Words that a shingle may have."""


def shingle_sets(columns: Sequence[Any], k: int) -> pa.Array:
    """Each row's distinct shingles over all columns, sorted, ``large_list<uint32>``; null where a text is missing."""
    present = np.logical_and.reduce([pc.is_valid(column).to_numpy(zero_copy_only=False) for column in columns])
    found = [_shingles(column, k, place) for place, column in enumerate(columns)]
    rows, values = (np.concatenate(part) for part in zip(*found, strict=True))
    kept = present[rows]
    keys = (rows[kept].astype(np.uint64) << _32) | values[kept]
    keys.sort(kind="stable")
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))] if keys.size else keys
    offsets = np.searchsorted(keys, np.arange(present.size + 1, dtype=np.uint64) << _32)
    bounds = pa.array(offsets.astype(np.int64), mask=np.append(~present, [False]))
    return pa.LargeListArray.from_arrays(bounds, pa.array((keys & _LOW).astype(np.uint32)))


def _shingles(column: Any, k: int, place: int) -> tuple[Ints, Words]:
    """Row and value of every shingle of one column, the rows in order for those with words."""
    codes, counts = _words(column)
    width = np.minimum(counts, k)
    many = np.where(counts > 0, counts - width + 1, 0)
    rows = np.repeat(np.arange(counts.size), many)
    starts = np.repeat(np.cumsum(counts) - counts - (np.cumsum(many) - many), many) + np.arange(int(many.sum()))
    keys = _KEYS.words(np.arange(WIDEST + 2), slot=place)
    values = keys[WIDEST] * (width[rows].astype(np.uint64) + np.uint64(1))
    for step in range(min(k, int(width.max(initial=0)))):
        inside = width[rows] > step
        values[inside] += keys[step] * codes[starts[inside] + step]
    wordless = np.flatnonzero(counts == 0)
    whole = keys[WIDEST + 1] * (hashed(plain(column).take(pa.array(wordless)))[0] >> _32)
    return np.concatenate((rows, wordless)), np.concatenate((values, whole)) >> _32


def _words(column: Any) -> tuple[Words, Ints]:
    """A 32-bit code for every word of the normal forms, in order, and how many words each row has."""
    text = Utf8.of(normal(column))
    inside = ~blank_bytes(text.data)
    starts = np.flatnonzero(run_starts(text, inside))
    counts = np.diff(np.searchsorted(starts, text.offsets))
    backwards = inside.copy()
    backwards[:-1] &= ~inside[1:]
    last = text.offsets[1:][np.diff(text.offsets) > 0] - 1
    backwards[last] = inside[last]
    encoded = text.take(starts, np.flatnonzero(backwards) + 1).dictionary_encode()
    codes = hashed(encoded.dictionary)[0] >> _32
    return codes[encoded.indices.to_numpy()], counts
