"""Texts to tokens, over whole columns: what vocabularies and the search for shortcuts count."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.utf8 import pieces, plain, run_starts, strings

WORDS = r"[\pL\pM]+(?:['\x{2019}][\pL\pM]+)*"
"""A run of letters with their marks, apostrophes between letters included. Writing without blanks between
words (Chinese, Japanese, Thai) comes out as whole runs: give a pattern of your own there."""
_MARK = "\x1f"


@attrs.frozen(eq=False)
class Tokens:
    """Every token of a column in order: its row, and its code in ``names`` (in order of first appearance)."""

    rows: Ints
    codes: Ints
    names: list[str]


def tokens(column: Any, pattern: str) -> Tokens:
    """Every match of the RE2 pattern in the lower-cased texts.

    The pattern runs over distinct parts only. For ``WORDS`` those are what stands between bytes that no word
    holds, so a large column costs little more than its vocabulary; for other patterns they are whole texts.
    """
    lowered = pc.utf8_lower(plain(column))
    rows, parts = _parts(lowered) if pattern == WORDS else (np.arange(len(lowered)), lowered)
    encoded = parts.dictionary_encode()
    owners, found = _matched(encoded.dictionary, pattern)
    names = found.dictionary_encode()
    held = np.bincount(owners, minlength=len(encoded.dictionary))
    part = encoded.indices.to_numpy(zero_copy_only=False)
    times = held[part]
    ends = np.cumsum(times)
    first = (np.cumsum(held) - held)[part] - (ends - times)  # of each part's matches, less its place in the result
    places = np.arange(int(ends[-1]) if ends.size else 0) + np.repeat(first, times)
    codes = names.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return Tokens(np.repeat(rows, times), codes[places], names.dictionary.to_pylist())


def _matched(texts: pa.Array, pattern: str) -> tuple[Ints, pa.Array]:
    """The row of every match, and the match: set a mark before and after each and split there."""
    unmarked = pc.replace_substring(texts, _MARK, " ")
    marked = pc.replace_substring_regex(unmarked, pattern=f"({pattern})", replacement=f"{_MARK}\\1{_MARK}")
    parts = pc.split_pattern(marked, _MARK)
    rows = pc.list_parent_indices(parts).to_numpy(zero_copy_only=False).astype(np.int64)
    sizes = np.bincount(rows, minlength=len(texts))
    place = np.arange(rows.size) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    odd = np.flatnonzero(place % 2)  # the parts between two marks
    return rows[odd], pc.list_flatten(parts).take(pa.array(odd)).cast(pa.large_string())


def _parts(lowered: pa.Array) -> tuple[Ints, pa.Array]:
    """The runs of small letters, apostrophes and bytes beyond ASCII: no word of ``WORDS`` reaches out of one."""
    rows, texts, start = [], [], 0
    for piece in pieces(lowered):
        inside = ((piece.data - np.uint8(ord("a"))) < 26) | (piece.data == ord("'")) | (piece.data >= 0x80)
        starts = np.flatnonzero(run_starts(piece, inside))
        bounds = np.concatenate(([0], np.cumsum(inside)))
        texts.append(strings(piece.data[inside], np.append(bounds[starts], bounds[-1])))
        rows.append(np.repeat(np.arange(len(piece)) + start, np.diff(np.searchsorted(starts, piece.offsets))))
        start += len(piece)
    return np.concatenate(rows), pa.concat_arrays(texts)
