"""The rows of a family: every allowed combination of the within-factors, last fastest."""

from __future__ import annotations

import math

import attrs
import numpy as np

from fairloom.design import Bools, DesignTask, Rule
from fairloom.draws import Ints
from fairloom.problems import RecipeError

MOST = 100_000


@attrs.frozen(eq=False)
class Members:
    """``levels[factor][m]`` is the level of a within-factor in row ``m`` of every family."""

    count: int
    levels: dict[str, Ints]
    rules: tuple[Rule, ...]
    """The rules left for the other factors; one that names a within-factor must hold for every member."""


def members_of(task: DesignTask) -> Members:
    """The members that the rules among within-factors allow, and the rules that remain.

    Raises:
        RecipeError: where no member is left, or a family would be absurdly large.
    """
    names = [name for name in task.factors if name in task.within]
    sizes = [task.factors[name].size for name in names]
    if math.prod(sizes) > MOST:
        raise RecipeError.of(f"a family of {math.prod(sizes):,} rows is more than {MOST:,}", "design", "within")
    grid = np.indices(sizes).reshape(len(sizes), -1) if sizes else np.zeros((0, 1), dtype=np.int64)
    levels = {name: grid[place].astype(np.int64) for place, name in enumerate(names)}
    inner = [rule for rule in task.rules if set(rule.factors) <= set(names)]
    kept = np.ones(grid.shape[1], dtype=np.bool_)
    for rule in inner:
        kept &= rule.keep(levels)
    if not kept.any():
        said = "; ".join(repr(rule.text) for rule in inner)
        raise RecipeError.of(f"no combination of {', '.join(names)} satisfies {said}", "design", "within")
    levels = {name: level[kept] for name, level in levels.items()}
    rest = tuple(_for_all(rule, levels) for rule in task.rules if rule not in inner)
    return Members(int(kept.sum()), levels, rest)


def _for_all(rule: Rule, levels: dict[str, Ints]) -> Rule:
    """``rule`` over the factors outside the family, true where it holds for every member."""
    inside = [name for name in rule.factors if name in levels]
    if not inside:
        return rule
    variants = np.unique(np.stack([levels[name] for name in inside], axis=1), axis=0)

    def keep(outer: dict[str, Ints]) -> Bools:
        length = len(next(iter(outer.values())))
        tests = [
            rule.keep({**outer, **{name: np.full(length, level) for name, level in zip(inside, variant, strict=True)}})
            for variant in variants
        ]
        return np.asarray(np.logical_and.reduce(tests), dtype=np.bool_)

    return Rule(rule.text, tuple(name for name in rule.factors if name not in levels), keep, rule.where)
