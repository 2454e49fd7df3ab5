"""From the levels of parts to the columns of a plan, and the drawing of later attempts."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from fairloom.design import UNUSED, Codes, DesignTask
from fairloom.draws import Draws, Ints
from fairloom_design.parts import forced
from fairloom_design.space import Space
from fairloom_design.windows import Windows


def columns(space: Space, cell: Ints, levels: Mapping[str, Codes], members: Ints) -> dict[str, Codes]:
    """The level of every factor, in recipe order: from the cell, the family or the member."""
    result: dict[str, Codes] = {}
    for name in space.task.factors:
        if name in space.members.levels:
            result[name] = space.members.levels[name][members].astype(np.int32)
        elif name in space.parts.fixed:
            result[name] = space.held[name][cell].astype(np.int32)
        else:
            result[name] = np.asarray(levels[name], dtype=np.int32)
    return unused_by_member(space.task, result)


def unused_by_member(task: DesignTask, result: dict[str, Codes]) -> dict[str, Codes]:
    """Where the driver varies inside a family, blank what a member's driver does not use."""
    uses = task.uses
    if uses is None or uses.driver not in task.within:
        return result
    driver = result[uses.driver]
    for name in result.keys() - forced(task):
        used = np.array([name in factors for factors in uses.factors], dtype=np.bool_)
        result[name] = np.where(used[driver], result[name], UNUSED).astype(np.int32)
    return result


@attrs.frozen
class Rows:
    """Rows to draw: the cell, family and attempt of each."""

    cell: Ints
    families: Ints
    attempts: Ints


def draw_parts(
    space: Space, windows: Mapping[str, Windows], rows: Rows, draws: Draws, planned: Mapping[str, Codes] | None = None
) -> dict[str, Codes]:
    """Every part drawn uniformly from its list.

    With ``planned`` levels, declared parts keep theirs, and a part above a declared one stays in its class, so
    that what is kept remains possible.
    """
    levels: dict[str, Codes] = {}
    blocks: dict[str, Ints] = {}
    for name, window in windows.items():
        parent = window.part.parent
        blocks[name] = (
            window.root_block[rows.cell]
            if parent is None
            else window.block_below(windows[parent], blocks[parent], levels[parent])
        )
        if planned is not None and window.part.kept:
            levels[name] = planned[name]
            continue
        bound = planned is not None and any(windows[below].part.kept for below in space.parts.below(name))
        wanted = window.part.classes[planned[name]] if planned is not None and bound else None
        random = (draws.stream(name).words(rows.families, rows.attempts) >> np.uint64(33)).astype(np.int64)
        levels[name] = window.draw(blocks[name], random, wanted)
    return levels


def redrawn(
    space: Space, windows: Mapping[str, Windows], rows: Rows, draws: Draws, planned: dict[str, Codes]
) -> dict[str, Codes]:
    """``planned`` for first attempts, and fresh draws of what is not declared for later ones."""
    again = np.flatnonzero(rows.attempts > 0)
    if again.size == 0:
        return planned
    later = Rows(rows.cell[again], rows.families[again], rows.attempts[again])
    drawn = draw_parts(space, windows, later, draws, {name: level[again] for name, level in planned.items()})
    result = {name: level.copy() for name, level in planned.items()}
    for name, level in drawn.items():
        result[name][again] = level
    return result


def planned_parts(windows: Mapping[str, Windows], cell: Ints, ranks: Mapping[str, Ints]) -> dict[str, Codes]:
    """The allocated level of every part; ``ranks`` gives the rank within the block of each tree's root."""
    levels: dict[str, Codes] = {}
    blocks: dict[str, Ints] = {}
    inner: dict[str, Ints] = {}
    for name, window in windows.items():
        parent = window.part.parent
        if parent is None:
            blocks[name], rank = window.root_block[cell], ranks[name]
        else:
            blocks[name], rank = window.block_below(windows[parent], blocks[parent], levels[parent]), inner[parent]
        levels[name], inner[name] = window.place(blocks[name], rank)
    return levels
