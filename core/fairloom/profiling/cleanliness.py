"""How clean texts are: how many show each sign of neglect, or of machine-made neatness."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Draws, Words
from fairloom.traces import DAMAGED, EMAIL
from fairloom.utf8 import Utf8

SIGNS = {
    "control_characters": r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}]",
    "doubled_blanks": r"[ \t\x{a0}]{2,}",
    "outer_blanks": r"^\s|\s$",
    "encoding_damage": DAMAGED,
    "urls": r"(?i)\bhttps?://[^\s]|\bwww\.[a-z0-9-]+\.",
    "emails": EMAIL,
    "phones": r"(?:\+|\b)[0-9](?:[ ().-]{0,2}[0-9]){8,14}\b",
    "html": r"(?i)</?[a-z][a-z0-9]*(?:\s[^<>]*)?/?>|&(?:[a-z]{2,8}|#[0-9]{1,7}|#x[0-9a-f]{1,6});",
    "final_punctuation": r"[.!?\x{2026}\x{3002}]['\"\x{2019}\x{201d})]*\s*$",
    "small_first_letter": r"^\s*\p{Ll}",
    "capitals_only": r"^\P{Ll}*\p{Lu}\P{Ll}*\p{Lu}\P{Ll}*$",
}
"""RE2 patterns. Personal data are only suspected: a pattern finds what looks like an address or a number."""
_KEYS = Draws(0, ("profile", "signature"))


@attrs.define(eq=False)
class Cleanliness:
    """Counts of rows. A word per row is kept to find texts that come again."""

    rows: int = 0
    blank: int = 0
    counts: dict[str, int] = attrs.field(factory=lambda: dict.fromkeys((*SIGNS, "not_nfc"), 0))
    signatures: list[Words] = attrs.field(factory=list)

    def take(self, texts: pa.Array) -> None:
        """Look at the next rows; a null is a row without text."""
        self.rows += len(texts)
        self.blank += texts.null_count
        written = texts.drop_null()
        for sign, pattern in SIGNS.items():
            self.counts[sign] += _true(pc.match_substring_regex(written, pattern))
        self.counts["not_nfc"] += _true(pc.not_equal(pc.utf8_normalize(written, form="NFC"), written))
        self.signatures.append(signed(written))

    def described(self) -> dict[str, Any]:
        """Rows with each sign, and the shares among the rows with a text."""
        words = np.concatenate(self.signatures)
        repeated = int(words.size - np.unique(words).size)
        counts = {"exact_duplicates": repeated, **self.counts}
        written = max(1, self.rows - self.blank)
        shares = {sign: count / written for sign, count in counts.items()}
        return {"rows": self.rows, "blank": self.blank, "counts": counts, "shares": shares}


def signed(texts: pa.Array) -> Words:
    """A word per text: a multilinear hash of its bytes with 64-bit multipliers, modulo 2**64.

    Two texts that differ in one byte share a word with probability at most 2**-56 (a difference below 2**8 leaves 56
    bits of a random multiplier), so among a million rows some pair does with probability about 2**-17.
    """
    column = Utf8.of(texts)
    sizes = np.diff(column.offsets)
    keys = _KEYS.words(np.arange(int(sizes.max(initial=0)) + 1))
    place = np.arange(column.data.size) - np.repeat(column.offsets[:-1], sizes)
    products = (column.data.astype(np.uint64) + np.uint64(1)) * keys[place]
    found = np.zeros(len(column), dtype=np.uint64)
    filled = np.flatnonzero(sizes)
    if filled.size:
        found[filled] = np.add.reduceat(products, column.offsets[filled])
    return found


def _true(flags: Any) -> int:
    return int(pc.sum(flags).as_py() or 0)
