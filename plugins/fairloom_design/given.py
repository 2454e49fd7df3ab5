"""Tables of counts that a recipe or a profile gives, and what they ask of a plan of some size."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

import attrs
import numpy as np

from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError
from fairloom_design.demands import Demand, Floats, KeyPath, demand, named, places
from fairloom_design.parts import CellAxis
from fairloom_design.space import Space

APART = 0.5
"""Two tables contradict each other where they are half a row or more apart."""


@attrs.frozen(eq=False)
class Given:
    """A table as shares of all rows. ``said`` and ``path`` name it in messages."""

    said: str
    path: KeyPath
    axes: tuple[Axis, ...]
    shares: Floats

    def over(self, axes: Sequence[Axis]) -> Floats:
        """The margin over some of its axes, in their order."""
        rest = tuple(place for place, axis in enumerate(self.axes) if axis not in axes)
        kept = [axis for axis in self.axes if axis in axes]
        return np.moveaxis(self.shares.sum(axis=rest), [kept.index(axis) for axis in axes], range(len(axes)))


def given_table(
    said: str, path: KeyPath, axes: Sequence[CellAxis], entries: Mapping[tuple[int, ...], Fraction]
) -> Given:
    """A table from its entries; combinations without one count 0, but no level may be forgotten altogether.

    Raises:
        RecipeError: with the levels that have no entry, or where nothing is counted.
    """
    problems = []
    for place, axis in enumerate(axes):
        mentioned = {codes[place] for codes in entries}
        missing = [name for code, name in enumerate(axis.names) if code not in mentioned]
        if missing:
            shown = ", ".join(map(repr, missing[:5])) + (" ..." if len(missing) > 5 else "")
            way = "count it 0 if no row may have it"
            problems.append(Problem(f"{said} says nothing about {axis.axis} {shown}", path, suggestion=way))
    total = sum(entries.values(), Fraction(0))
    if not problems and total == 0:
        problems.append(Problem(f"{said} counts nothing", path))
    if problems:
        raise RecipeError(problems)
    shares = np.zeros([len(axis.names) for axis in axes])
    for codes, count in entries.items():
        shares[codes] = float(count / total)
    return Given(said, path, tuple(axis.axis for axis in axes), shares)


def demands_of(tables: Sequence[Given]) -> Callable[[Space, int], list[Demand]]:
    """What the tables ask of a plan, given its cells and its families."""

    def demands(space: Space, families: int) -> list[Demand]:
        problems = [problem for pair in itertools.combinations(tables, 2) for problem in _apart(space, families, *pair)]
        if problems:
            raise RecipeError(problems)
        return [demand(table.said, table.path, places(space, table.axes), table.shares * families) for table in tables]

    return demands


def _apart(space: Space, families: int, one: Given, two: Given) -> list[Problem]:
    """Where two tables give the axes they share different margins."""
    shared = [axis for axis in one.axes if axis in two.axes]
    if not shared:
        return []
    first, second = one.over(shared) * families, two.over(shared) * families
    distance = np.abs(first - second)
    if distance.max() < APART:
        return []
    codes = [int(code) for code in np.unravel_index(int(distance.argmax()), distance.shape)]
    text = named([space.parts.axes[place] for place in places(space, shared)], codes)
    message = f"{two.said} gives {text} {second[*codes]:,.1f} rows, {one.said} {first[*codes]:,.1f}"
    return [Problem(message, two.path, suggestion="make the tables agree on what they share")]
