"""What a recipe asks of the counts of some axes: the tables that a plan has to keep.

A demand says how many rows each combination of a few axes should have (``wanted``, any fraction) and
between which whole numbers it may end (``low`` and ``high``).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.design import DesignTask
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_design.parts import CellAxis
from fairloom_design.space import Space

Floats = npt.NDArray[np.float64]
KeyPath = tuple[str | int, ...]
NEAR = 1e-6
"""Fractions this close to a whole number are taken for it."""


@attrs.frozen(eq=False)
class Demand:
    """A table to keep. ``axes`` are places among the axes of the cells; tables have one axis for each."""

    said: str
    path: KeyPath
    axes: tuple[int, ...]
    wanted: Floats
    low: Ints
    high: Ints

    def key(self, codes: npt.NDArray[np.int32]) -> Ints:
        """The entry of the table, counted through, that each cell falls into."""
        columns = tuple(codes[:, place].astype(np.int64) for place in self.axes)
        return np.ravel_multi_index(columns, self.wanted.shape).astype(np.int64)


def demand(said: str, path: KeyPath, axes: tuple[int, ...], wanted: Floats) -> Demand:
    """A table that may be rounded either way."""
    low, high = np.floor(wanted + NEAR).astype(np.int64), np.ceil(wanted - NEAR).astype(np.int64)
    return Demand(said, path, axes, wanted, low, high)


def exactly(said: str, path: KeyPath, axes: tuple[int, ...], counts: Ints) -> Demand:
    """A table of whole numbers."""
    return Demand(said, path, axes, counts.astype(np.float64), counts, counts)


def crossing(task: DesignTask, axes: Sequence[Axis]) -> DesignTask:
    """The task with ``axes`` among those of its cells."""
    return attrs.evolve(task, cross=tuple(dict.fromkeys((*task.cross, *axes))))


def axes_of(text: str, task: DesignTask, path: KeyPath) -> tuple[Axis, ...]:
    """``"label, person.gender"`` as axes.

    Raises:
        RecipeError: with every axis that does not exist or is crossed inside the families.
    """
    axes = tuple(Axis.parse(part.strip()) for part in text.split(","))
    problems = [problem for axis in axes for problem in _axis_problems(axis, task, path)]
    if len(set(axes)) != len(axes):
        problems.append(Problem(f"{text!r} names an axis twice", path))
    if problems:
        raise RecipeError(problems)
    return axes


def _axis_problems(axis: Axis, task: DesignTask, path: KeyPath) -> list[Problem]:
    factor = task.factors.get(axis.factor)
    if factor is None:
        hint = did_you_mean(axis.factor, task.factors)
        return [Problem(f"no factor {axis.factor!r} with levels", path, suggestion=hint)]
    if axis.attribute is not None and axis.attribute not in factor.attributes:
        hint = did_you_mean(axis.attribute, factor.attributes)
        return [Problem(f"{axis.factor!r} has no column {axis.attribute!r}", path, suggestion=hint)]
    if axis.factor in task.within:
        way = "take it out of within, or leave its shares to the families"
        return [
            Problem(f"{axis.factor!r} is crossed inside every family, so its shares are fixed", path, suggestion=way)
        ]
    return []


def leaves(
    table: Mapping[str, Any], axes: Sequence[CellAxis], path: KeyPath, check: Callable[[Any], Fraction]
) -> dict[tuple[int, ...], Fraction]:
    """The numbers of tables nested once per axis, by the codes of their levels.

    ``check`` makes a number of what stands in the innermost tables, or raises ``ValueError`` saying why not.

    Raises:
        RecipeError: with every level that does not exist and every number that is none.
    """
    found: dict[tuple[int, ...], Fraction] = {}
    problems: list[Problem] = []

    def walk(value: Any, depth: int, codes: tuple[int, ...], where: KeyPath) -> None:
        if depth == len(axes):
            try:
                found[codes] = check(value)
            except ValueError as error:
                problems.append(Problem(f"{error}, got {value!r}", where))
            return
        axis = axes[depth]
        if not isinstance(value, Mapping):
            way = f"for example {{ {axis.names[0]!r} = 0.5 }}"
            problems.append(Problem(f"needs a table of levels of {axis.axis}, got {value!r}", where, suggestion=way))
            return
        for name, below in value.items():
            if name in axis.names:
                walk(below, depth + 1, (*codes, axis.names.index(name)), (*where, name))
            else:
                hint = did_you_mean(name, axis.names)
                problems.append(Problem(f"{axis.axis} has no level {name!r}", (*where, name), suggestion=hint))

    walk(table, 0, (), path)
    if problems:
        raise RecipeError(problems)
    return found


def number(value: Any) -> Fraction:
    """A number from 0, exactly as it is written: 0.3 is three tenths."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise ValueError("needs a number from 0")
    return Fraction(str(value))


def named(axes: Sequence[CellAxis], codes: Sequence[int]) -> str:
    """``label = 'a' and person.gender = 'f'``."""
    pairs = zip(axes, codes, strict=True)
    return " and ".join(f"{axis.axis} = {axis.names[code]!r}" for axis, code in pairs)


def places(space: Space, axes: Sequence[Axis]) -> tuple[int, ...]:
    """Where the axes stand among those of the cells."""
    order = [axis.axis for axis in space.parts.axes]
    return tuple(order.index(axis) for axis in axes)


def declared(space: Space, cells: Floats) -> list[Demand]:
    """The pairs of ``[design] independent`` among the axes of the cells, at the shares that ``cells`` have."""
    order = [axis.axis for axis in space.parts.axes]
    found = []
    for spot, group in enumerate(space.task.independent):
        for pair in itertools.combinations([axis for axis in group if axis in order], 2):
            axes = places(space, pair)
            one, two = (margin(space, cells, (place,)) for place in axes)
            wanted = np.outer(one, two) / max(float(one.sum()), 1.0)
            found.append(demand(f"independent {pair[0]}, {pair[1]}", ("design", "independent", spot), axes, wanted))
    return found


def margin(space: Space, cells: Floats, axes: Sequence[int]) -> Floats:
    """The table of some axes of the cells."""
    sizes = tuple(len(space.parts.axes[place].names) for place in axes)
    columns = tuple(space.codes[:, place].astype(np.int64) for place in axes)
    flat = np.ravel_multi_index(columns, sizes)
    return summed(flat, cells, int(np.prod(sizes))).reshape(sizes)


def summed(key: Ints, cells: Floats, size: int) -> Floats:
    """The sum of ``cells`` by ``key``, added in the order of the cells, so alike on every machine."""
    return np.asarray(np.bincount(key, weights=cells, minlength=size), dtype=np.float64)
