"""Evening out the pair tables of a small design by exchanging levels between rows.

Two rows of one block may exchange their levels of a part without changing a count within the block, so every
guarantee stays; only tables of two parts, or of a part and a cell axis, change. A fixed number of rounds
proposes many exchanges at once and makes the best of them, as long as the sum of chi-square over all tables falls.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.draws import Draws, Ints

Floats = npt.NDArray[np.float64]
DECLARED = 4.0
"""How much more an excess in a declared pair weighs."""


@attrs.define(eq=False)
class Column:
    """One column of the design. Rows may exchange levels where ``group`` is equal; ``None``: never."""

    name: str
    levels: Ints
    size: int
    group: Ints | None = None


@attrs.define(eq=False)
class _Pair:
    """The table of two columns: excess over independence, and what an excess weighs."""

    one: int
    two: int
    excess: Floats
    weight: float


class Polish:
    """A design of few rows, held as columns."""

    def __init__(self, columns: list[Column], declared: Iterable[frozenset[str]], draws: Draws) -> None:
        self.columns = columns
        self.draws = draws
        self.rows = len(columns[0].levels)
        wanted = set(declared)
        self.pairs = [
            self._pair(one, two, wanted)
            for one, two in itertools.combinations(range(len(columns)), 2)
            if columns[one].group is not None or columns[two].group is not None
        ]

    def _pair(self, one: int, two: int, declared: set[frozenset[str]]) -> _Pair:
        first, second = self.columns[one], self.columns[two]
        flat = first.levels * second.size + second.levels
        table = np.bincount(flat, minlength=first.size * second.size).reshape(first.size, second.size)
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / max(1, self.rows)
        degrees = max(1, min(first.size, second.size) - 1)
        weight = first.size * second.size / self.rows / degrees
        weight *= DECLARED if frozenset((first.name, second.name)) in declared else 1.0
        return _Pair(one, two, table - expected, weight)

    def score(self) -> float:
        """Sum of squared Cramér's V over the tables, up to the size of the design."""
        return float(sum(pair.weight * float((pair.excess**2).sum()) for pair in self.pairs))

    def run(self, rounds: int) -> None:
        """Improve for a number of rounds; each goes through every column once."""
        movable = [place for place, column in enumerate(self.columns) if column.group is not None and column.size > 1]
        share = dict.fromkeys(movable, 8)
        for number in range(rounds):
            for place in movable:
                share[place] = self._round(place, number, share[place])

    def _round(self, place: int, number: int, share: int) -> int:
        """Propose exchanges for one column and make the best; how many to make next time."""
        left, right = self._proposals(place, number)
        if left.size == 0:
            return share
        gain = self._gains(place, left, right)
        better = np.flatnonzero(gain < -1e-9)
        if better.size == 0:
            return share
        best = better[np.argsort(gain[better], kind="stable")[:share]]
        before = self.score()
        self.exchange(place, left[best], right[best])
        if self.score() < before:
            return min(share * 2, 1 + self.rows // 8)
        self.exchange(place, left[best], right[best])
        if share > 1:
            self.exchange(place, left[best[:1]], right[best[:1]])
        return max(1, share // 2)

    def _proposals(self, place: int, number: int) -> tuple[Ints, Ints]:
        """Disjoint pairs of rows of one group with different levels."""
        column = self.columns[place]
        group = column.group
        assert group is not None  # noqa: S101 -- only movable columns come here
        words = self.draws.stream(column.name).words(np.arange(self.rows), number)
        order = np.lexsort((words, group))
        left, right = order[:-1:2], order[1::2]
        good = (group[left] == group[right]) & (column.levels[left] != column.levels[right])
        return left[good], right[good]

    def _gains(self, place: int, left: Ints, right: Ints) -> Floats:
        """By how much the score would change for each exchange alone."""
        mine = self.columns[place].levels
        gain = np.zeros(len(left))
        for pair, other in self._tables(place):
            excess = pair.excess if pair.one == place else pair.excess.T
            theirs = self.columns[other].levels
            a, b, x, y = mine[left], mine[right], theirs[left], theirs[right]
            change = 2.0 * (excess[b, x] - excess[a, x] + excess[a, y] - excess[b, y]) + 4.0
            gain += np.where(x == y, 0.0, pair.weight * change)
        return gain

    def _tables(self, place: int) -> list[tuple[_Pair, int]]:
        mine = [pair for pair in self.pairs if place in {pair.one, pair.two}]
        return [(pair, pair.two if pair.one == place else pair.one) for pair in mine]

    def exchange(self, place: int, left: Ints, right: Ints) -> None:
        """Let the rows ``left`` and ``right`` exchange their levels of one column."""
        mine = self.columns[place].levels
        rows = np.concatenate([left, right])
        old, new = mine[rows], np.concatenate([mine[right], mine[left]])
        for pair, other in self._tables(place):
            excess = pair.excess if pair.one == place else pair.excess.T
            theirs = self.columns[other].levels[rows]
            np.subtract.at(excess, (old, theirs), 1.0)
            np.add.at(excess, (new, theirs), 1.0)
        mine[rows] = new


def separate(polish: Polish, shown: list[int], rounds: int = 24) -> int:
    """Exchange levels until no two rows agree in all columns ``shown``; how many rows still repeat another."""
    movable = [place for place in shown if polish.columns[place].group is not None and polish.columns[place].size > 1]
    repeats = _repeats(polish, shown)
    for number in range(rounds):
        if repeats.size == 0 or not movable:
            break
        place = movable[number % len(movable)]
        column = polish.columns[place]
        group = column.group
        assert group is not None  # noqa: S101 -- only movable columns come here
        row = repeats[:1]
        partners = np.flatnonzero((group == group[row]) & (column.levels != column.levels[row]))
        if partners.size == 0:
            continue
        gains = polish._gains(place, np.repeat(row, len(partners)), partners)  # noqa: SLF001 -- one idea in two parts
        partner = partners[np.argsort(gains, kind="stable")[: 1 + number // len(movable)]][-1:]
        polish.exchange(place, row, partner)
        left = _repeats(polish, shown)
        if left.size < repeats.size:
            repeats = left
        else:
            polish.exchange(place, row, partner)
    return int(repeats.size)


def _repeats(polish: Polish, shown: list[int]) -> Ints:
    """Rows that agree with an earlier one in all columns ``shown``."""
    table = np.stack([polish.columns[place].levels for place in shown], axis=1)
    first = np.unique(table, axis=0, return_index=True)[1]
    extra = np.ones(polish.rows, dtype=np.bool_)
    extra[first] = False
    return np.flatnonzero(extra).astype(np.int64)
