"""Splits that keep the rows of a level together: no template, entity or city is in two of them.

Rows are counted first, per level and cell, while they stream by. Levels that share a family, or a row
where several factors are kept together, make one group. Groups are then given to splits, largest first, so
that every split has its share of every cell as nearly as whole groups allow.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY
from fairloom.draws import Draws, Ints
from fairloom.factors import Axis, Factor
from fairloom.problems import RunError

MOST_COUNTS = 1 << 24
"""Levels times cells that may be counted; beyond, only the sizes of the splits are balanced."""
_CLEAR = 1e-9


@attrs.define(eq=False)
class Levels:
    """The levels kept together, numbered through over their factors, and what is known of them so far."""

    axes: tuple[Axis, ...]
    names: tuple[str, ...]
    codes: tuple[Ints, ...]
    counts: Ints
    parent: list[int]

    @classmethod
    def of(cls, together: Sequence[str], factors: Mapping[str, Factor], cells: int) -> Levels:
        """Nothing counted yet. ``codes`` maps the levels of a factor to numbers."""
        axes, names, codes = tuple(map(Axis.parse, together)), list[str](), list[Ints]()
        for axis in axes:
            mine, texts = axis.codes(factors)
            codes.append(np.append(mine.astype(np.int64) + len(names), -1))  # the last one is for -1, not used
            names += [f"{axis} {text}" for text in texts]
        width = cells if len(names) * cells <= MOST_COUNTS else 1
        return cls(axes, tuple(names), tuple(codes), np.zeros((len(names), width), np.int64), list(range(len(names))))

    def observe(self, rows: pa.RecordBatch, cells: Ints) -> None:
        """Count rows; ``cells`` has the cell of each. Families must be whole."""
        first = self.first(rows)
        for code in self._levels(rows):
            self._join(first[(first >= 0) & (code >= 0)], code[(first >= 0) & (code >= 0)])
        used = first >= 0
        self._join(self._own(rows)[used], first[used])
        place = cells if self.counts.shape[1] > 1 else np.zeros_like(cells)
        flat = first[used] * self.counts.shape[1] + place[used]
        self.counts += np.bincount(flat, minlength=self.counts.size).reshape(self.counts.shape)

    def first(self, rows: pa.RecordBatch) -> Ints:
        """The first level each row uses, or that of its family where it uses none, or -1."""
        own = self._own(rows)
        family, where = np.unique(rows.column(FAMILY).to_numpy(), return_inverse=True)
        of_family = np.full(family.size, -1, dtype=np.int64)
        np.maximum.at(of_family, where, own)
        found: Ints = of_family[where]
        return found

    def _own(self, rows: pa.RecordBatch) -> Ints:
        own = np.full(rows.num_rows, -1, dtype=np.int64)
        for code in reversed(self._levels(rows)):
            own = np.where(code >= 0, code, own)
        return np.where(own >= 0, own, -1)

    def _levels(self, rows: pa.RecordBatch) -> list[Ints]:
        found = []
        for axis, codes in zip(self.axes, self.codes, strict=True):
            indices = rows.column(axis.factor).indices.fill_null(-1).to_numpy(zero_copy_only=False)
            found.append(codes[indices])
        return found

    def _join(self, a: Ints, b: Ints) -> None:
        size = len(self.parent)
        for pair in np.unique(a[(a >= 0) & (b >= 0)] * size + b[(a >= 0) & (b >= 0)]).tolist():
            first, second = sorted((self._root(pair // size), self._root(pair % size)))
            self.parent[second] = first

    def _root(self, level: int) -> int:
        while self.parent[level] != level:
            self.parent[level] = level = self.parent[self.parent[level]]
        return level

    def assigned(self, shares: Mapping[str, float], draws: Draws) -> Assignment:
        """The split of every level.

        Raises:
            RunError: There are fewer groups than splits, so that one would be empty.
        """
        roots = np.array([self._root(level) for level in range(len(self.parent))], dtype=np.int64)
        sizes = np.zeros_like(self.counts)
        np.add.at(sizes, roots, self.counts)
        groups = np.flatnonzero(sizes.sum(axis=1))
        if groups.size < len(shares):
            raise RunError(self._too_few(groups, len(shares)))
        chosen = allotted(sizes[groups], np.array(list(shares.values())), draws)
        which = np.full(len(self.parent), -1, dtype=np.int64)
        which[groups] = chosen
        return Assignment(self, which[roots], self._report(sizes[groups], groups, chosen, shares))

    def _too_few(self, groups: Ints, splits: int) -> str:
        said = ", ".join(str(axis) for axis in self.axes)
        held = " (some share rows or families, which ties them)" if groups.size < len(self.names) else ""
        return (
            f"export.split: the rows fall into {groups.size} groups that stay together by {said}{held}, too few for "
            f"{splits} splits; keep less together or ask for fewer splits"
        )

    def _report(self, sizes: Ints, groups: Ints, chosen: Ints, shares: Mapping[str, float]) -> dict[str, Any]:
        total = int(sizes.sum())
        largest = int(sizes.sum(axis=1).argmax())
        splits = {}
        for number, (name, share) in enumerate(shares.items()):
            mine = sizes[chosen == number]
            off = np.abs(mine.sum(axis=0) - share * sizes.sum(axis=0))
            splits[name] = {
                "asked": share,
                "reached": float(mine.sum() / total),
                "rows": int(mine.sum()),
                "groups": int((chosen == number).sum()),
                "largest_cell_deviation": float(off.max()),
            }
        return {
            "together": [str(axis) for axis in self.axes],
            "groups": int(groups.size),
            "largest_group": {"level": self.names[int(groups[largest])], "rows": int(sizes[largest].sum())},
            "splits": splits,
        }


@attrs.frozen(eq=False)
class Assignment:
    """The split of every level, and how near the splits came to what was asked."""

    levels: Levels
    splits: Ints
    report: dict[str, Any]

    def of(self, rows: pa.RecordBatch) -> Ints:
        """The split of each row; -1 where its family uses none of the factors kept together."""
        first = self.levels.first(rows)
        found: Ints = np.where(first >= 0, self.splits[first], -1)
        return found


def allotted(sizes: Ints, shares: Ints | Any, draws: Draws) -> Ints:
    """The split of each group, largest groups first.

    Each goes where it lowers ``sum over cells of (rows - target)^2 / share`` most, so that a small split
    gets its groups before it is too late; ties between groups of one size are drawn. Then single groups are
    moved and pairs swapped while that lowers the largest deviation of any cell, or keeps it and lowers the sum.

    Args:
        sizes: rows by group and cell.
        shares: of the splits, summing to 1.
        draws: for ties.
    """
    target = shares[:, None] * sizes.sum(axis=0)
    words = draws.words(np.arange(len(sizes)))
    order = np.lexsort((words, -sizes.sum(axis=1)))
    chosen = np.full(len(sizes), -1, dtype=np.int64)
    off = -target
    for group in order.tolist():
        cost = (sizes[group] * (sizes[group] + 2 * off)).sum(axis=1) / shares
        chosen[group] = int(np.argmin(cost))
        off[chosen[group]] += sizes[group]
    _fill_empty(chosen, sizes, off)
    return _improved(chosen, sizes, off)


def _fill_empty(chosen: Ints, sizes: Ints, off: Any) -> None:
    """Give a split without a group the smallest group of a split that has several."""
    for split in range(len(off)):
        if (chosen == split).any():
            continue
        counts = np.bincount(chosen, minlength=len(off))
        free = np.flatnonzero(counts[chosen] > 1)
        group = int(free[np.argmin(sizes[free].sum(axis=1))])
        off[chosen[group]] -= sizes[group]
        off[split] += sizes[group]
        chosen[group] = split


MOST_STEPS = 200
MOST_SWAPPED = 300
"""Groups up to which pairs are tried; more groups leave little for swaps to gain."""


def _improved(chosen: Ints, sizes: Ints, off: Any) -> Ints:
    best = _cost(off)
    for _ in range(MOST_STEPS):
        step = _best_step(chosen, sizes, off, best)
        if step is None:
            break
        best, changes = step
        for group, split in changes:
            off[chosen[group]] -= sizes[group]
            off[split] += sizes[group]
            chosen[group] = split
    return chosen


def _cost(off: Any) -> tuple[float, float]:
    return float(np.abs(off).max()), float((off**2).sum())


Step = tuple[tuple[float, float], list[tuple[int, int]]]


def _best_step(chosen: Ints, sizes: Ints, off: Any, best: tuple[float, float]) -> Step | None:
    """The first move or swap that helps, among those that touch the worst split."""
    worst = int(np.abs(off).max(axis=1).argmax())
    counts = np.bincount(chosen, minlength=len(off))
    inside, outside = np.flatnonzero(chosen == worst), np.flatnonzero(chosen != worst)
    moves = [[(g, s)] for g in inside.tolist() for s in range(len(off)) if s != worst and counts[worst] > 1]
    moves += [[(g, worst)] for g in outside.tolist() if counts[chosen[g]] > 1]
    if len(chosen) <= MOST_SWAPPED:
        moves += [[(g, int(chosen[h])), (h, worst)] for g in inside.tolist() for h in outside.tolist()]
    for changes in moves:
        trial = off.copy()
        for group, split in changes:
            trial[chosen[group]] -= sizes[group]
            trial[split] += sizes[group]
        cost = _cost(trial)
        if cost[0] < best[0] - _CLEAR or (cost[0] <= best[0] + _CLEAR and cost[1] < best[1] - _CLEAR):
            return cost, changes
    return None
