"""A small character n-gram model: how surprising is a text, in bits per character?

Interpolated by Witten and Bell ("The zero-frequency problem", 1991): with ``c`` continuations counted after a context,
``t`` of them different, P(x | context) = (count(x) + t P(x | shorter context)) / (c + t).
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.predictors import Floats

ORDER = 5
_BITS = 12
_UNKNOWN = (1 << _BITS) - 1


@attrs.frozen(eq=False)
class Counts:
    """How often each key was counted; keys ascend."""

    keys: Ints
    counts: Ints

    @classmethod
    def of(cls, keys: Ints) -> Counts:
        """Count keys."""
        return cls(*np.unique(keys, return_counts=True))

    def at(self, keys: Ints) -> Ints:
        """The counts of some keys; 0 for those that were never seen."""
        if not self.keys.size:
            return np.zeros(keys.size, np.int64)
        place = np.minimum(np.searchsorted(self.keys, keys), self.keys.size - 1)
        return np.where(self.keys[place] == keys, self.counts[place], 0).astype(np.int64)


@attrs.frozen(eq=False)
class CharacterModel:
    """Counts of the runs of one to five characters of some texts. The 4,094 commonest characters are told apart."""

    alphabet: Ints
    runs: tuple[Counts, ...]
    contexts: tuple[Counts, ...]
    kinds: tuple[Counts, ...]

    @classmethod
    def of(cls, texts: Any) -> CharacterModel:
        """Count the characters of these texts."""
        points, _ = _points(texts)
        known, counts = np.unique(points, return_counts=True)
        alphabet = np.sort(known[np.argsort(-counts, kind="stable")[: _UNKNOWN - 1]])
        keys = _keys(texts, alphabet)
        runs = tuple(Counts.of(each) for each in keys)
        contexts = tuple(Counts.of(each >> _BITS) for each in keys)
        kinds = tuple(Counts.of(each.keys >> _BITS) for each in runs)
        return cls(alphabet, runs, contexts, kinds)

    def bits(self, texts: Any) -> Floats:
        """Bits per character of each text; not a number where a text is empty."""
        keys = _keys(texts, self.alphabet)
        chance = np.full(keys[0].size, 1.0 / (self.alphabet.size + 1))
        for run, context, kind, each in zip(self.runs, self.contexts, self.kinds, keys, strict=True):
            seen, kinds = context.at(each >> _BITS), kind.at(each >> _BITS)
            mixed = (run.at(each) + kinds * chance) / np.maximum(seen + kinds, 1)
            chance = np.where(seen > 0, mixed, chance)
        _, rows = _points(texts)
        sums = np.bincount(rows, weights=-np.log2(chance), minlength=len(texts))
        sizes = np.bincount(rows, minlength=len(texts))
        return np.asarray(np.divide(sums, sizes, out=np.full(len(texts), np.nan), where=sizes > 0), dtype=np.float64)


def _points(texts: Any) -> tuple[Ints, Ints]:
    """The code points of all texts, lower-cased, one after the other, and the text of each."""
    lowered = pc.utf8_lower(pc.fill_null(texts, "")).cast(pa.string())
    sizes = pc.utf8_length(lowered).to_numpy(zero_copy_only=False)
    whole = "".join(lowered.to_pylist()).encode("utf-32-le", "surrogatepass")
    points = np.frombuffer(whole, dtype="<u4").astype(np.int64)
    return points, np.repeat(np.arange(len(lowered)), sizes).astype(np.int64)


def _keys(texts: Any, alphabet: Ints) -> list[Ints]:
    """Of every character, the run of one, two, ... that ends in it as one number; 0 stands before a text."""
    points, rows = _points(texts)
    place = np.minimum(np.searchsorted(alphabet, points), max(0, alphabet.size - 1))
    codes = np.where(alphabet[place] == points, place + 1, _UNKNOWN) if alphabet.size else points * 0 + _UNKNOWN
    keys = [codes.astype(np.int64)]
    for back in range(1, ORDER):
        before = np.zeros_like(codes)
        before[back:] = np.where(rows[back:] == rows[:-back], codes[:-back], 0)
        keys.append(keys[-1] | (before.astype(np.int64) << (_BITS * back)))
    return keys
