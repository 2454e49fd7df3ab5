"""Controlled rounding: whole numbers for the cells of a table that keep its margins.

Each cell is rounded up or down. First the fractions are laid on a line in the order of the cells and every whole row
on it picked, so each stretch of the line - a level of the first axis, of the second within it - is
rounded up or down too. Then a tabu search moves single rows from cell to cell until all other margins that must be
kept are. For two nested chains of margins (a, a x b and c, say) such a table always exists (Causey, Cox and Ernst
1985, by network flows); for three overlapping tables it need not, and a second search may then let cells deviate
by one row more. What is reached is counted and told.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.design import Bools
from fairloom.draws import Draws, Ints
from fairloom_design.demands import NEAR, Demand, Floats, summed
from fairloom_design.space import Grid

FINE = 1 << 20
HARD = 1 << 12
"""What one row outside the bounds of a demand weighs, against one in a table that nobody asked for."""
FEW = 96
PATIENCE, IDLE = 4_000, 300
WORK = 300_000_000


@attrs.define(eq=False)
class _Table:
    """A demand over the cells: the entry each falls into, its bounds and the distance to what is wanted."""

    key: Ints
    low: Ints
    high: Ints
    count: Ints
    weight: int

    def change(self, step: int) -> Ints:
        """By how much the cost changes where an entry gets ``step`` rows more."""
        return self._cost(self.count + step) - self._cost(self.count)

    def off(self) -> Ints:
        """Rows above (positive) or below the bounds, by entry."""
        above, below = np.maximum(self.count - self.high, 0), np.maximum(self.low - self.count, 0)
        return np.asarray(above - below, dtype=np.int64)

    def _cost(self, count: Ints) -> Ints:
        off = np.maximum(count - self.high, 0) + np.maximum(self.low - count, 0)
        return np.asarray(self.weight * off * off, dtype=np.int64)


@attrs.define(eq=False)
class Rounding:
    """A table being rounded: ``count`` per cell stays between ``low`` and ``high``."""

    tables: list[_Table]
    count: Ints
    low: Ints
    high: Ints
    draws: Draws

    def cost(self) -> int:
        """Squared rows outside the bounds, weighted, over all tables."""
        return sum(table.weight * int(np.vdot(table.off(), table.off())) for table in self.tables)

    def search(self) -> None:
        """Move rows until every table is within its bounds, or for as long as there is hope."""
        size = len(self.count) * max(1, len(self.tables))
        rounds = min(PATIENCE, max(200, WORK // size))
        best, kept, found = self.cost(), self.count.copy(), 0
        tabu = np.zeros(len(self.count), dtype=np.int64)
        for number in range(1, rounds + 1):
            if best == 0 or (best < HARD and number - found > IDLE):
                break
            move = self._move(number, tabu)
            if move is None:
                continue
            self._make(*move)
            tabu[list(move)] = number + 3 + int(self.draws.below(8, np.array([number]))[0])
            cost = self.cost()
            if cost < best:
                best, kept, found = cost, self.count.copy(), number
        self._back_to(kept)

    def _move(self, number: int, tabu: Ints) -> tuple[int, int] | None:
        """The best move of one row out of, or into, an entry that is outside its bounds."""
        giving, taking = self._sides(number)
        free = tabu < number
        give = np.flatnonzero(giving & free & (self.count > self.low))
        take = np.flatnonzero(taking & free & (self.count < self.high))
        if give.size == 0 or take.size == 0:
            return None
        loss = [table.change(-1) for table in self.tables]
        gain = [table.change(1) for table in self.tables]
        give = self._few(give, loss, number)
        take = self._few(take, gain, number)
        total = np.zeros((len(give), len(take)), dtype=np.int64)
        for table, less, more in zip(self.tables, loss, gain, strict=True):
            one, two = table.key[give][:, None], table.key[take][None, :]
            total += np.where(one == two, 0, less[one] + more[two])
        spot = int(np.argmin(total))
        return int(give[spot // len(take)]), int(take[spot % len(take)])

    def _sides(self, number: int) -> tuple[Bools, Bools]:
        """Cells that may give a row and cells that may take one, so that some entry comes nearer to its bounds."""
        wrong = [(table, entry) for table in self.tables for entry in np.flatnonzero(table.off()).tolist()]
        table, entry = wrong[int(self.draws.stream("entry").below(len(wrong), np.array([number]))[0])]
        inside = table.key == entry
        return (inside, ~inside) if table.off()[entry] > 0 else (~inside, inside)

    def _few(self, cells: Ints, change: list[Ints], number: int) -> Ints:
        """The most promising cells, equal ones in a drawn order."""
        cost = np.zeros(len(cells), dtype=np.int64)
        for table, by_entry in zip(self.tables, change, strict=True):
            cost += by_entry[table.key[cells]]
        words = self.draws.stream("few").words(cells, number)
        return cells[np.lexsort((words, cost))[:FEW]]

    def _make(self, give: int, take: int) -> None:
        for table in self.tables:
            table.count[table.key[give]] -= 1
            table.count[table.key[take]] += 1
        self.count[give] -= 1
        self.count[take] += 1

    def _back_to(self, count: Ints) -> None:
        self.count = count
        for table in self.tables:
            table.count = _counted(table.key, count, len(table.low))


def rounded(codes: Grid, cells: Floats, families: int, demands: Sequence[Demand], draws: Draws) -> Ints:
    """Whole numbers for ``cells`` (which add up to ``families``), demands kept as far as the search finds a way.

    Demands come first; beyond them every single axis, and its table with the first axis, is rounded up or down.
    """
    base = np.floor(cells + NEAR).astype(np.int64)
    part = np.clip(np.rint((cells - base) * FINE), 0, FINE - 1).astype(np.int64)
    part[cells - base < NEAR] = 0
    count = base + _picked(part, families - int(base.sum()), draws)
    tables = [_table(demand, codes, count, HARD) for demand in demands]
    tables += [_table(demand, codes, count, 1) for demand in _own(codes, cells)]
    rounding = Rounding(tables, count, base, base + (part > 0), draws.stream("move"))
    rounding.search()
    if outside(demands, codes, rounding.count).any():
        rounding.low = np.maximum(base - 1, 0)
        rounding.high = np.where(cells > 0, base + 2, base)
        rounding.draws = draws.stream("further")
        rounding.search()
    return rounding.count


def outside(demands: Sequence[Demand], codes: Grid, count: Ints) -> Ints:
    """For each demand, by how many rows its worst entry misses its bounds."""
    tables = [_table(demand, codes, count, 1) for demand in demands]
    return np.array([np.abs(table.off()).max(initial=0) for table in tables], dtype=np.int64)


def _picked(part: Ints, rows: int, draws: Draws) -> Ints:
    """``rows`` cells, one row each, evenly along the line of their fractions (systematic sampling)."""
    total = int(part.sum())
    if rows <= 0 or total == 0:
        return np.zeros_like(part)
    # Rounded fractions add up to a little more or less than the rows: the line is stretched to fit.
    ends = np.cumsum(part)
    ends += ends * (rows * FINE - total) // total
    start = int(draws.stream("start").below(FINE, np.array([0]))[0])
    picks = (ends + start) // FINE
    return np.diff(picks, prepend=start // FINE).astype(np.int64)


def _own(codes: Grid, cells: Floats) -> list[Demand]:
    """What every table should keep though nobody asked: each axis, and its table with the first axis."""
    sizes = (codes.max(axis=0) + 1).tolist() if codes.size else []
    groups = [(place,) for place in range(len(sizes))] + [(0, place) for place in range(1, len(sizes))]
    found = []
    for axes in groups:
        shape = tuple(sizes[place] for place in axes)
        key = np.ravel_multi_index(tuple(codes[:, place].astype(np.int64) for place in axes), shape)
        wanted = summed(key, cells, int(np.prod(shape))).reshape(shape)
        found.append(_between(axes, wanted))
    return found


def _between(axes: tuple[int, ...], wanted: npt.NDArray[np.float64]) -> Demand:
    low, high = np.floor(wanted + 1e-4).astype(np.int64), np.ceil(wanted - 1e-4).astype(np.int64)
    return Demand("", (), axes, wanted, low, high)


def _table(demand: Demand, codes: Grid, count: Ints, weight: int) -> _Table:
    key = demand.key(codes)
    return _Table(key, demand.low.reshape(-1), demand.high.reshape(-1), _counted(key, count, demand.low.size), weight)


def _counted(key: Ints, count: Ints, size: int) -> Ints:
    return np.bincount(key, weights=count, minlength=size).astype(np.int64)
