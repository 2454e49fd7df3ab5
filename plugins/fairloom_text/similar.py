"""All pairs of sets whose Jaccard similarity reaches a threshold, none missed.

Prefix filtering (Chaudhuri et al., "A primitive operator for similarity joins in data cleaning", 2006;
Bayardo et al., "Scaling up all pairs similarity search", 2007): order the values of every set from rare to
frequent; two sets with similarity ``t`` share a value among the first ``size - ceil(t size) + 1`` of each.
Pairs that do are bounded by the place of that value (Xiao et al., "Efficient similarity joins for near
duplicate detection", 2008), then by 256-bit summaries, and what is left is counted exactly.

The same pairs as by MinHash would be, without its misses: for sets as small as those of sentences the
rare values are quicker than a hundred permutations. Time grows with the pairs that share a rare value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np

from fairloom.contingency import Floats
from fairloom.draws import Ints

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.draws import Words
    from fairloom.utf8 import Mask

_PAIRS = 1 << 20
"""Pairs looked at together: bounds the memory."""
_SUMMARY = 4
_TINY = 1e-9
_STARTS = (0x9E3779B97F4A7C15, 0x3C6EF372FE94F82A)


@attrs.frozen(eq=False)
class Sets:
    """Sets of integers: set ``i`` is ``values[offsets[i]:offsets[i + 1]]``, distinct."""

    offsets: Ints
    values: Ints

    @property
    def sizes(self) -> Ints:
        """How many values each set has."""
        return np.diff(self.offsets)

    @property
    def owners(self) -> Ints:
        """The set of every value."""
        return np.repeat(np.arange(self.offsets.size - 1), self.sizes)

    def take(self, chosen: Ints) -> Sets:
        """These sets."""
        sizes = self.sizes[chosen]
        offsets = np.concatenate(([0], np.cumsum(sizes)))
        places = np.arange(int(offsets[-1])) + np.repeat(self.offsets[:-1][chosen] - offsets[:-1], sizes)
        return Sets(offsets, self.values[places])

    def by_rarity(self) -> Sets:
        """The values numbered from rare to frequent, each set in that order."""
        _, values, counts = np.unique(self.values, return_inverse=True, return_counts=True)
        rank = np.empty(counts.size, dtype=np.int64)
        rank[np.argsort(counts, kind="stable")] = np.arange(counts.size)
        keys = (self.owners << 32) | rank[values]
        keys.sort()
        return Sets(self.offsets, keys & 0xFFFFFFFF)


@attrs.frozen(eq=False)
class Pairs:
    """Pairs of sets, ``first < second`` by number, and their Jaccard similarities."""

    first: Ints
    second: Ints
    similarity: Floats


def similar_pairs(sets: Sets, threshold: float) -> Pairs:
    """Every pair of sets with ``|a & b| / |a | b| >= threshold``, in order. No set may be empty."""
    if not sets.sizes.size:
        return _once([_none()])
    sets = sets.by_rarity()
    keys, summaries = (sets.owners << 32) | sets.values, _summaries(sets)
    found = [_none()]
    for first, second, bound in _candidates(sets, threshold):
        sizes = sets.sizes[first] + sets.sizes[second]
        least = np.ceil(threshold / (1 + threshold) * sizes - _TINY).astype(np.int64)  # common values needed
        near = bound >= least
        near[near] = _differing(summaries, first[near], second[near]) <= (sizes - 2 * least)[near]
        a, b, total = first[near], second[near], sizes[near]
        common = _common(sets, keys, a, b)
        alike = common >= least[near]
        found.append((a[alike], b[alike], (common / (total - common))[alike]))
    return _once(found)


def _none() -> tuple[Ints, Ints, Floats]:
    return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0)


def _once(found: list[tuple[Ints, Ints, Floats]]) -> Pairs:
    """Each pair once, the smaller number first."""
    a, b, similarity = (np.concatenate(part) for part in zip(*found, strict=True))
    keys, where = np.unique((np.minimum(a, b) << 32) | np.maximum(a, b), return_index=True)
    return Pairs(keys >> 32, keys & 0xFFFFFFFF, similarity[where])


def _candidates(sets: Sets, threshold: float) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Pairs that share a value of their prefixes, with the most values they can have in common from there on.

    The bound holds at the first value a pair shares; a pair met at a later one may be lost there, and does
    no harm. Sizes must allow the similarity: ``smaller >= threshold * larger``.
    """
    sizes = sets.sizes
    prefix = sizes - np.ceil(threshold * sizes - _TINY).astype(np.int64) + 1
    owner = np.repeat(np.arange(sizes.size), prefix)
    place = np.arange(owner.size) - np.repeat(np.cumsum(prefix) - prefix, prefix)
    value = sets.values[sets.offsets[:-1][owner] + place]
    order = np.lexsort((owner, sizes[owner], value))
    owner, place, value = owner[order], place[order], value[order]
    size, rest = sizes[owner], sizes[owner] - place
    scaled = (value << 24) + size  # sets of 2**24 shingles are beyond any text
    smallest = np.ceil(threshold * size - _TINY).astype(np.int64)
    start = np.searchsorted(scaled, (value << 24) + smallest)
    many = np.arange(owner.size) - start
    for low, high in _chunks(many):
        later = np.repeat(np.arange(low, high), many[low:high])
        step = np.arange(later.size) - np.repeat(np.cumsum(many[low:high]) - many[low:high], many[low:high])
        earlier = start[later] + step
        yield owner[earlier], owner[later], np.minimum(rest[earlier], rest[later])


