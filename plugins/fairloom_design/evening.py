"""The last hand on a plan: pair tables evened out by exchanges, and a proof that rows differ.

Up to ``MOST`` families the whole plan is looked at, and up to ``MOST_DECLARED`` where pairs are declared independent,
but then not for rows that repeat; at most ``SAMPLE`` of its places (all of them in a small plan,
else every k-th) and the places of repeated rows may be changed, or ``LARGER`` where a declared pair needs more. The
changes are kept as exceptions, so any address can still be computed alone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping

import attrs
import numpy as np

from fairloom.design import UNUSED, Codes, DesignTask
from fairloom.draws import Ints
from fairloom_design.parts import usage_of
from fairloom_design.polish import UNIT, Column, Polish
from fairloom_design.space import Space
from fairloom_design.windows import Windows

MOST, MOST_DECLARED = 250_000, 2_000_000
SAMPLE, LARGER = 8_192, 65_536
DECLARED_ROWS = 2
"""A declared pair that stays off by more than this is tried again with a larger sample."""
ROUNDS = 60
ROOM = 3
"""In a tight design space, repeats are mended only where at most one row in so many is one."""


@attrs.frozen(eq=False)
class Exceptions:
    """Levels of every part at some places (ascending) that differ from the formula."""

    places: Ints
    levels: Mapping[str, Codes]

    def apply(self, place: Ints, parts: dict[str, Codes]) -> dict[str, Codes]:
        """``parts`` with the exceptions put in."""
        spot = np.minimum(np.searchsorted(self.places, place), len(self.places) - 1)
        hit = np.flatnonzero(self.places[spot] == place)
        if hit.size == 0:
            return parts
        result = {}
        for name, column in parts.items():
            result[name] = column.copy()
            result[name][hit] = self.levels[name][spot[hit]]
        return result


def exceptions_of(
    space: Space, windows: Mapping[str, Windows], cell: Ints, parts: Mapping[str, Codes]
) -> Exceptions | None:
    """What to change in a plan whose places have these cells and levels."""
    if len(cell) < 2:
        return None
    columns = columns_of(space, windows, cell, parts)
    if not any(column.nest for column in columns):
        return None
    repeats = repeated(space, cell, parts) if len(cell) <= MOST else np.zeros(0, dtype=np.int64)
    combinations = math.prod(column.size for column in columns if column.shown)
    roomy = len(cell) <= combinations and (2 * len(cell) <= combinations or repeats.size * ROOM <= len(cell))
    declared = [
        frozenset(map(str, pair)) for group in space.task.independent for pair in itertools.combinations(group, 2)
    ]
    best: tuple[float, Ints, Polish] | None = None
    for most, distinct in _ways(len(cell), roomy=roomy):
        sample = _sample(len(cell), repeats[: most // 4], most)
        draws = space.task.draws.stream("even")
        polish = Polish(columns, declared, draws, sample=sample, distinct=distinct, others=len(cell) <= MOST)
        polish.separate(np.searchsorted(sample, repeats[np.isin(repeats, sample)]))
        polish.run(ROUNDS)
        excess = polish.declared_excess()
        if excess > DECLARED_ROWS and len(cell) <= MOST:
            polish.insist()
            polish.run(ROUNDS)
            excess = polish.declared_excess()
        if best is None or excess < best[0]:
            best = excess, sample, polish
        if excess <= DECLARED_ROWS:
            break
    if best is None:
        return None
    _, sample, polish = best
    return Exceptions(sample, {name: _levels(polish, name, windows[name]) for name in parts})


def _ways(rows: int, *, roomy: bool) -> list[tuple[int, bool]]:
    """How many places to change and whether rows must differ: the next way is taken where a declared pair stays uneven.

    What is declared comes before rows that differ, which is only noted.
    """
    sizes = [SAMPLE, LARGER] if rows > SAMPLE else [SAMPLE]
    return [(most, roomy) for most in sizes] + ([(sizes[-1], False)] if roomy else [])


def worst_excess(space: Space, windows: Mapping[str, Windows], cell: Ints, parts: Mapping[str, Codes]) -> float:
    """By how many rows the worst entry of a pair table is off what independence within the rules gives."""
    polish = Polish(columns_of(space, windows, cell, parts), (), space.task.draws)
    return max((int(np.abs(pair.excess).max(initial=0)) for pair in polish.pairs), default=0) / UNIT


def repeated(space: Space, cell: Ints, parts: Mapping[str, Codes]) -> Ints:
    """The places whose row agrees with that of an earlier place in everything its template uses."""
    seen = _seen(space, cell, parts)
    if not seen:
        return np.arange(1, len(cell), dtype=np.int64)
    table = np.stack(seen, axis=1)
    order = np.lexsort(table.T)
    same = (table[order][1:] == table[order][:-1]).all(axis=1)
    return np.sort(order[1:][same]).astype(np.int64)


def _seen(space: Space, cell: Ints, parts: Mapping[str, Codes]) -> list[Codes]:
    """The levels that can be seen in a row, ``UNUSED`` where its template does not use them."""
    task, uses = space.task, space.task.uses
    levels = {name: space.held[name][cell].astype(np.int32) for name in space.parts.fixed}
    levels |= {name: level for name, level in parts.items() if space.parts.by_name[name].attribute is None}
    seen = []
    for name, level in levels.items():
        if not is_seen(space.task, name):
            continue
        if uses is None or uses.driver not in levels or name == uses.driver:
            seen.append(level)
        else:
            used = np.array([name in factors for factors in uses.factors], dtype=np.bool_)
            seen.append(np.where(used[levels[uses.driver]], level, UNUSED).astype(np.int32))
    return [level for level in seen if task.factors]


def is_seen(task: DesignTask, name: str) -> bool:
    """Whether some row shows the factor: every one but the label where nothing is known about templates."""
    uses = task.uses
    if uses is None:
        return task.factors[name].role != "label"
    return name == uses.driver or any(name in factors for factors in uses.factors)


def _sample(rows: int, repeats: Ints, most: int) -> Ints:
    if rows <= most:
        return np.arange(rows, dtype=np.int64)
    return np.union1d(np.arange(most, dtype=np.int64) * rows // most, repeats)


def columns_of(
    space: Space, windows: Mapping[str, Windows], cell: Ints, parts: Mapping[str, Codes], *, every: bool = False
) -> list[Column]:
    """Cell axes and parts as columns; without ``every`` not a label that no row shows, as its tables cannot change."""
    columns = []
    for place, axis in enumerate(space.parts.axes):
        factor = space.task.factors[axis.axis.factor]
        shown = axis.axis.attribute is None and is_seen(space.task, axis.axis.factor)
        if every or factor.role != "label" or shown:
            levels = space.codes[cell, place].astype(np.int64)
            columns.append(Column(str(axis.axis), levels, len(axis.names), shown=shown))
    blocks: dict[str, Ints] = {}
    nests: dict[str, dict[str, Ints]] = {}
    for name, window in windows.items():
        part = window.part
        level = parts[name].astype(np.int64)
        above = windows[part.parent] if part.parent else None
        blocks[name] = (
            window.root_block[cell]
            if above is None
            else window.block_below(above, blocks[above.part.name], parts[above.part.name])
        )
        nests[name] = {**(nests[above.part.name] if above else {}), name: blocks[name]}
        shown = part.attribute is None and is_seen(space.task, part.factor)
        group = _exchangeable(blocks[name], window, level)
        unused = usage_of(space.task, part.factor) is not None
        seen = np.where(level < 0, part.size, level)
        columns.append(Column(name, seen, part.size + unused, group, shown=shown, nest=nests[name]))
    return columns


def _exchangeable(block: Ints, window: Windows, level: Ints) -> Ints | None:
    """Rows of a part that may exchange levels: those of one block and one class."""
    part = window.part
    if not part.children:
        return block
    if part.class_count > part.size:
        return None
    return np.asarray(block * part.class_count + part.classes[level], dtype=np.int64)


def _levels(polish: Polish, name: str, window: Windows) -> Codes:
    column = next(column for column in polish.columns if column.name == name)
    return np.where(column.levels == window.part.size, UNUSED, column.levels).astype(np.int32)
