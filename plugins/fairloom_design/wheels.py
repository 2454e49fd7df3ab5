"""All combinations of levels, counted and addressed without being listed.

Given a level of the driver, a factor either varies freely over a list of levels, or is tied to others by
rules; tied factors are listed as tuples, so an address is read off like a number whose digits have unequal weight.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from fairloom.design import Bools, Codes, DesignTask, Rule
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_design.members import Members

MOST_TUPLES = 2_000_000


@attrs.frozen(eq=False)
class Tied:
    """Tuples of levels that rules tie together, in order: one column per factor.

    ``begin[i]`` and ``end[i]`` bound, for each tuple, those that agree with it in its first ``i + 1`` factors.
    """

    levels: Ints
    begin: Ints
    end: Ints


@attrs.frozen(eq=False)
class Wheel:
    """All combinations under one level of the driver: factors in order, each free or tied."""

    fixed: Mapping[str, int]
    names: tuple[str, ...]
    free: Mapping[str, Codes]
    tied: Tied
    tied_names: tuple[str, ...]

    @property
    def size(self) -> int:
        """How many combinations there are."""
        return len(self.tied.levels) * math.prod(len(levels) for levels in self.free.values())

    def levels(self, number: Ints) -> dict[str, Ints]:
        """The levels of each combination, by its number."""
        after = self.size // max(1, len(self.tied.levels))
        low, high = np.zeros_like(number), np.full_like(number, len(self.tied.levels))
        found = {name: np.full_like(number, level) for name, level in self.fixed.items()}
        for name in self.names:
            if name in self.free:
                after //= len(self.free[name])
                radix = (high - low) * after
                found[name] = self.free[name][number // radix].astype(np.int64)
                number = number % radix
            else:
                place = self.tied_names.index(name)
                spot = low + number // after
                found[name] = self.tied.levels[spot, place]
                start = self.tied.begin[spot, place]
                number = number - (start - low) * after
                low, high = start, self.tied.end[spot, place]
        return found


def wheels_of(task: DesignTask, members: Members) -> list[Wheel]:
    """One wheel per level of the driver, in order."""
    maker = _Maker(task, members.rules)
    uses = task.uses
    if uses is None or uses.driver not in task.factors or uses.driver in task.within:
        used = None if uses is None else frozenset().union(*uses.factors)
        return [maker.wheel({}, used)]
    return [maker.wheel({uses.driver: level}, factors) for level, factors in enumerate(uses.factors)]


@attrs.define(eq=False)
class _Maker:
    """Builds wheels, and remembers tuples that several levels of the driver share."""

    task: DesignTask
    rules: tuple[Rule, ...]
    known: dict[Any, Tied] = attrs.field(factory=dict)

    def wheel(self, fixed: dict[str, int], used: frozenset[str] | None) -> Wheel:
        task = self.task
        outer = [name for name in task.factors if name not in task.within and name not in fixed]
        labels = {name for name in outer if task.factors[name].role == "label"}
        names = tuple(name for name in outer if used is None or name in used or name in labels)
        if any(not self._alone(rule, fixed) for rule in self.rules if set(rule.factors) <= set(fixed)):
            return Wheel(fixed, (), {}, _bounded(np.zeros((0, 0), dtype=np.int64)), ())
        lists = {name: self._levels(name, fixed) for name in names}
        known = {*names, *fixed}
        rules = [rule for rule in self.rules if len({*rule.factors} & {*names}) > 1 and {*rule.factors} <= known]
        together = {name for rule in rules for name in rule.factors}
        tied_names = tuple(name for name in names if name in together)
        free = {name: levels for name, levels in lists.items() if name not in together}
        return Wheel(fixed, names, free, self._tuples(tied_names, lists, rules, fixed), tied_names)

    def _alone(self, rule: Rule, fixed: Mapping[str, int]) -> bool:
        return bool(rule.keep({name: np.array([fixed[name]]) for name in rule.factors})[0])

    def _levels(self, name: str, fixed: Mapping[str, int]) -> Codes:
        """Levels of one factor that the rules with the driver, or with itself alone, allow."""
        size = self.task.factors[name].size
        keep = np.ones(size, dtype=np.bool_)
        for rule in self.rules:
            if name in rule.factors and set(rule.factors) <= {name, *fixed}:
                levels = {other: np.full(size, level) for other, level in fixed.items()}
                keep &= rule.keep({**levels, name: np.arange(size)})
        return np.flatnonzero(keep).astype(np.int32)

    def _tuples(
        self, names: tuple[str, ...], lists: Mapping[str, Codes], rules: Sequence[Rule], fixed: Mapping[str, int]
    ) -> Tied:
        with_driver = any(set(rule.factors) & set(fixed) for rule in rules)
        key = (names, tuple(lists[name].tobytes() for name in names), tuple(fixed.items()) if with_driver else ())
        if key not in self.known:
            self.known[key] = _bounded(self._joined(names, lists, rules, fixed))
        return self.known[key]

    def _joined(
        self, names: tuple[str, ...], lists: Mapping[str, Codes], rules: Sequence[Rule], fixed: Mapping[str, int]
    ) -> Ints:
        """Join factor after factor, dropping what a rule forbids as soon as all it names is there."""
        table = np.zeros((1, 0), dtype=np.int64)
        pending = list(rules)
        for place, name in enumerate(names):
            if len(table) * len(lists[name]) > 4 * MOST_TUPLES:
                said = " and ".join(repr(rule.text) for rule in rules)
                message = f"{said} ties more than {MOST_TUPLES:,} combinations of {' x '.join(names[: place + 1])}"
                raise RecipeError.of(message, *rules[0].where, suggestion="narrow the tables with where")
            left = np.repeat(table, len(lists[name]), axis=0)
            table = np.column_stack([left, np.tile(lists[name].astype(np.int64), len(table))])
            ready = [rule for rule in pending if set(rule.factors) <= {*names[: place + 1], *fixed}]
            pending = [rule for rule in pending if rule not in ready]
            for rule in ready:
                table = table[self._keeps(rule, names, table, fixed)]
        return table

    def _keeps(self, rule: Rule, names: tuple[str, ...], table: Ints, fixed: Mapping[str, int]) -> Bools:
        levels = {name: table[:, names.index(name)] for name in rule.factors if name in names}
        levels |= {name: np.full(len(table), fixed[name]) for name in rule.factors if name in fixed}
        return np.asarray(rule.keep(levels), dtype=np.bool_)


def _bounded(table: Ints) -> Tied:
    """For each tuple and depth, the range of tuples with the same beginning."""
    begin, end = np.zeros_like(table), np.zeros_like(table)
    changed = np.zeros(len(table), dtype=np.bool_)
    for place in range(table.shape[1]):
        changed |= np.diff(table[:, place], prepend=-1) != 0
        heads = np.flatnonzero(changed)
        group = np.cumsum(changed) - 1
        begin[:, place] = heads[group]
        end[:, place] = np.append(heads[1:], len(table))[group]
    return Tied(table, begin, end)


def distinct_of(task: DesignTask, members: Members) -> int | None:
    """How many rows differ in something that their template uses.

    ``None`` where a template draws values without levels, or the rules tie too many levels to count.
    """
    if task.uses is not None and any(not used <= set(task.factors) for used in task.uses.factors):
        return None
    labels = [name for name, factor in task.factors.items() if factor.role == "label"]
    hidden = [name for name in labels if not (task.uses and any(name in used for used in task.uses.factors))]
    try:
        wheels = wheels_of(task, members)
    except RecipeError:
        return None
    return members.count * sum(_showing(wheel, hidden) for wheel in wheels)


def _showing(wheel: Wheel, hidden: Sequence[str]) -> int:
    """Combinations of a wheel that differ in more than what is hidden."""
    if wheel.size == 0:
        return 0
    free = math.prod(len(levels) for name, levels in wheel.free.items() if name not in hidden)
    seen = [place for place, name in enumerate(wheel.tied_names) if name not in hidden]
    return free * (len(np.unique(wheel.tied.levels[:, seen], axis=0)) if seen else 1)
