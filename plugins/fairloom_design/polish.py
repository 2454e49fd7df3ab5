"""Evening out tables of pairs by exchanging levels between rows.

Two rows of one block may exchange their levels of a part, together with all that hangs below it, without changing
a count within the block, so every guarantee stays; only tables of two parts, or of a part and a cell axis, change. A
round proposes many exchanges at once and makes the best of them, as long as the sum of squared excesses over all
tables falls.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping

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
    """One column of the design. Rows may exchange levels where ``group`` is equal; ``None``: not this one alone."""

    name: str
    levels: Ints
    size: int
    group: Ints | None = None
    shown: bool = True
    """Whether its level can be seen in a row: rows that agree in all shown columns are repeats."""
    nest: Mapping[str, Ints] = attrs.field(factory=dict)
    """For the columns above it, outermost first, and itself: the block of each row. Rows of one block may exchange a
    column together with all below it."""

    def __attrs_post_init__(self) -> None:
        """A column that says nothing else stands alone."""
        if self.group is not None and not self.nest:
            self.nest = {self.name: self.group}


@attrs.define(eq=False)
class _Move:
    """What rows of one ``group`` may exchange: the columns ``places``, of which the first is what it is about."""

    places: tuple[int, ...]
    group: Ints


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
    shown columns (mixed radix, last fastest) that no row may take. Without ``others`` only declared pairs count.
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
        others: bool = True,
    ) -> None:
        self.rows = len(columns[0].levels)
        self.draws = draws
        wanted = set(declared)
        moving = {place for place, column in enumerate(columns) if column.nest and column.size > 1}
        looked_at = _looked_at(columns, moving, wanted, others=others)
        self.pairs = [self._pair(columns, one, two, wanted) for one, two in looked_at]
        self.shown = [place for place, column in enumerate(columns) if column.shown]
        self.sizes = [columns[place].size for place in self.shown]
        enough = next((prime for prime in PRIMES if prime >= 32 * self.rows), PRIMES[-1])
        self.buckets = math.prod(self.sizes) if taken is not None else min(math.prod(self.sizes), enough)
        self.counts = self._occupied(columns, taken) if distinct else None
        rows = np.arange(self.rows) if sample is None else sample
        self.columns = [_only(column, rows) for column in columns]
        self.length = len(rows)
        self.moves = _moves(self.columns)
        self.orders: dict[int, Ints] = {}

    def _pair(self, columns: list[Column], one: int, two: int, declared: set[frozenset[str]]) -> _Pair:
        first, second = columns[one], columns[two]
        weight = DECLARED if frozenset((first.name, second.name)) in declared else 1
        return _Pair(one, two, excess_of(first, second), weight)

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

    def insist(self) -> None:
        """From now on, look at declared pairs alone."""
        self.pairs = [pair for pair in self.pairs if pair.weight == DECLARED]

    def run(self, rounds: int) -> None:
        """Improve for at most ``rounds`` rounds; each goes through every move once."""
        share = [max(8, self.length // 8)] * len(self.moves)
        idle, score = 0, self.score()
        for number in range(rounds):
            if idle == PATIENCE or all(np.abs(pair.excess).max(initial=0) < UNIT for pair in self.pairs):
                return
            before = score
            for move in range(len(self.moves)):
                share[move], change = self._round(move, number, share[move])
                score += change
            idle = 0 if score * GAIN < before * (GAIN - 1) else idle + 1

    def _round(self, move: int, number: int, share: int) -> tuple[int, int]:
        """Propose exchanges of one kind and make the best; how many to make next time, and the change of score."""
        left, right = self._proposals(move, number)
        places = self.moves[move].places
        gain = self.gains(places, left, right)
        better = np.flatnonzero(gain < 0)
        best = better[np.argsort(gain[better], kind="stable")[:share]]
        best = best[self._stays_distinct(places, left[best], right[best])]
        while best.size:
            change = self.exchange(places, left[best], right[best])
            if change < 0:
                return min(2 * len(best) + 8, 8 + self.length // 8), change
            self.exchange(places, left[best], right[best])
            best = best[: len(best) // 2]
        return max(8, share // 2), 0

    def _proposals(self, move: int, number: int) -> tuple[Ints, Ints]:
        """Disjoint pairs of rows of one group with different levels.

        Rows stand in an order drawn within their groups; each is paired with the one ``step`` further on.
        """
        places, all_groups = self.moves[move].places, self.moves[move].group
        column = self.columns[places[0]]
        if number % RESHUFFLE == 0 or move not in self.orders:
            whole = ("whole",) if len(places) > 1 else ()
            words = self.draws.stream(column.name, *whole).words(np.arange(self.length), number)
            self.orders[move] = np.lexsort((words, all_groups))
        order = self.orders[move]
        group = all_groups[order]
        step = 1 + number % RESHUFFLE
        first = np.flatnonzero(np.arange(self.length - step) // step % 2 == number // 2 % 2)
        first = first[group[first] == group[first + step]]
        left, right = order[first], order[first + step]
        different = column.levels[left] != column.levels[right]
        return left[different], right[different]

    def _stays_distinct(self, places: tuple[int, ...], left: Ints, right: Ints) -> Bools:
        """Exchanges after which both rows have combinations that nobody has or will have."""
        if self.counts is None or not set(places) & set(self.shown):
            return np.ones(len(left), dtype=np.bool_)
        keys = self._after(places, left, right)
        _, inverse, many = np.unique(keys.reshape(-1), return_inverse=True, return_counts=True)
        alone = many[inverse.reshape(-1)].reshape(keys.shape) == 1
        return np.asarray(((self.counts[keys] == 0) & alone).all(axis=0), dtype=np.bool_)

    def _after(self, places: tuple[int, ...], left: Ints, right: Ints) -> Ints:
        """Keys of the rows ``left`` and ``right`` (two lines) if they exchanged."""
        both = ((left, right), (right, left))
        return np.stack(
            [self._keys([self.columns[other].levels[rows[other in places]] for other in self.shown]) for rows in both]
        )

    def gains(self, places: tuple[int, ...], left: Ints, right: Ints) -> Ints:
        """By how much the score would change for each exchange alone (over ``UNIT``)."""
        gain = np.zeros(len(left), dtype=np.int64)
        for pair, place, other in self._tables(places):
            mine, theirs = self.columns[place].levels, self.columns[other].levels
            a, b, x, y = mine[left], mine[right], theirs[left], theirs[right]
            ours, others = (self.columns[other].size, 1) if pair.one == place else (1, self.columns[place].size)
            flat, first, second = pair.excess.reshape(-1), x * others, y * others
            change = flat.take(b * ours + first)
            change -= flat.take(a * ours + first)
            change += flat.take(a * ours + second)
            change -= flat.take(b * ours + second)
            gain += np.where((x == y) | (a == b), 0, pair.weight * (2 * change + 4 * UNIT))
        return gain

    def _tables(self, places: tuple[int, ...]) -> list[tuple[_Pair, int, int]]:
        """The tables that change when these columns move together: which of them each is about, and the other."""
        return [
            (pair, *((pair.one, pair.two) if pair.one in places else (pair.two, pair.one)))
            for pair in self.pairs
            if (pair.one in places) != (pair.two in places)
        ]

    def exchange(self, places: tuple[int, ...], left: Ints, right: Ints) -> int:
        """Let the rows ``left`` and ``right`` exchange their levels of some columns; the change of the score."""
        rows, partners = np.concatenate([left, right]), np.concatenate([right, left])
        change = 0
        for pair, place, other in self._tables(places):
            mine, theirs = self.columns[place].levels, self.columns[other].levels[rows]
            old, new = mine[rows], mine[partners]
            entries = ((old, theirs), (new, theirs)) if pair.one == place else ((theirs, old), (theirs, new))
            change += pair.shift(*entries)
        if self.counts is not None and set(places) & set(self.shown):
            np.subtract.at(self.counts, self._keys([self.columns[other].levels[rows] for other in self.shown]), 1)
            np.add.at(self.counts, self._after(places, left, right).reshape(-1), 1)
        for place in places:
            self.columns[place].levels[rows] = self.columns[place].levels[partners]
        for number, move in enumerate(self.moves):
            # Groups go along: what hangs below goes with its block, and the first column with its class.
            if len(places) > 1 and move.places[0] in places and move.places != places:
                move.group[rows] = move.group[partners]
                self.orders.pop(number, None)
        return change

    def separate(self, rows: Ints, rounds: int = 100) -> None:
        """Give repeating ``rows`` (places in the sample) another combination, at the smallest cost in evenness."""
        movable = [number for number, move in enumerate(self.moves) if set(move.places) & set(self.shown)]
        for row in rows[:rounds].tolist() if self.counts is not None else []:
            options = [option for number in movable if (option := self._way_out(number, row)) is not None]
            if options:
                _, number, partner = min(options)
                self.exchange(self.moves[number].places, np.array([row]), np.array([partner]))

    def _way_out(self, number: int, row: int) -> tuple[int, int, int] | None:
        """The cheapest exchange of one kind that leaves the row and its partner without a twin."""
        places, group = self.moves[number].places, self.moves[number].group
        column = self.columns[places[0]]
        partners = np.flatnonzero((group == group[row]) & (column.levels != column.levels[row]))
        left = np.full(len(partners), row)
        if self.counts is None or partners.size == 0:
            return None
        free = (self.counts[self._after(places, left, partners)] == 0).all(axis=0)
        if not free.any():
            return None
        gain = self.gains(places, left[free], partners[free])
        best = int(np.argmin(gain))
        return int(gain[best]), number, int(partners[free][best])


def _moves(columns: list[Column]) -> list[_Move]:
    """Every column alone, where it may, and with all below it, where there is something."""
    found = []
    for place, column in enumerate(columns):
        below = [other for other, lower in enumerate(columns) if column.name in lower.nest and other != place]
        if column.size > 1 and column.group is not None:
            found.append(_Move((place,), column.group.copy()))
        if column.size > 1 and below:
            found.append(_Move((place, *below), column.nest[column.name].copy()))
    return found


def excess_of(one: Column, two: Column) -> Ints:
    """The table of two columns, one of which may be exchanged, less what is expected of it; in units."""
    flat = np.bincount(one.levels * two.size + two.levels, minlength=one.size * two.size)
    return np.ascontiguousarray(UNIT * flat.reshape(one.size, two.size) - _expected(one, two), dtype=np.int64)


def _looked_at(
    columns: list[Column], moving: set[int], declared: set[frozenset[str]], *, others: bool
) -> list[tuple[int, int]]:
    """The pairs of columns whose tables are evened; without ``others`` declared ones alone.

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
    kept[order] = named[order] | (work <= (MOST_WORK if others else 0))
    return [pair for pair, keep in zip(pairs, kept.tolist(), strict=True) if keep]


