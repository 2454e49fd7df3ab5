"""Edits of single characters: swap, delete, insert, substitute, repeat."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Words
from fairloom.utf8 import Mask
from fairloom_edits.sites import Sites
from fairloom_edits.texts import Points, Texts, joined

_32 = np.uint64(32)
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def sites_of(texts: Texts, marked: Mask, length: int = 1, offset: int = 0) -> Sites:
    """A site at every marked code point: so long, and so far behind its start."""
    at = np.flatnonzero(marked)
    start = texts.places[at] + offset
    return Sites(texts.rows[at], start, start + length, texts.points[at].astype(np.int64))


def picked(words: Words, count: Any) -> Any:
    """A number below ``count`` for each of the random words."""
    return ((words * np.asarray(count).astype(np.uint64)) >> _32).astype(np.int64)


@attrs.frozen
class Swap:
    """Two letters of a word change places."""

    def find(self, texts: Any) -> Sites:
        """Neighbouring letters that differ."""
        made = Texts.of(texts)
        first = made.letters.copy()
        first[:-1] &= first[1:] & (made.points[1:] != made.points[:-1])
        first &= made.same_row
        at = np.flatnonzero(first)
        pair = made.points[at].astype(np.int64) << 32 | made.points[np.minimum(at + 1, made.points.size - 1)]
        start = made.places[at]
        return Sites(made.rows[at], start, start + 2, pair)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """The two the other way round."""
        return joined(np.stack([sites.key & 0xFFFFFFFF, sites.key >> 32], axis=1).astype(np.uint32))


@attrs.frozen
class Delete:
    """A letter of a word is left out."""

    def find(self, texts: Any) -> Sites:
        """Letters of words, but for the first of each, so that no word is left without letters."""
        made = Texts.of(texts)
        behind = made.letters.copy()
        behind[1:] &= made.letters[:-1] & made.same_row[:-1]
        behind[:1] = False
        return sites_of(made, behind)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """Nothing."""
        return pa.array([""], pa.large_string()).take(pa.array(np.zeros(sites.row.size, np.int64)))


@attrs.frozen
class Repeat:
    """A letter is written twice."""

    def find(self, texts: Any) -> Sites:
        """Behind every letter."""
        made = Texts.of(texts)
        return sites_of(made, made.letters, 0, 1)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """The letter before."""
        return joined(sites.key[:, None].astype(np.uint32))


def _points(letters: str) -> Points:
    return np.frombuffer(letters.encode("utf-32-le"), np.uint32)


@attrs.frozen
class Alphabet:
    """Letters to draw from: small ones, and the capitals that stand for them."""

    letters: str

    def holds(self, texts: Texts) -> Mask:
        """Which code points are letters of the alphabet, small or capital, and stand alone."""
        known = _points(self.letters + self.letters.upper())
        return np.isin(texts.points, known) & texts.letters

    def draw(self, keys: Any, words: Words, *, other: bool) -> pa.Array:
        """A letter for each key, in its case; with ``other`` never the letter itself."""
        small, capital = _points(self.letters), _points(self.letters.upper())
        upper = np.isin(keys, capital)
        own = np.where(upper, _index(capital, keys), _index(small, keys))
        drawn = picked(words, small.size - other)
        drawn += other & (drawn >= own)
        return joined(np.where(upper, capital[drawn], small[drawn])[:, None])


def _index(letters: Points, keys: Any) -> Any:
    order = np.argsort(letters)
    return order[np.minimum(np.searchsorted(letters[order], keys), letters.size - 1)]


@attrs.frozen
class Insert:
    """A letter too many."""

    alphabet: Alphabet

    def find(self, texts: Any) -> Sites:
        """Behind every letter of the alphabet."""
        made = Texts.of(texts)
        return sites_of(made, self.alphabet.holds(made), 0, 1)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """Any letter, in the case of the one before."""
        return self.alphabet.draw(sites.key, words, other=False)


@attrs.frozen
class Substitute:
    """Another letter."""

    alphabet: Alphabet

    def find(self, texts: Any) -> Sites:
        """Every letter of the alphabet."""
        made = Texts.of(texts)
        return sites_of(made, self.alphabet.holds(made))

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """Any letter but this one, in its case."""
        return self.alphabet.draw(sites.key, words, other=True)
