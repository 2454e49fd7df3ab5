"""Surface features of a text column: one small integer per row and feature, computed over whole columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.utf8 import characters, plain, words

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from fairloom.draws import Ints

_TRIPLES = "|".join(letter * 3 for letter in "abcdefghijklmnopqrstuvwxyz")
TYPOS = rf"\p{{Ll}}\p{{Lu}}|\pL\p{{Nd}}+\pL|\S\s{{2,}}\S|\s[,;:!?]|[,;!?]\pL|(?i:{_TRIPLES})"
"""Slips that show without a dictionary: a capital or digit inside a word, blanks too many, too few or before a mark,
one letter three times."""

COUNTED: Mapping[str, str] = {
    "punctuation": r"\pP",
    "commas": r"[,\x{3001}\x{ff0c}]",
    "capitals": r"\p{Lu}",
    "articles": r"(?i)\b(?:a|an|the)\b",
    "digits": r"\p{Nd}",
    "typos": TYPOS,
}
"""What is counted, as RE2; the articles are those of English."""

ENDS = (".", "!", "?", "\u2026", ":", ",", '"', "'", ")")
STARTS = (r"^\s*\p{Lu}", r"^\s*\p{Ll}", r"^\s*\p{Nd}")
_LETTER, _OTHER = len(ENDS), len(ENDS) + 1


def _counts(pattern: str) -> Callable[[pa.Array], Ints]:
    def count(texts: pa.Array) -> Ints:
        counted: Ints = pc.count_substring_regex(texts, pattern).to_numpy(zero_copy_only=False).astype(np.int64)
        return counted

    return count


def _ends(texts: pa.Array) -> Ints:
    """Which of ``ENDS`` a text ends in, or a letter, digit or mark, or anything else."""
    last = pc.utf8_slice_codeunits(pc.utf8_rtrim_whitespace(texts), start=-1)
    known = pc.index_in(last, value_set=pa.array(ENDS, last.type)).fill_null(_OTHER).to_numpy(zero_copy_only=False)
    letter = pc.match_substring_regex(last, r"[\pL\pM\pN]").to_numpy(zero_copy_only=False)
    return np.where(letter, _LETTER, known).astype(np.int64)


def _starts(texts: pa.Array) -> Ints:
    """Whether a text starts with a capital, a small letter, a digit or something else."""
    found = np.full(len(texts), len(STARTS), dtype=np.int64)
    for code, pattern in enumerate(STARTS):
        found[pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)] = code
    return found


NUMBERS: Mapping[str, Callable[[pa.Array], Ints]] = {
    "words": words,
    "characters": characters,
    **{name: _counts(pattern) for name, pattern in COUNTED.items()},
}
"""Features with an order; they are compared in quantile bins."""
KINDS: Mapping[str, Callable[[pa.Array], Ints]] = {"end": _ends, "start": _starts}
"""Features without an order."""


def features(column: Any) -> dict[str, Ints]:
    """Every feature of every row; no text may be null."""
    texts = plain(column)
    return {name: feature(texts) for name, feature in (*NUMBERS.items(), *KINDS.items())}


def binned(counts: Ints, bins: int) -> Ints:
    """The bin of each distinct value in order, from how often each occurs.

    A value is in the bin of the middle of its ranks, so ties stay together and no bin is cut by a margin.
    """
    middle = np.cumsum(counts) - counts / 2
    found: Ints = np.minimum((middle * bins / max(1, counts.sum())).astype(np.int64), bins - 1)
    return found
