"""The design ``profile``: the margins and joint tables of real data, less the dependences that are to go."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fractions import Fraction

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import DesignTask
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_design.balanced import BalancedPlan
from fairloom_design.demands import KeyPath, axes_of
from fairloom_design.given import Given, demands_of, given_table
from fairloom_design.parts import CellAxis
from fairloom_design.profiled import Profile, ProfiledTable, read_profile
from fairloom_design.shaped import shaped

PATH: KeyPath = ("design", "from")


@attrs.frozen(kw_only=True)
class ProfileConfig:
    """Settings of ``design.profile``."""

    from_: str = attrs.field(metadata={"key": "from", "help": "a profile, as fairloom profile writes it"})
    axes: dict[str, str] = attrs.field(
        factory=dict,
        metadata={"help": "axes of the recipe and what the profile calls them; without it, those of the same name"},
    )


@attrs.frozen
class Profiled:
    """Keeps the tables of a profile; pairs named independent keep their margins only."""

    profile: Profile
    axes: Mapping[str, str]

    def plan(self, task: DesignTask) -> BalancedPlan:
        """The allocation of ``task.rows`` rows.

        Raises:
            RecipeError: with every axis or level that does not fit, or the tables and rules that conflict.
        """
        ours = self._matched(task)
        tables = _kept(self.profile.tables, ours, task.independent)
        given: list[Given] = []
        problems: list[Problem] = []
        for names, table in tables:
            axes = [CellAxis(ours[name], *ours[name].codes(task.factors)) for name in names]
            try:
                given.append(_given(self.profile, names, table, axes))
            except RecipeError as error:
                problems += error.problems
        if problems:
            raise RecipeError(list(dict.fromkeys(problems)))
        return shaped(task, list(ours.values()), demands_of(given))

    def _matched(self, task: DesignTask) -> dict[str, Axis]:
        """The axis of the recipe for each axis of the profile that is used."""
        wanted = self.axes or {name: name for name in self.profile.levels if _exists(name, task)}
        matched: dict[str, Axis] = {}
        problems = []
        for text, name in wanted.items():
            if name not in self.profile.levels:
                hint = did_you_mean(name, self.profile.levels)
                problems.append(Problem(f"the profile has no axis {name!r}", ("design", "axes", text), suggestion=hint))
            else:
                matched[name] = axes_of(text, task, ("design", "axes", text))[0]
        if not matched and not problems:
            known = ", ".join(self.profile.levels)
            way = 'match them by axes, for example axes = { label = "income" }'
            problems.append(
                Problem(f"no axis of the recipe is called like one of the profile ({known})", PATH, suggestion=way)
            )
        if problems:
            raise RecipeError(problems)
        return matched


def build(config: ProfileConfig, tools: Tools) -> Profiled:
    """The sampler ``design.profile``; reads the profile."""
    return Profiled(read_profile(tools.open_path(config.from_)), config.axes)


def _exists(name: str, task: DesignTask) -> bool:
    axis = Axis.parse(name)
    factor = task.factors.get(axis.factor)
    return factor is not None and (axis.attribute is None or axis.attribute in factor.attributes)


def _kept(
    tables: Sequence[ProfiledTable], ours: Mapping[str, Axis], independent: Sequence[Sequence[Axis]]
) -> list[tuple[tuple[str, ...], ProfiledTable]]:
    """Which axes of which table to keep: the largest groups without a pair that is to be independent.

    A table over part of the axes of another adds nothing and is left out.
    """
    apart = {frozenset(pair) for group in independent for pair in itertools.combinations(group, 2)}
    found: dict[frozenset[str], tuple[tuple[str, ...], ProfiledTable]] = {}
    for table in tables:
        known = [name for name in table.axes if name in ours]
        for size in range(len(known), 0, -1):
            for names in itertools.combinations(known, size):
                pairs = {frozenset((ours[one], ours[two])) for one, two in itertools.combinations(names, 2)}
                group = frozenset(names)
                if not pairs & apart and not any(group <= other for other in found):
                    found = {other: entry for other, entry in found.items() if not other < group}
                    found[group] = names, table
    return list(found.values())


def _given(profile: Profile, names: Sequence[str], table: ProfiledTable, axes: Sequence[CellAxis]) -> Given:
    """The margin of a table over ``names``, by the levels of the recipe.

    Raises:
        RecipeError: with the levels that only one of the two knows.
    """
    rest = tuple(place for place, name in enumerate(table.axes) if name not in names)
    counts = table.counts.sum(axis=rest)
    kept = [name for name in table.axes if name in names]
    entries: dict[tuple[int, ...], Fraction] = {}
    problems = []
    for spot in np.ndindex(counts.shape):
        levels = [profile.levels[name][code] for name, code in zip(kept, spot, strict=True)]
        strange = [(axis, level) for axis, level in zip(axes, levels, strict=True) if level not in axis.names]
        if not strange:
            entries[tuple(axis.names.index(level) for axis, level in zip(axes, levels, strict=True))] = Fraction(
                float(counts[spot])
            )
        elif counts[spot] > 0:
            axis, level = strange[0]
            hint = did_you_mean(level, axis.names) or "add it to the values of the factor"
            problems.append(
                Problem(f"the profile has rows with {level!r}, which is no level of {axis.axis}", PATH, suggestion=hint)
            )
    if problems:
        raise RecipeError(list(dict.fromkeys(problems)))
    return given_table(f"the profile's table of {', '.join(kept)}", PATH, axes, entries)
