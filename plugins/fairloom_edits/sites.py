"""Sites: the places of a column where an edit could be made, and the choice among them by address."""

from __future__ import annotations

from typing import Any, Protocol

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Draws, Ints, Words, philox
from fairloom.edits import Edits, Ranges
from fairloom.utf8 import Mask

_32 = np.uint64(32)
_LOW = np.uint64(0xFFFFFFFF)


@attrs.frozen(eq=False)
class Sites:
    """Where edits could be made: sorted by row and start, no two of a row with the same start.

    ``key`` is whatever the finder wants to know again of a site when it writes there.
    """

    row: Ints
    start: Ints
    end: Ints
    key: Ints

    def take(self, places: Any) -> Sites:
        """Those at ``places``, or those that are marked."""
        return Sites(self.row[places], self.start[places], self.end[places], self.key[places])


class Finds(Protocol):
    """One kind of edit: where it could be made, and what it writes there."""

    def find(self, texts: Any) -> Sites:
        """Every site of a string column."""

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:
        """The new text of each chosen site; ``words`` are 32 random bits each."""


@attrs.frozen
class Amount:
    """How many edits a row gets: ``count``, or the share ``rate`` of its sites, but one where there is a site."""

    count: int | None = None
    rate: float | None = None

    def of(self, sites: Ints, words: Words) -> Ints:
        """Edits per row, given the sites and 32 random bits per row, which round the share up or down."""
        if self.rate is None:
            return np.minimum(sites, self.count or 1)
        exact = self.rate * sites
        rounded = np.floor(exact + words.astype(np.float64) * 2.0**-32).astype(np.int64)
        return np.minimum(np.maximum(rounded, 1), sites)


@attrs.frozen(eq=False)
class Addresses:
    """Where the randomness of each row is found."""

    draws: Draws
    address: Ints
    attempt: Ints

    def words(self, rows: Ints, number: Ints) -> tuple[Words, Words]:
        """Two times 32 random bits for draw ``number`` of each row."""
        where, attempt = self.address[rows].astype(np.uint64), self.attempt[rows].astype(np.uint64)
        out = philox((where & _LOW, where >> _32, attempt, number.astype(np.uint64)), self.draws.key)
        return out[0], out[2]


def chosen(sites: Sites, amount: Amount, addresses: Addresses) -> tuple[Sites, Words]:
    """The sites to edit and 32 random bits for each: one in every of k equal stretches of a row's sites.

    Any site is as likely as any other, edits are spread over the text, and none overlap.
    """
    have = np.bincount(sites.row, minlength=addresses.address.size)
    rows = np.flatnonzero(have)
    first, _ = addresses.words(rows, np.zeros(rows.size, np.int64))
    wanted = amount.of(have[rows], first)
    total = np.cumsum(wanted)
    number = np.arange(total[-1] if total.size else 0) - np.repeat(total - wanted, wanted)
    row, size, parts = np.repeat(rows, wanted), np.repeat(have[rows], wanted), np.repeat(wanted, wanted)
    place, words = addresses.words(row, number + 1)
    low, high = number * size // parts, (number + 1) * size // parts
    within = ((place * (high - low).astype(np.uint64)) >> _32).astype(np.int64)
    before = np.cumsum(have) - have
    at = before[row] + low + within
    kept = apart(sites.take(at))
    return sites.take(at[kept]), words[kept]


def apart(sites: Sites) -> Mask:
    """Which of the sites to keep so that none overlap: from left to right, the first come."""
    kept = np.ones(sites.row.size, np.bool_)
    while True:
        left = np.flatnonzero(kept)
        wrong = (sites.row[left][1:] == sites.row[left][:-1]) & (sites.start[left][1:] < sites.end[left][:-1])
        if not wrong.any():
            return kept
        again = np.concatenate(([False], wrong))
        again[1:] &= ~again[:-1]
        kept[left[again]] = False


def within(sites: Sites, ranges: Ranges) -> Mask:
    """Which sites lie inside one of the ranges of their row. Ranges of a row do not overlap."""
    order = np.lexsort((ranges.start, ranges.row))
    row, start, end = ranges.row[order], ranges.start[order], ranges.end[order]
    width = max((int(each.max()) for each in (sites.end, end) if each.size), default=0) + 1
    at = np.searchsorted(row * width + start, sites.row * width + sites.start, side="right") - 1
    if not row.size:
        return np.zeros(sites.row.size, np.bool_)
    near = np.maximum(at, 0)
    inside: Mask = (at >= 0) & (row[near] == sites.row) & (sites.end <= end[near])
    return inside


def touching(sites: Sites, ranges: Ranges, *, borders: bool = True) -> Mask:
    """Which sites overlap one of the ranges; with ``borders``, insertions at a border of one count too."""
    if not ranges.row.size or not sites.row.size:
        return np.zeros(sites.row.size, np.bool_)
    width = max(int(each.max()) for each in (sites.end, ranges.end)) + 2
    # In half steps: an insertion reaches half a step to both sides, or none.
    reach = ((sites.start == sites.end) & borders).astype(np.int64)
    begin = 2 * (sites.row * width + sites.start) - reach
    finish = 2 * (sites.row * width + sites.end) + reach
    starts = np.sort(2 * (ranges.row * width + ranges.start))
    ends = np.sort(2 * (ranges.row * width + ranges.end))
    opened = np.searchsorted(starts, finish, side="left")
    closed = np.searchsorted(ends, begin, side="right")
    touched: Mask = opened > closed
    return touched


def edits_at(sites: Sites, new: pa.Array, rule: str) -> Edits:
    """The chosen sites as edits, already in order."""
    rules = pa.array([rule], pa.large_string()).take(pa.array(np.zeros(sites.row.size, np.int64)))
    return Edits(sites.row, sites.start, sites.end, new, rules, np.arange(sites.row.size))
