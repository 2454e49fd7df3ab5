"""Evening out the pair tables of rounded cells: the rows above the rounded-down counts change places.

A row may take another level of one axis where it exchanges it with a row that agrees in every axis that some
demand, or the first axis, ties to this one; then no table that must be kept changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from fairloom.draws import Draws, Ints
from fairloom_design.demands import NEAR, Demand, Floats
from fairloom_design.polish import UNIT, Column, Polish
from fairloom_design.space import Grid

MOST = 50_000
ROUNDS = 100


def evened(codes: Grid, cells: Floats, counts: Ints, demands: Sequence[Demand], draws: Draws) -> Ints:
    """``counts`` with the tables of all pairs of axes nearer to those of ``cells``, demands kept as they are."""
    base = np.floor(cells + NEAR).astype(np.int64)
    part = np.where(cells - base >= NEAR, np.rint((cells - base) * UNIT), 0).astype(np.int64)
    above = counts - base
    loose = cells - base >= NEAR
    if codes.shape[1] < 2 or len(codes) > MOST or not np.isin(above[loose], (0, 1)).all() or above[~loose].any():
        return counts
    # Where most cells got a row more, it is the few without one that change places.
    more = 2 * int(above.sum()) <= int(loose.sum())
    odd = np.flatnonzero(loose & (above == (1 if more else 0)))
    if odd.size < 2:
        return counts
    part = part if more else np.where(loose, UNIT - part, 0)
    sizes = (codes.max(axis=0) + 1).tolist()
    keys = np.ravel_multi_index(tuple(codes.T), sizes)
    taken = np.ones(math.prod(sizes), dtype=np.bool_)
    taken[keys[loose]] = False
    columns = [
        Column(str(place), codes[odd, place].astype(np.int64), size, _tied(codes[odd], place, demands))
        for place, size in enumerate(sizes)
    ]
    polish = Polish(columns, (), draws, distinct=True, taken=taken)
    for pair in polish.pairs:
        pair.excess = _excess(columns, codes, part, pair.one, pair.two)
    polish.run(ROUNDS)
    spots = np.ravel_multi_index(tuple(column.levels for column in polish.columns), sizes)
    cell = np.full(len(taken), -1, dtype=np.int64)
    cell[keys] = np.arange(len(keys))
    result = base if more else base + loose
    result[cell[spots]] += 1 if more else -1
    return result


def _tied(rows: Grid, place: int, demands: Sequence[Demand]) -> Ints | None:
    """The group of each row: rows that agree in whatever a demand, or the first axis, ties to the axis."""
    if place == 0:
        return None
    others = sorted({0} | {axis for demand in demands if place in demand.axes for axis in demand.axes} - {place})
    return np.unique(rows[:, others], axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _excess(columns: Sequence[Column], codes: Grid, part: Ints, one: int, two: int) -> Ints:
    """The table of two axes less what the fractions of the cells want there, in units."""
    shape = (columns[one].size, columns[two].size)
    has = np.bincount(columns[one].levels * shape[1] + columns[two].levels, minlength=shape[0] * shape[1])
    wants = np.bincount(codes[:, one].astype(np.int64) * shape[1] + codes[:, two], weights=part, minlength=has.size)
    return np.asarray((UNIT * has - wants.astype(np.int64)).reshape(shape), dtype=np.int64)
