"""Levels of declared axes that no row can have: an infeasible demand, named with the rules that make it so.

The axes of the cells are looked after by ``space_of``; here are those that stand only in ``independent``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
import numpy as np

from fairloom.design import Bools, Codes, Rule
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError
from fairloom_design.parts import parts_of
from fairloom_design.space import MOST_NAMED, MOST_TRIED, Space, open_cells
from fairloom_design.windows import Windows


def check_declared(space: Space, windows: Mapping[str, Windows]) -> None:
    """Every level of every declared axis must be possible.

    Raises:
        RecipeError: with the levels that are not, and the rules that exclude them.
    """
    problems = [
        problem
        for group in space.task.independent
        for axis in group
        if str(axis) in windows
        for problem in _problems(space, axis, windows[str(axis)])
    ]
    if problems:
        raise RecipeError(list(dict.fromkeys(problems)))


def _problems(space: Space, axis: Axis, window: Windows) -> Iterator[Problem]:
    """One problem per set of rules. Levels in no list of the window are suspects; few rows may be the cause too."""
    codes, names = axis.codes(space.task.factors)
    suspects = np.setdiff1d(np.arange(len(names)), window.lists.flat)
    lost: dict[tuple[str, ...], list[str]] = {}
    for code in suspects[:MOST_TRIED].tolist():
        wanted = _wanted(axis, codes, code)
        rules = space.members.rules
        if not _possible(space, [*rules, wanted]):
            guilty = _needed(space, rules, wanted)
            lost.setdefault(tuple(rule.text for rule in guilty), []).append(f"{axis} = {names[code]!r}")
    where = {rule.text: rule.where for rule in space.members.rules}
    for texts, levels in lost.items():
        shown = [*levels[:MOST_NAMED], *([f"{len(levels) - MOST_NAMED} more"] * (len(levels) > MOST_NAMED))]
        said = " and ".join(map(repr, texts)) or "the value tables have no such row"
        path = next((where[text] for text in texts if where[text]), ("design", "independent"))
        way = f"change the rule, leave the level out of the factor, or take {axis} out of independent"
        yield Problem(f"no row can have {' or '.join(shown)}: {said}", path, suggestion=way)


def _wanted(axis: Axis, codes: Codes, code: int) -> Rule:
    """The rule that a row has this level."""

    def keep(levels: Mapping[str, Ints]) -> Bools:
        level = levels[axis.factor]
        return np.asarray((codes[level] == code) | (level < 0), dtype=np.bool_)

    return Rule(f"{axis} has level {code}", (axis.factor,), keep, ())


def _possible(space: Space, rules: Sequence[Rule]) -> bool:
    """Whether some cell can be filled under these rules."""
    members = attrs.evolve(space.members, rules=tuple(rules))
    parts = parts_of(space.task, members, space.parts.axes)
    return open_cells(Space(space.task, members, parts, space.codes, {}))


def _needed(space: Space, rules: Sequence[Rule], wanted: Rule) -> list[Rule]:
    """The rules without any one of which the level would be possible; all of them if that takes long."""
    kept = list(rules)
    for rule in rules if len(rules) <= MOST_TRIED else ():
        fewer = [other for other in kept if other is not rule]
        if not _possible(space, [*fewer, wanted]):
            kept = fewer
    return kept
