"""How many families each cell gets: nested windows.

Along the axes in order, every group of cells shares its families among the next axis's levels in turn, and the
groups lie one behind the other on a line, so any stretch of it is even to within one. For complete
crosses this gives gaps of at most one between cells, between levels of every axis, and between levels
within every label. Tables of two later axes are not stretches of a line; a short search over the order in which
groups are visited evens them out.
"""

from __future__ import annotations

import itertools
import math

import numpy as np

from fairloom.draws import Draws, Ints
from fairloom_design.polish import Column, Polish
from fairloom_design.space import Grid

MOST_EVENED = 50_000
ROUNDS = 100


def allocate(codes: Grid, families: int, draws: Draws) -> Ints:
    """Families per cell. ``codes`` has one line per cell, in lexicographic order, the label first."""
    if codes.shape[1] == 0:
        return np.array([families], dtype=np.int64)
    variants = max(1, min(8, 60_000 // codes.size)) if codes.shape[1] > 2 else 1
    found = [_nested(codes, families, draws.stream("cells", str(number))) for number in range(variants)]
    best = min(found, key=lambda counts: _unevenness(codes, counts))
    even = best.max() - best.min() == 1 and len(codes) <= MOST_EVENED
    return _evened(codes, best, draws) if even else best


def _evened(codes: Grid, counts: Ints, draws: Draws) -> Ints:
    """Move the odd families about, within their labels, until tables of two axes are even.

    What moves are the cells with one family more than the others, or with one less where those are fewer.
    """
    more = counts == counts.max()
    step = 1 if 2 * more.sum() <= len(codes) else -1
    odd = np.flatnonzero(more == (step == 1))
    sizes = (codes.max(axis=0) + 1).tolist()
    keys = np.ravel_multi_index(tuple(codes.T), sizes)
    taken = np.ones(math.prod(sizes), dtype=np.bool_)
    taken[keys] = False
    label = codes[odd, 0].astype(np.int64)
    columns = [
        Column(str(place), codes[odd, place].astype(np.int64), size, label if place else None)
        for place, size in enumerate(sizes)
    ]
    polish = Polish(columns, (), draws.stream("odd"), distinct=True, taken=taken)
    polish.run(ROUNDS)
    spots = np.ravel_multi_index(tuple(column.levels for column in polish.columns), sizes)
    cell = np.full(len(taken), -1, dtype=np.int64)
    cell[keys] = np.arange(len(keys))
    result = np.full(len(codes), counts.min() if step == 1 else counts.max(), dtype=np.int64)
    result[cell[spots]] += step
    return result


def _nested(codes: Grid, families: int, draws: Draws) -> Ints:
    """One allocation, with axis orders and orders of visit drawn from ``draws``."""
    visit = np.zeros(len(codes), dtype=np.int64)
    group = np.zeros(len(codes), dtype=np.int64)
    rows = np.array([families], dtype=np.int64)
    for place in range(codes.shape[1]):
        column = codes[:, place].astype(np.int64)
        child = np.unique(group * (column.max() + 1) + column, return_inverse=True)[1].reshape(-1)
        head = np.unique(child, return_index=True)[1]
        parent, level = group[head], column[head]
        parent_visit = np.zeros(len(rows), dtype=np.int64)
        parent_visit[group] = visit
        words = draws.stream("level", str(place)).words(np.arange(int(column.max()) + 1))
        rows = _shared(parent, level, rows, parent_visit, np.argsort(np.argsort(words)))
        order = np.lexsort((draws.stream("visit", str(place)).words(np.arange(len(head))), parent_visit[parent]))
        visit = np.argsort(order)[child]
        group = child
    return rows[group]


def _shared(parent: Ints, level: Ints, rows: Ints, visit: Ints, turn: Ints) -> Ints:
    """Rows of each child: ``parent`` and ``level`` per child, ``rows`` and ``visit`` per parent."""
    order = np.lexsort((turn[level], parent))
    many = np.bincount(parent, minlength=len(rows))
    start = np.cumsum(many) - many
    place = np.empty(len(parent), dtype=np.int64)
    place[order] = np.arange(len(parent)) - start[parent[order]]
    offset = _line_offsets(level[order], start, many, rows, visit)
    each, more = rows // many, rows % many
    return np.asarray(each[parent] + ((place - offset[parent]) % many[parent] < more[parent]), dtype=np.int64)


def _line_offsets(level: Ints, start: Ints, many: Ints, rows: Ints, visit: Ints) -> Ints:
    """Rows of the groups visited earlier that share the same list of levels, per group."""
    numbers: dict[bytes, int] = {}
    ends = (start + many).tolist()
    keys = [level[begin:end].tobytes() for begin, end in zip(start.tolist(), ends, strict=True)]
    line = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    order = np.lexsort((visit, line))
    total = np.cumsum(rows[order]) - rows[order]
    head = np.searchsorted(line[order], np.arange(len(numbers)))
    offset = np.empty(len(rows), dtype=np.int64)
    offset[order] = total - total[head][line[order]]
    return offset


def _unevenness(codes: Grid, counts: Ints) -> int:
    """Sum of squares over the tables of all pairs of axes: least where they are even. Whole numbers, so exact."""
    score = 0
    for one, two in itertools.combinations(range(codes.shape[1]), 2):
        wide = int(codes[:, two].max()) + 1
        flat = codes[:, one].astype(np.int64) * wide + codes[:, two]
        table = np.bincount(flat, weights=counts).astype(np.int64)
        score += int(np.vdot(table, table))
    return score