def _chunks(many: Ints) -> Iterator[tuple[int, int]]:
    """Runs of entries with about so many pairs."""
    ends = np.cumsum(many)
    low = 0
    while low < many.size:
        done = int(ends[low - 1]) if low else 0
        high = max(low + 1, int(np.searchsorted(ends, done + _PAIRS, side="right")))
        yield low, high
        low = high


def _summaries(sets: Sets) -> Words:
    """256 bits per set, one set for each value: two sets differ in at least as many values as bits."""
    bits = (sets.values.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(56)
    word, flag = bits >> np.uint64(6), np.uint64(1) << (bits & np.uint64(63))
    parts = [np.where(word == place, flag, np.uint64(0)) for place in range(_SUMMARY)]
    return np.stack([np.bitwise_or.reduceat(part, sets.offsets[:-1]) for part in parts], axis=1)


def _differing(summaries: Words, first: Ints, second: Ints) -> Ints:
    counted: Ints = np.bitwise_count(summaries[first] ^ summaries[second]).sum(axis=1, dtype=np.int64)
    return counted


def _common(sets: Sets, keys: Ints, first: Ints, second: Ints) -> Ints:
    """How many values each pair has in common. ``keys`` holds all sets' values, sorted by set and value."""
    swap = sets.sizes[first] > sets.sizes[second]
    small, large = np.where(swap, second, first), np.where(swap, first, second)
    out = np.zeros(first.size, dtype=np.int64)
    for low, high in _chunks(sets.sizes[small]):
        part = sets.take(small[low:high])
        wanted = (np.repeat(large[low:high], part.sizes) << 32) | part.values
        hit = keys[np.minimum(np.searchsorted(keys, wanted), keys.size - 1)] == wanted
        out[low:high] = np.add.reduceat(hit.astype(np.int64), part.offsets[:-1])
    return out


def equal_sets(sets: Sets) -> tuple[Ints, Ints]:
    """A number per set, equal for equal sets, and the first set of each number.

    Sets are compared by two 64-bit sums over mixed values; the chance that some two of a million
    different sets agree is below 2**-60.
    """
    sums = (
        [np.add.reduceat(_mixed(sets.values, which), sets.offsets[:-1]) for which in (0, 1)] if sets.sizes.size else []
    )
    if not sums:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    order = np.lexsort((*sums, sets.sizes))
    begins = _changes([sums[0][order], sums[1][order], sets.sizes[order]])
    numbers = np.empty(order.size, dtype=np.int64)
    numbers[order] = np.cumsum(begins) - 1
    return numbers, order[begins]


def _changes(columns: list[Ints]) -> Mask:
    begins = np.ones(columns[0].size, dtype=np.bool_)
    begins[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return begins


def _mixed(values: Ints, which: int) -> Words:
    """The finaliser of splitmix64 (Steele, Lea and Flood, 2014), started at two places."""
    words = values.astype(np.uint64) + np.uint64(_STARTS[which])
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed
