"""Plans whose cells have given shares: from demands to counts, and from counts to a plan.

Only the counts of the cells differ from the balanced design. Within the cells everything is shared out evenly, so all
that it promises about factors outside the cells holds here too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from fairloom.design import DesignTask
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError
from fairloom_design.balanced import BalancedPlan, families_of, planned
from fairloom_design.demands import Demand, Floats, crossing, declared, named
from fairloom_design.members import members_of
from fairloom_design.odd import evened
from fairloom_design.raking import even_start, rake
from fairloom_design.rounding import outside, rounded
from fairloom_design.space import Space, cell_axes, space_of

OFF = 0.5
"""Raking has failed when some entry is off by this many rows or more."""

Demands = Callable[[Space, int], Sequence[Demand]]


def shaped(task: DesignTask, axes: Sequence[Axis], demands_of: Demands) -> BalancedPlan:
    """A plan whose cells, over ``axes`` and those crossed, meet the demands.

    ``demands_of`` is given the possible cells and the number of families.

    Raises:
        RecipeError: naming the demands and rules that conflict.
    """
    members = members_of(task)
    families = families_of(task, members)
    crossed = crossing(task, axes)
    space = space_of(crossed, members, cell_axes(crossed))
    demands = list(demands_of(space, families))
    cells = _raked(space, families, demands)
    pairs = [pair for pair in declared(space, cells) if not any(_same(pair, other) for other in demands)]
    if pairs:
        demands += pairs
        cells = _raked(space, families, demands)
    counts = rounded(space.codes, cells, families, demands, task.draws.stream("round"))
    counts = evened(space.codes, cells, counts, demands, task.draws.stream("odd"))
    space.notes += _missed(space, demands, counts)
    return planned(space, counts)


def _same(pair: Demand, other: Demand) -> bool:
    """Whether another demand says the same already, give or take the rounding."""
    if set(pair.axes) != set(other.axes):
        return False
    wanted = other.wanted if pair.axes == other.axes else other.wanted.T
    return bool(np.abs(wanted - pair.wanted).max() < 1)


def _raked(space: Space, families: int, demands: Sequence[Demand]) -> Floats:
    """The cells at fractional counts.

    Raises:
        RecipeError: where no table has all that is asked for.
    """
    empty = [problem for demand in demands for problem in _without_cells(space, demand)]
    if empty:
        raise RecipeError(empty[:20])
    start = even_start(space.codes)
    cells, off = rake(space.codes, start, families, demands)
    if all(np.abs(entry).max(initial=0.0) < OFF for entry in off):
        return cells
    raise RecipeError(_conflict(space, start, families, demands))


def _without_cells(space: Space, demand: Demand) -> list[Problem]:
    """Entries that want rows though no cell can hold any."""
    filled = np.bincount(demand.key(space.codes), minlength=demand.wanted.size) > 0
    wanted = demand.wanted.reshape(-1)
    axes = [space.parts.axes[place] for place in demand.axes]
    problems = []
    for entry in np.flatnonzero(~filled & (wanted > 0)).tolist():
        codes = np.unravel_index(entry, demand.wanted.shape)
        text = f"{demand.said} asks for {wanted[entry]:,.1f} rows with {named(axes, [int(c) for c in codes])}"
        way = "give it the share 0, or change what excludes it"
        problems.append(Problem(f"{text}, but {_excluded(space)} leave none possible", demand.path, suggestion=way))
    return problems


def _conflict(space: Space, start: Floats, families: int, demands: Sequence[Demand]) -> list[Problem]:
    """One problem for each demand of a smallest set that cannot be met together."""
    guilty = list(demands)
    for demand in demands:
        rest = [other for other in guilty if other is not demand]
        if not _possible(space, start, families, rest):
            guilty = rest
    off = rake(space.codes, start, families, guilty)[1]
    problems = []
    for demand, entries in zip(guilty, off, strict=True):
        others = [other.said for other in guilty if other is not demand]
        against = " and ".join([*dict.fromkeys(others), *([_excluded(space)] if _holes(space) else [])])
        entry = int(np.argmax(np.abs(entries)))
        codes = [int(code) for code in np.unravel_index(entry, demand.wanted.shape)]
        text = named([space.parts.axes[place] for place in demand.axes], codes)
        short = f"it asks for {demand.wanted.reshape(-1)[entry]:,.1f} rows with {text}"
        message = f"{demand.said} cannot be met together with {against} ({short})"
        problems.append(Problem(message, demand.path, suggestion="change one of them"))
    return problems


def _possible(space: Space, start: Floats, families: int, demands: Sequence[Demand]) -> bool:
    off = rake(space.codes, start, families, demands)[1]
    return all(np.abs(entry).max(initial=0.0) < OFF for entry in off)


def _holes(space: Space) -> bool:
    """Whether some combination of the levels of the cells is impossible."""
    return space.cell_count < int(np.prod([len(axis.names) for axis in space.parts.axes], dtype=np.float64))


def _excluded(space: Space) -> str:
    """What makes combinations impossible: the rules about the axes of the cells, or else the value tables."""
    axes = {axis.axis.factor for axis in space.parts.axes}
    rules = [rule.text for rule in space.members.rules if axes & set(rule.factors)]
    said = " and ".join(f"the rule {text!r}" for text in dict.fromkeys(rules))
    return said or "the combinations in the value tables"


def _missed(space: Space, demands: Sequence[Demand], counts: Ints) -> list[str]:
    """What rounding could not keep."""
    off = outside(demands, space.codes, counts)
    return [
        f"{demand.said} is met to within {1 + rows} rows: no rounding found keeps all tables to within one"
        for demand, rows in zip(demands, off.tolist(), strict=True)
        if rows > 0
    ]
