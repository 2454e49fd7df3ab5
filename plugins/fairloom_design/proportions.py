"""The design ``proportions``: some axes with given shares, exact by largest remainder, all others even."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import DesignTask
from fairloom.draws import Draws, Ints
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError
from fairloom_design.balanced import BalancedPlan
from fairloom_design.demands import Demand, Floats, axes_of, demand, exactly, leaves, margin, named, number, places
from fairloom_design.hamilton import shared_out
from fairloom_design.parts import CellAxis
from fairloom_design.raking import even_start, rake
from fairloom_design.shaped import shaped
from fairloom_design.space import Space

Shares = dict[tuple[int, ...], Fraction]
WHOLE = Fraction(1, 10**6)
"""Shares may miss 1 by this much: thirds are written 0.333333."""


@attrs.frozen(kw_only=True)
class ProportionsConfig:
    """Settings of ``design.proportions``."""

    shares: dict[str, dict[str, Any]] = attrs.field(
        metadata={
            "help": "by axis, the share of rows of each level; by several axes, tables nested once per axis, the "
            "innermost holding shares within what stands around them"
        }
    )


@attrs.frozen
class Proportions:
    """Shares out rows as the recipe says, and evenly where it says nothing."""

    shares: Mapping[str, Mapping[str, Any]]

    def plan(self, task: DesignTask) -> BalancedPlan:
        """The allocation of ``task.rows`` rows.

        Raises:
            RecipeError: with every share that cannot be read, or the shares and rules that conflict.
        """
        asked = {text: _asked(text, task, table) for text, table in self.shares.items()}
        axes = list(dict.fromkeys(itertools.chain.from_iterable(group for group, _ in asked.values())))
        twice = _decided_twice({text: group for text, (group, _) in asked.items()})
        if twice:
            raise RecipeError(twice)

        def demands(space: Space, families: int) -> list[Demand]:
            sharing = _Sharing(space, families, task.draws.stream("shares"))
            for text, entry in sorted(asked.items(), key=lambda item: len(item[1][0])):
                sharing.add(text, *entry)
            return sharing.demands

        return shaped(task, axes, demands)


def build(config: ProportionsConfig, tools: Tools) -> Proportions:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.proportions``."""
    return Proportions(config.shares)


def _asked(text: str, task: DesignTask, table: Mapping[str, Any]) -> tuple[tuple[Axis, ...], Shares]:
    """The axes of one entry of ``shares``, and the shares by level codes, completed and checked."""
    path = ("design", "shares", text)
    axes = axes_of(text, task, path)
    columns = [CellAxis(axis, *axis.codes(task.factors)) for axis in axes]
    given = leaves(table, columns, path, _share)
    problems: list[Problem] = []
    full: Shares = {}
    outer = [range(len(column.names)) for column in columns[:-1]]
    for around in itertools.product(*outer):
        inner = {codes[-1]: share for codes, share in given.items() if codes[:-1] == around}
        where = (*path, *(column.names[code] for column, code in zip(columns, around, strict=False)))
        try:
            row = _completed(inner, columns[-1])
        except ValueError as error:
            within = f" within {named(columns[:-1], around)}" if around else ""
            problems.append(Problem(f"the shares of {axes[-1]}{within} {error}", where))
            continue
        full |= {(*around, code): share for code, share in enumerate(row)}
    if problems:
        raise RecipeError(problems)
    return axes, full


def _share(value: Any) -> Fraction:
    try:
        share = number(value)
    except ValueError:
        raise ValueError("a share is a number from 0 to 1") from None
    if share > 1:
        raise ValueError("a share is a number from 0 to 1")
    return share


def _completed(inner: Mapping[int, Fraction], axis: CellAxis) -> list[Fraction]:
    """A share for every level: what is left is shared evenly among levels without one."""
    total = sum(inner.values(), Fraction(0))
    others = len(axis.names) - len(inner)
    if total > 1 + WHOLE or (not others and total < 1 - WHOLE):
        raise ValueError(f"add up to {float(total):g}, not to 1")
    if others and total > 1 - WHOLE:
        name = next(name for code, name in enumerate(axis.names) if code not in inner)
        raise ValueError(f"leave nothing for the other levels; write 0 for {name!r} if that is meant")
    rest = (1 - total) / others if others else Fraction(0)
    return [inner.get(code, rest) for code in range(len(axis.names))]


def _decided_twice(groups: Mapping[str, tuple[Axis, ...]]) -> list[Problem]:
    """Axes whose shares stand in two entries: the last axis of an entry is the one it decides."""
    problems = []
    for (one, first), (two, second) in itertools.combinations(groups.items(), 2):
        if first[-1] == second[-1]:
            message = f"decides {second[-1]}, whose shares {one!r} gives already"
            problems.append(Problem(message, ("design", "shares", two), suggestion="keep one of the two"))
    return problems


@attrs.define
class _Sharing:
    """Turns shares into tables of rows, outer axes before those decided within them."""

    space: Space
    families: int
    draws: Draws
    exact: dict[frozenset[Axis], tuple[tuple[Axis, ...], Ints]] = attrs.field(factory=dict)
    demands: list[Demand] = attrs.field(factory=list)

    def add(self, text: str, axes: tuple[Axis, ...], shares: Shares) -> None:
        """One entry: whole rows by largest remainder where the rows of what stands around it are whole."""
        said, path = f"shares.{text!r}", ("design", "shares", text)
        where = places(self.space, axes)
        size = len(self.space.parts.axes[where[-1]].names)
        outer = self._outer(axes[:-1])
        if outer is None:
            around = margin(self.space, self._cells(), where[:-1])
            table = np.array(
                [[float(shares[*codes, code]) for code in range(size)] for codes in np.ndindex(around.shape)]
            )
            wanted = around[..., None] * table.reshape(*around.shape, size)
            self.demands.append(demand(said, path, where, wanted))
            return
        counts = np.zeros((*outer.shape, size), dtype=np.int64)
        for turn, codes in enumerate(np.ndindex(outer.shape)):
            row = [shares[*codes, code] for code in range(size)]
            counts[codes] = shared_out(int(outer[codes]), row, self.draws.stream(text), turn)
        self.exact[frozenset(axes)] = axes, counts
        self.demands.append(exactly(said, path, where, counts))

    def _outer(self, axes: tuple[Axis, ...]) -> Ints | None:
        """Whole rows of the axes around another, if they are decided; a single axis without shares is even."""
        if not axes:
            return np.array(self.families, dtype=np.int64)
        if frozenset(axes) in self.exact:
            known, counts = self.exact[frozenset(axes)]
            return np.moveaxis(counts, [known.index(axis) for axis in axes], range(len(axes)))
        if len(axes) > 1:
            return None
        shares = margin(self.space, self._cells(), places(self.space, axes)).tolist()
        return shared_out(self.families, list(map(Fraction, shares)), self.draws.stream(str(axes[0])))

    def _cells(self) -> Floats:
        return rake(self.space.codes, even_start(self.space.codes), self.families, self.demands)[0]
