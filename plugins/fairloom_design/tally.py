"""Cells and ranks for designs whose cells can only be found by looking: counts at regular checkpoints.

The rank of a family is the count of its cell at the checkpoint before it, plus those found between. Memory grows
with families / ``STRIDE`` times the cells, and nothing is counted before somebody asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from fairloom.design import Codes, PlanSummary
from fairloom.draws import Ints
from fairloom_design.parts import CellAxis

STRIDE = 65_536
NONE = "(not used)"


class Tally:
    """Cells over ``axes``; ``crossed`` gives the levels of the factors outside a family, by family."""

    def __init__(
        self, families: int, axes: tuple[CellAxis, ...], crossed: Callable[[Ints], Mapping[str, Codes]]
    ) -> None:
        self.families = families
        self.axes = axes
        self.crossed = crossed
        self.shape = tuple(len(axis.names) + 1 for axis in axes)
        self._checkpoints: Ints | None = None
        self._numbers: Ints | None = None

    @property
    def titles(self) -> tuple[str, ...]:
        """The axes as the recipe writes them."""
        return tuple(str(axis.axis) for axis in self.axes)

    def unbalanced(self, members: int, distinct: int | None, notes: tuple[str, ...]) -> PlanSummary:
        """The summary of a plan of draws: its cells as they fell."""
        return PlanSummary(
            families=self.families,
            members=members,
            axes=self.titles,
            cells=self.summary(),
            distinct=distinct,
            unique=False,
            balanced=False,
            notes=notes,
        )

    def cells(self, families: Ints) -> Codes:
        """The index of each family's cell in ``summary``."""
        return self._number(self._raw(np.asarray(families, dtype=np.int64))).astype(np.int32)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell, by address."""
        families = np.asarray(families, dtype=np.int64)
        result = np.empty(len(families), dtype=np.int64)
        checkpoints = self._counted()
        block = families // STRIDE
        for number in np.unique(block).tolist():
            rows = np.flatnonzero(block == number)
            start = number * STRIDE
            cells = self._number(self._raw(np.arange(start, min(start + STRIDE, self.families))))
            result[rows] = (checkpoints[number][cells] + _running(cells))[families[rows] - start]
        return result

    def summary(self) -> tuple[tuple[tuple[str, ...], int], ...]:
        """The names of each cell that has families, and how many."""
        counts = self._counted()[-1]
        names = [(*axis.names, NONE) for axis in self.axes]
        codes = np.unravel_index(self._used(), self.shape) if self.shape else ()
        lines = zip(*[[names[i][code] for code in column] for i, column in enumerate(codes)], strict=True)
        titles = list(lines) if self.shape else [()]
        return tuple((tuple(title), int(count)) for title, count in zip(titles, counts, strict=True))

    def _raw(self, families: Ints) -> Ints:
        """The cell in the full cross of the axes, each with one code more for "not used"."""
        levels = self.crossed(families)
        key = np.zeros(len(families), dtype=np.int64)
        for axis, size in zip(self.axes, self.shape, strict=True):
            level = levels[axis.axis.factor]
            key = key * size + np.where(level < 0, size - 1, axis.codes[level])
        return key

    def _number(self, raw: Ints) -> Ints:
        return np.searchsorted(self._used(), raw).astype(np.int64)

    def _used(self) -> Ints:
        self._counted()
        return np.zeros(1, dtype=np.int64) if self._numbers is None else self._numbers

    def _counted(self) -> Ints:
        """Counts of every cell before each checkpoint, and at the end."""
        if self._checkpoints is None:
            starts = range(0, self.families, STRIDE)
            found = [
                np.unique(self._raw(np.arange(start, min(start + STRIDE, self.families))), return_counts=True)
                for start in starts
            ]
            self._numbers = np.unique(np.concatenate([cells for cells, _ in found]))
            table = np.zeros((len(found) + 1, len(self._numbers)), dtype=np.int64)
            for line, (cells, counts) in enumerate(found):
                table[line + 1, np.searchsorted(self._numbers, cells)] = counts
            self._checkpoints = np.cumsum(table, axis=0)
        return self._checkpoints


def _running(cells: Ints) -> Ints:
    """For each place, how many earlier places have the same cell."""
    order = np.argsort(cells, kind="stable")
    heads = np.flatnonzero(np.diff(cells[order], prepend=-1))
    lengths = np.diff(np.append(heads, len(cells)))
    running = np.empty(len(cells), dtype=np.int64)
    running[order] = np.arange(len(cells)) - np.repeat(heads, lengths)
    return running