def _expected(one: Column, two: Column) -> Ints:
    """The table to expect, in units, if levels were exchanged at random: independence within what cannot change.

    What rules force - a city in the country of its person - is expected, not an excess. Each column is spread
    evenly over its blocks, so what is expected is known from the blocks alone, however uneven the table is now.
    """
    ours, theirs = _apart(one, two)
    many, others = int(ours.max()) + 1, int(theirs.max()) + 1
    if max(many, others) * one.size * two.size > MOST_GROUPED:
        ours = theirs = np.zeros_like(ours)
        many = others = 1
    first, second = _within(ours, one, many), _within(theirs, two, others)
    share = UNIT * FINE * second // np.maximum(second.sum(axis=1, keepdims=True), 1)
    if ours is not theirs:
        share = _carried(share, ours, theirs) // np.maximum(first.sum(axis=1, keepdims=True), 1)
    # Exact in floats: every sum is a whole number of at most UNIT * FINE times the rows, below 2 ** 53.
    product = first.T.astype(np.float64) @ share.astype(np.float64)
    return np.asarray(product.astype(np.int64) // FINE, dtype=np.int64)


def _apart(one: Column, two: Column) -> tuple[Ints, Ints]:
    """The blocks in which two columns may be exchanged against each other: those just below all they have in common."""
    lines = list(one.nest), list(two.nest)
    common = sum(1 for _ in itertools.takewhile(lambda names: names[0] == names[1], zip(*lines, strict=False)))
    ours, theirs = (
        column.nest[line[common]] if common < len(line) else None
        for column, line in zip((one, two), lines, strict=True)
    )
    if ours is None or theirs is None:
        fixed = theirs if ours is None else ours
        if fixed is None:
            raise ValueError(f"neither {one.name} nor {two.name} can be exchanged")
        return fixed, fixed
    return (ours, ours) if np.array_equal(ours, theirs) else (ours, theirs)


def _within(group: Ints, column: Column, many: int) -> Ints:
    """Rows of each group (lines) and level."""
    flat = np.bincount(group * column.size + column.levels, minlength=many * column.size)
    return flat.reshape(many, column.size)


def _carried(share: Ints, ours: Ints, theirs: Ints) -> Ints:
    """Sums of the lines of ``share`` that the rows of each of our groups have in theirs."""
    many = int(ours.max()) + 1
    both, rows = np.unique(ours * len(share) + theirs, return_counts=True)
    total = np.zeros((many, share.shape[1]), dtype=np.int64)
    np.add.at(total, both // len(share), rows[:, None] * share[both % len(share)])
    return total


def _only(column: Column, rows: Ints) -> Column:
    group = None if column.group is None else column.group[rows]
    nest = {name: block[rows] for name, block in column.nest.items()}
    return attrs.evolve(column, levels=column.levels[rows], group=group, nest=nest)
