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
    """Where edits could be made: sorted by row and start, no two of a row with the same start, ends sorted too.

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
    """The sites to edit and 32 random bits for each: one in every of k stretches of a row's sites, laid as a ring.

    The ring begins anywhere, so any site is as likely as any other. Edits are spread over the text, and none overlap.
    """
    if amount.rate == 1.0:
        return _all(sites, addresses)
    have = np.bincount(sites.row, minlength=addresses.address.size)
    rows = np.flatnonzero(have)
    first, turn = addresses.words(rows, np.zeros(rows.size, np.int64))
    wanted = amount.of(have[rows], first)
    total = np.cumsum(wanted)
    number = np.arange(total[-1] if total.size else 0) - np.repeat(total - wanted, wanted)
    row, size, parts = np.repeat(rows, wanted), np.repeat(have[rows], wanted), np.repeat(wanted, wanted)
    place, words = addresses.words(row, number + 1)
    low, high = number * size // parts, (number + 1) * size // parts
    inside = ((place * (high - low).astype(np.uint64)) >> _32).astype(np.int64)
    begin = np.repeat(((turn * have[rows].astype(np.uint64)) >> _32).astype(np.int64), wanted)
    before = np.cumsum(have) - have
    at = before[row] + (low + inside + begin) % np.maximum(size, 1)
    order = np.argsort(at, kind="stable")
    at, words = at[order], words[order]
    kept = apart(sites.take(at))
    return sites.take(at[kept]), words[kept]


def _all(sites: Sites, addresses: Addresses) -> tuple[Sites, Words]:
    """Every site. The ring has one stretch for each, so only which of the random bits are whose is left to say."""
    have = np.bincount(sites.row, minlength=addresses.address.size)
    rows = np.flatnonzero(have)
    _, turn = addresses.words(rows, np.zeros(rows.size, np.int64))
    begin = np.zeros(have.size, np.int64)
    begin[rows] = (turn * have[rows].astype(np.uint64)) >> _32
    place = np.arange(sites.row.size) - (np.cumsum(have) - have)[sites.row]
    number = place - begin[sites.row]
    number += (number < 0) * have[sites.row]
    _, words = addresses.words(sites.row, number + 1)
    kept = apart(sites)
    return sites.take(kept), words[kept]


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
    """Which sites lie inside one of the ranges of their row. What is inserted at a border stands outside."""
    if not ranges.row.size or not sites.row.size:
        return np.zeros(sites.row.size, np.bool_)
    begin, finish, width = _keys(sites, ranges, (sites.start == sites.end).astype(np.int64))
    first = np.searchsorted(begin, 2 * (ranges.row * width + ranges.start), side="left")
    last = np.searchsorted(finish, 2 * (ranges.row * width + ranges.end), side="right")
    return _covered(first, last, sites.row.size)


def touching(sites: Sites, ranges: Ranges, *, borders: bool = True) -> Mask:
    """Which sites overlap one of the ranges; with ``borders``, insertions at a border of one count too."""
    if not ranges.row.size or not sites.row.size:
        return np.zeros(sites.row.size, np.bool_)
    # In half steps: an insertion reaches half a step to both sides, or none.
    begin, finish, width = _keys(sites, ranges, ((sites.start == sites.end) & borders).astype(np.int64))
    first = np.searchsorted(finish, 2 * (ranges.row * width + ranges.start), side="right")
    last = np.searchsorted(begin, 2 * (ranges.row * width + ranges.end), side="left")
    return _covered(first, last, sites.row.size)


def _keys(sites: Sites, ranges: Ranges, reach: Any) -> tuple[Ints, Ints, int]:
    """Both ends of the sites in half steps, as single numbers: the few ranges are looked up, not the many sites."""
    width = max(int(each.max()) for each in (sites.end, ranges.end)) + 2
    rows = sites.row * width
    return 2 * (rows + sites.start) - reach, 2 * (rows + sites.end) + reach, width


def _covered(first: Ints, last: Ints, size: int) -> Mask:
    """Which of so many sites are between the first and the last of some range."""
    steps = np.bincount(first, minlength=size + 1) - np.bincount(np.maximum(first, last), minlength=size + 1)
    out: Mask = np.cumsum(steps[:-1]) > 0
    return out


def edits_at(sites: Sites, new: pa.Array, rule: str) -> Edits:
    """The chosen sites as edits, already in order."""
    rules = pa.array([rule], pa.large_string()).take(pa.array(np.zeros(sites.row.size, np.int64)))
    return Edits(sites.row, sites.start, sites.end, new, rules, np.arange(sites.row.size))
