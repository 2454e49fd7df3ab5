"""How many rows each rule takes out of a full cross."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from fairloom.design import DesignTask, Rule
from fairloom_design.members import Members

MOST = 2_000_000
"""A rule over more combinations of its own factors than this is not counted."""


def excluded(task: DesignTask, members: Members) -> tuple[tuple[str, int | None], ...]:
    """For each rule of the recipe, how many rows of the cross without rules it does not allow.

    Each rule is counted alone, so a row that two rules exclude counts with both. Where a rule names a factor crossed
    inside families, one forbidden member takes out its family. ``None`` where there is too much to count.
    """
    spaces = list(_spaces(task))
    outer = {rule.where: rule for rule in members.rules}
    found: list[tuple[str, int | None]] = []
    for rule in task.rules:
        if rule.where in outer:
            counts = [_failing(outer[rule.where], task, fixed, names) for fixed, names in spaces]
            known = [count for count in counts if count is not None]
            found.append((rule.text, sum(known) * members.count if len(known) == len(counts) else None))
        else:
            inside = _failing(rule, task, {}, task.within)
            total = sum(math.prod(task.factors[name].size for name in names) for _, names in spaces)
            found.append((rule.text, None if inside is None else inside * total))
    return tuple(found)


def _spaces(task: DesignTask) -> Iterator[tuple[dict[str, int], tuple[str, ...]]]:
    """The level of the driver, and the factors crossed under it."""
    uses = task.uses
    if uses is None or uses.driver not in task.factors or uses.driver in task.within:
        yield {}, _crossed(task, {}, None if uses is None else frozenset().union(*uses.factors))
        return
    for level, used in enumerate(uses.factors):
        fixed = {uses.driver: level}
        yield fixed, _crossed(task, fixed, used)


def _crossed(task: DesignTask, fixed: Mapping[str, int], used: frozenset[str] | None) -> tuple[str, ...]:
    return tuple(
        name
        for name, factor in task.factors.items()
        if name not in task.within and name not in fixed and (used is None or name in used or factor.role == "label")
    )


def _failing(rule: Rule, task: DesignTask, fixed: Mapping[str, int], names: tuple[str, ...]) -> int | None:
    """Combinations of ``names`` that the rule does not allow; none where it names a factor that is not used."""
    mine = [name for name in rule.factors if name in names]
    if not {*rule.factors} <= {*names, *fixed}:
        return 0
    sizes = [task.factors[name].size for name in mine]
    tuples = math.prod(sizes)
    if tuples > MOST:
        return None
    grid = np.indices(sizes).reshape(len(sizes), tuples) if sizes else np.zeros((0, 1), dtype=np.int64)
    levels = {name: grid[place] for place, name in enumerate(mine)}
    levels |= {name: np.full(tuples, fixed[name]) for name in rule.factors if name in fixed}
    wrong = int(tuples - np.count_nonzero(rule.keep(levels)))
    return wrong * math.prod(task.factors[name].size for name in names if name not in mine)
