"""Evening out tables of pairs by exchanging levels between rows.

Two rows of one block may exchange their levels of a part without changing a count within the block, so every
guarantee stays; only tables of two parts, or of a part and a cell axis, change. A round proposes many
exchanges at once and makes the best of them, as long as the sum of squared excesses over all tables falls.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

import attrs
import numpy as np

from fairloom.design import Bools
from fairloom.draws import Draws, Ints

DECLARED = 4
"""How much more an excess in a declared pair weighs."""
MOST_TABLE = 200_000
PATIENCE = 4
RESHUFFLE = 12
GAIN = 100
"""A round counts as idle when it improves the score by less than one part in so many."""
UNIT, FINE = 64, 4_096
"""Excesses are whole numbers of 1 / ``UNIT`` of a row: floats could round apart on two machines."""
MOST_GROUPED = 50_000_000
MOST_ROWS, MOST_WORK = 8_192, 4_000_000
"""Entries and rows that the tables of a plan may have together; of a longer plan a sample of rows is moved."""
PRIMES = (65_537, 262_139, 1_048_573, 4_194_301)
"""Combinations are counted by their number modulo a prime; a clash only makes an exchange look forbidden."""


@attrs.define(eq=False)
class Column:
    """One column of the design. Rows may exchange levels where ``group`` is equal; ``None``: never."""

    name: str
    levels: Ints
    size: int
    group: Ints | None = None
    shown: bool = True
    """Whether its level can be seen in a row: rows that agree in all shown columns are repeats."""


@attrs.define(eq=False)
class _Pair:
    """The table of two columns: excess over independence, and what an excess weighs."""

    one: int
    two: int
    excess: Ints
    weight: int

    @property
    def score(self) -> int:
        """Weighted sum of squared excesses."""
        return self.weight * int(np.vdot(self.excess, self.excess))

    def shift(self, old: tuple[Ints, Ints], new: tuple[Ints, Ints]) -> int:
        """Move rows from the entries ``old`` to the entries ``new``; by how much the score changes.

        Only the entries touched are looked at, so a large table costs no more than a small one.
        """
        width = self.excess.shape[1]
        leaving, arriving = (one * width + two for one, two in (old, new))
        flat = self.excess.reshape(-1)
        touched = np.unique(np.concatenate([leaving, arriving]))
        before = flat[touched]
        np.subtract.at(flat, leaving, UNIT)
        np.add.at(flat, arriving, UNIT)
        after = flat[touched]
        return self.weight * int(np.vdot(after - before, after + before))


class Polish:
    """The rows that may change (``sample``) of a design held as columns.

    ``distinct`` forbids exchanges that make two rows agree in all shown columns. ``taken`` may mark combinations of
    shown columns (mixed radix, last fastest) that no row may take.
    """

    def __init__(  # noqa: PLR0913 -- a design, which rows may move, and how
        self,
        columns: list[Column],
        declared: Iterable[frozenset[str]],
        draws: Draws,
        *,
        sample: Ints | None = None,
        distinct: bool = False,
        taken: Bools | None = None,
    ) -> None:
        self.rows = len(columns[0].levels)
        self.draws = draws
        wanted = set(declared)
        moving = [place for place, column in enumerate(columns) if column.group is not None and column.size > 1]
        self.pairs = [self._pair(columns, one, two, wanted) for one, two in _looked_at(columns, moving, wanted)]
        self.shown = [place for place, column in enumerate(columns) if column.shown]
        self.sizes = [columns[place].size for place in self.shown]
        enough = next((prime for prime in PRIMES if prime >= 32 * self.rows), PRIMES[-1])
        self.buckets = math.prod(self.sizes) if taken is not None else min(math.prod(self.sizes), enough)
        self.counts = self._occupied(columns, taken) if distinct else None
        rows = np.arange(self.rows) if sample is None else sample
        self.columns = [_only(column, rows) for column in columns]
        self.length = len(rows)
        self.movable = moving
        self.orders: dict[int, Ints] = {}

    def _pair(self, columns: list[Column], one: int, two: int, declared: set[frozenset[str]]) -> _Pair:
        first, second = columns[one], columns[two]
        flat = first.levels * second.size + second.levels
        table = np.bincount(flat, minlength=first.size * second.size).reshape(first.size, second.size)
        weight = DECLARED if frozenset((first.name, second.name)) in declared else 1
        return _Pair(one, two, UNIT * table - _expected(first, second), weight)

    def _occupied(self, columns: list[Column], taken: Bools | None) -> Ints:
        keys = self._keys([columns[place].levels for place in self.shown])
        counts = np.bincount(keys, minlength=self.buckets).astype(np.int64)
        return counts if taken is None else counts + taken

    def _keys(self, levels: list[Ints]) -> Ints:
        """A number for each combination of shown levels; of many combinations a few share one."""
        key = np.zeros(len(levels[0]), dtype=np.int64)
        for level, size in zip(levels, self.sizes, strict=True):
            key = (key * size + level) % self.buckets
        return key

    def score(self) -> int:
        """Sum of squared excesses over all cells of all tables."""
        return sum(pair.score for pair in self.pairs)

    def declared_excess(self) -> float:
        """By how many rows the worst entry of a declared pair is off."""
        worst = [int(np.abs(pair.excess).max(initial=0)) for pair in self.pairs if pair.weight == DECLARED]
        return max(worst, default=0) / UNIT

    def run(self, rounds: int) -> None:
        """Improve for at most ``rounds`` rounds; each goes through every column once."""
        share = dict.fromkeys(self.movable, max(8, self.length // 8))
        idle, score = 0, self.score()
        for number in range(rounds):
            if idle == PATIENCE or all(np.abs(pair.excess).max(initial=0) < UNIT for pair in self.pairs):
                return
            before = score
            for place in self.movable:
                share[place], change = self._round(place, number, share[place])
                score += change
            idle = 0 if score * GAIN < before * (GAIN - 1) else idle + 1

    def _round(self, place: int, number: int, share: int) -> tuple[int, int]:
        """Propose exchanges for one column and make the best; how many to make next time, and the change of score."""
        left, right = self._proposals(place, number)
        gain = self.gains(place, left, right)
        better = np.flatnonzero(gain < 0)
        best = better[np.argsort(gain[better], kind="stable")[:share]]
        best = best[self._stays_distinct(place, left[best], right[best])]
        while best.size:
            change = self.exchange(place, left[best], right[best])
            if change < 0:
                return min(2 * len(best) + 8, 8 + self.length // 8), change
            self.exchange(place, left[best], right[best])
            best = best[: len(best) // 2]
        return max(8, share // 2), 0

    def _proposals(self, place: int, number: int) -> tuple[Ints, Ints]:
        """Disjoint pairs of rows of one group with different levels.

        Rows stand in an order drawn within their groups; each is paired with the one ``step`` further on.
        """
        column = self.columns[place]
        if number % RESHUFFLE == 0 or place not in self.orders:
            words = self.draws.stream(column.name).words(np.arange(self.length), number)
            self.orders[place] = np.lexsort((words, _group(column)))
        order = self.orders[place]
        group = _group(column)[order]
        step = 1 + number % RESHUFFLE
        first = np.flatnonzero(np.arange(self.length - step) // step % 2 == number // 2 % 2)
        first = first[group[first] == group[first + step]]
        left, right = order[first], order[first + step]
        different = column.levels[left] != column.levels[right]
        return left[different], right[different]

    def _stays_distinct(self, place: int, left: Ints, right: Ints) -> Bools:
        """Exchanges after which both rows have combinations that nobody has or will have."""
        if self.counts is None or place not in self.shown:
            return np.ones(len(left), dtype=np.bool_)
        keys = self._after(place, left, right)
        _, inverse, many = np.unique(keys.reshape(-1), return_inverse=True, return_counts=True)
        alone = many[inverse.reshape(-1)].reshape(keys.shape) == 1
        return np.asarray(((self.counts[keys] == 0) & alone).all(axis=0), dtype=np.bool_)

    def _after(self, place: int, left: Ints, right: Ints) -> Ints:
        """Keys of the rows ``left`` and ``right`` (two lines) if they exchanged."""
        both = [[self.columns[other].levels[rows] for other in self.shown] for rows in (left, right)]
        spot = self.shown.index(place)
        both[0][spot], both[1][spot] = both[1][spot], both[0][spot]
        return np.stack([self._keys(levels) for levels in both])

    def gains(self, place: int, left: Ints, right: Ints) -> Ints:
        """By how much the score would change for each exchange alone (over ``UNIT``)."""
        mine = self.columns[place].levels
        a, b = mine[left], mine[right]
        gain = np.zeros(len(left), dtype=np.int64)
        for pair, other in self._tables(place):
            theirs = self.columns[other].levels
            x, y = theirs[left], theirs[right]
            ours, others = (self.columns[other].size, 1) if pair.one == place else (1, self.columns[place].size)
            flat, first, second = pair.excess.reshape(-1), x * others, y * others
            change = flat.take(b * ours + first)
            change -= flat.take(a * ours + first)
            change += flat.take(a * ours + second)
            change -= flat.take(b * ours + second)
            gain += np.where(x == y, 0, pair.weight * (2 * change + 4 * UNIT))
        return gain

    def _tables(self, place: int) -> list[tuple[_Pair, int]]:
        mine = [pair for pair in self.pairs if place in {pair.one, pair.two}]
        return [(pair, pair.two if pair.one == place else pair.one) for pair in mine]

    def exchange(self, place: int, left: Ints, right: Ints) -> int:
        """Let the rows ``left`` and ``right`` exchange their levels of one column; the change of the score."""
        mine = self.columns[place].levels
        rows = np.concatenate([left, right])
        old, new = mine[rows], np.concatenate([mine[right], mine[left]])
        change = 0
        for pair, other in self._tables(place):
            theirs = self.columns[other].levels[rows]
            entries = ((old, theirs), (new, theirs)) if pair.one == place else ((theirs, old), (theirs, new))
            change += pair.shift(*entries)
        if self.counts is not None and place in self.shown:
            np.subtract.at(self.counts, self._keys([self.columns[other].levels[rows] for other in self.shown]), 1)
            np.add.at(self.counts, self._after(place, left, right).reshape(-1), 1)
        mine[rows] = new
        return change

    def separate(self, rows: Ints, rounds: int = 100) -> None:
        """Give repeating ``rows`` (places in the sample) another combination, at the smallest cost in evenness."""
        movable = [place for place in self.movable if self.columns[place].shown]
        for row in rows[:rounds].tolist() if self.counts is not None else []:
            options = [option for place in movable if (option := self._way_out(place, row)) is not None]
            if options:
                _, place, partner = min(options)
                self.exchange(place, np.array([row]), np.array([partner]))

    def _way_out(self, place: int, row: int) -> tuple[int, int, int] | None:
        """The cheapest exchange of one column that leaves the row and its partner without a twin."""
        column = self.columns[place]
        group = _group(column)
        partners = np.flatnonzero((group == group[row]) & (column.levels != column.levels[row]))
        left = np.full(len(partners), row)
        if self.counts is None or partners.size == 0:
            return None
        free = (self.counts[self._after(place, left, partners)] == 0).all(axis=0)
        if not free.any():
            return None
        gain = self.gains(place, left[free], partners[free])
        best = int(np.argmin(gain))
        return int(gain[best]), place, int(partners[free][best])


def _looked_at(columns: list[Column], moving: list[int], declared: set[frozenset[str]]) -> list[tuple[int, int]]:
    """The pairs of columns whose tables are evened.

    Every one that can change, has a bounded table and fits in ``MOST_WORK``. What does not fit are undeclared pairs,
    those with the largest tables first: where nearly every entry is empty, an exchange can even out little.
    """
    pairs = [
        (one, two)
        for one, two in itertools.combinations(range(len(columns)), 2)
        if (one in moving or two in moving) and columns[one].size * columns[two].size <= MOST_TABLE
    ]
    rows = len(columns[0].levels)
    cells = np.array([columns[one].size * columns[two].size for one, two in pairs], dtype=np.int64)
    named = np.array(
        [frozenset((columns[one].name, columns[two].name)) in declared for one, two in pairs], dtype=np.bool_
    )
    order = np.lexsort((np.arange(len(pairs)), cells, ~named))
    work = np.cumsum(cells[order] + min(rows, MOST_ROWS))
    kept = np.zeros(len(pairs), dtype=np.bool_)
    kept[order] = (work <= MOST_WORK) | named[order]
    return [pair for pair, keep in zip(pairs, kept.tolist(), strict=True) if keep]


def _expected(one: Column, two: Column) -> Ints:
    """The table to expect, in units, if levels were exchanged at random: independence within every group.

    What rules force - a city in the country of its person - is expected, not an excess. The product is taken in floats,
    which is exact: every partial sum is a whole number of at most ``UNIT * FINE`` times the rows, below 2 ** 53.
    """
    groups = [np.unique(column.group, return_inverse=True)[1] for column in (one, two) if column.group is not None]
    group = max(groups, key=lambda numbers: int(numbers.max()))
    many = int(group.max()) + 1
    if many * one.size * two.size > MOST_GROUPED:
        group, many = np.zeros_like(group), 1
    first, second = (
        np.bincount(group * column.size + column.levels, minlength=many * column.size).reshape(many, column.size)
        for column in (one, two)
    )
    share = UNIT * FINE * second // first.sum(axis=1, keepdims=True)
    product = first.T.astype(np.float64) @ share.astype(np.float64)
    return np.asarray(product.astype(np.int64) // FINE, dtype=np.int64)


def _only(column: Column, rows: Ints) -> Column:
    group = None if column.group is None else column.group[rows]
    return attrs.evolve(column, levels=column.levels[rows], group=group)


def _group(column: Column) -> Ints:
    if column.group is None:
        raise ValueError(f"the levels of {column.name} cannot be exchanged")
    return column.group
