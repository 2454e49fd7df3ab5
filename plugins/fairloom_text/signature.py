"""A 128-bit signature per text, computed over whole columns, and the normal form duplicates share.

Two texts of one signature are taken for equal. The signature is a pair of multilinear hashes over
32-bit words with 64-bit random multipliers, modulo 2**64. The upper 33 bits of each are strongly
universal (Lemire and Kaser, "Strongly universal string hashing is fast", 2014), so two given texts of
different content share a signature with probability at most 2**-66: among a million rows, some pair
does with probability below 2**-26.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Draws
from fairloom.utf8 import Utf8, blank_bytes, pieces, plain, run_starts, strings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fairloom.draws import Words
    from fairloom.utf8 import Bytes, Mask

Normalise = Literal["exact", "text"]
"""``exact``: the text as it is. ``text``: NFKC, lower case, and every run of blanks and punctuation
(Unicode P and Z) as one blank, none at either end."""

_SEPARATOR = "\x1f"
_SMALLEST_TABLE = 1_024
_KEYS = Draws(0, ("text", "signature"))
_PUNCTUATION = np.zeros(256, dtype=np.bool_)
_PUNCTUATION[list(b"!\"#%&'()*,-./:;?@[\\]_{}")] = True


def signatures(columns: Sequence[Any], normalise: Normalise) -> tuple[Words, Words, Mask]:
    """Two words per row over all columns together, and which rows have a text in every column."""
    present = np.logical_and.reduce([pc.is_valid(column).to_numpy(zero_copy_only=False) for column in columns])
    texts = [normal(column) if normalise == "text" else plain(column) for column in columns]
    return *hashed(texts[0] if len(texts) == 1 else _joined(texts)), present


def _joined(texts: list[pa.Array]) -> pa.Array:
    return pc.binary_join_element_wise(
        *[text.cast(pa.large_string()) for text in texts], pa.scalar(_SEPARATOR, pa.large_string())
    )


def normal(column: Any) -> pa.Array:
    """The normal form of each text (see ``Normalise``)."""
    lowered = pc.utf8_lower(pc.utf8_normalize(plain(column), form="NFKC"))
    if not Utf8.of(lowered).ascii:
        lowered = pc.replace_substring_regex(lowered, pattern=r"[\pP\pZ]+", replacement=" ")
    return pa.concat_arrays([_single_blanks(part) for part in pieces(lowered)])


def _single_blanks(text: Utf8) -> pa.Array:
    """Every run of ASCII blanks and punctuation as one blank, none at either end of a row.

    Of each run only its last byte stays, and only where a word of the same row goes before.
    """
    between = blank_bytes(text.data) | _PUNCTUATION[text.data]
    words = np.flatnonzero(run_starts(text, ~between))
    leading = np.searchsorted(words, text.offsets[:-1])
    leading = leading[leading < np.searchsorted(words, text.offsets[1:])]
    stays = ~between
    stays[np.delete(words, leading) - 1] = True
    data = np.where(between, np.uint8(32), text.data)[stays]
    return strings(data, np.concatenate(([0], np.cumsum(text.counts(stays)))))


def hashed(column: pa.Array) -> tuple[Words, Words]:
    """Two 64-bit hashes per text."""
    first, second = zip(*(_hashed(part) for part in pieces(column)), strict=True)
    return np.concatenate(first), np.concatenate(second)


def _hashed(text: Utf8) -> tuple[Words, Words]:
    sizes = np.diff(text.offsets)
    counts = np.maximum(1, (sizes + 3) // 4)
    begins = np.cumsum(counts) - counts
    place = np.arange(int(counts.sum())) - np.repeat(begins, counts)
    units = _every_word(text.data)[np.repeat(text.offsets[:-1], counts) + 4 * place].astype(np.uint64)
    tail = (sizes - 4 * (counts - 1)).astype(np.uint64) * np.uint64(8)
    ends = begins + counts - 1
    units[ends] &= (np.uint64(1) << tail) - np.uint64(1)
    first, second = (_linear(units, place, begins, sizes, which) for which in (0, 1))
    return first, second


def _every_word(data: Bytes) -> Any:
    """The little-endian 32-bit word at every byte position, zeros beyond the end: a view, not a copy."""
    padded = np.concatenate((data, np.zeros(4, dtype=np.uint8)))
    return np.ndarray((data.size + 1,), dtype="<u4", buffer=padded.data, strides=(1,))


def _linear(units: Words, place: Any, begins: Any, sizes: Any, which: int) -> Words:
    """``sum(key[i] * word[i]) + key[length] * length``, modulo 2**64."""
    if not sizes.size:
        return np.zeros(0, dtype=np.uint64)
    keys = _keys(which, max(_SMALLEST_TABLE, 1 << int(place.max() + 2).bit_length()))
    total: Words = np.add.reduceat(units * keys[place + 1], begins) + keys[0] * sizes.astype(np.uint64)
    return total


@functools.lru_cache(maxsize=8)
def _keys(which: int, size: int) -> Words:
    return _KEYS.words(np.arange(size), slot=which)
