"""Raking: the table nearest to an even one that has the margins asked for.

Iterative proportional fitting (Deming and Stephan 1940): the cells are scaled to one margin after the
other until all hold. Cells that rules exclude stay empty. The limit keeps the odds ratios of the start and is the
closest to it in Kullback-Leibler divergence (Csiszar 1975); with an even start that is the table of largest entropy.

Only element-wise operations and sums in a fixed order are used, so every machine finds the same table.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairloom_design.demands import Demand, Floats, summed
from fairloom_design.space import Grid

SWEEPS = 5_000
WORK = 400_000_000
"""At most this many cells are scaled, over all sweeps and tables."""
CLOSE = 1e-7
"""Margins hold when none is off by more than this part of all rows, or by a thousandth of a row."""


def even_start(codes: Grid) -> Floats:
    """Shares of the cells when each axis in turn is shared evenly among the levels that are possible."""
    shares = np.ones(len(codes))
    group = np.zeros(len(codes), dtype=np.int64)
    for column in codes.T.astype(np.int64):
        child = np.unique(group * (column.max() + 1) + column, return_inverse=True)[1].reshape(-1)
        head = np.unique(child, return_index=True)[1]
        shares /= np.bincount(group[head])[group]
        group = child
    return shares


def rake(codes: Grid, start: Floats, families: int, demands: Sequence[Demand]) -> tuple[Floats, list[Floats]]:
    """The cells, and for each demand how many rows its entries are off in the end (shape of the flat table)."""
    cells = start * (families / max(_total(start), 1e-300))
    keys = [demand.key(codes) for demand in demands]
    wanted = [demand.wanted.reshape(-1) for demand in demands]
    sweeps = min(SWEEPS, max(20, WORK // (len(codes) * max(1, len(demands)))))
    enough = max(CLOSE * families, 1e-3) if len(demands) > 1 else float("inf")
    for _ in range(sweeps):
        worst = 0.0
        for key, target in zip(keys, wanted, strict=True):
            have = summed(key, cells, len(target))
            worst = max(worst, float(np.abs(have - target).max(initial=0.0)))
            cells = cells * _ratio(target, have)[key]
        if worst <= enough:
            break
    off = [summed(key, cells, len(target)) - target for key, target in zip(keys, wanted, strict=True)]
    return cells, off


def _ratio(wanted: Floats, have: Floats) -> Floats:
    return np.divide(wanted, have, out=np.zeros_like(wanted), where=have > 0)


def _total(cells: Floats) -> float:
    return float(np.cumsum(cells)[-1]) if cells.size else 0.0
