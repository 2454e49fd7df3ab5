"""Factors aligned by index: the first row has the first level of each, the second the second, and so on."""

from __future__ import annotations

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import UNUSED, Codes, DesignTask
from fairloom.problems import RecipeError
from fairloom_design.listed import ListedPlan, check_rows, rules_kept
from fairloom_design.members import members_of
from fairloom_design.parts import usage_of


@attrs.frozen
class ZipConfig:
    """The zip design has no settings of its own."""


def build(config: ZipConfig, tools: Tools) -> Zip:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.zip``."""
    return Zip()


@attrs.frozen
class Zip:
    """Aligns the levels of the factors outside the families; within-factors are crossed inside each."""

    def plan(self, task: DesignTask) -> ListedPlan:
        """One family per index. A factor with one level keeps it throughout.

        Raises:
            RecipeError: where factors have different numbers of levels, or rules leave nothing.
        """
        inner = members_of(task)
        sizes = {name: factor.size for name, factor in task.factors.items() if name not in inner.levels}
        length = max(sizes.values(), default=1)
        if any(size not in {1, length} for size in sizes.values()):
            said = ", ".join(f"{name} {size:,}" for name, size in sizes.items() if size > 1)
            way = "give each as many levels, or one; design.factorial makes every combination"
            raise RecipeError.of(f"levels are aligned by index, and there are {said}", "design", "use", suggestion=way)
        index = np.arange(length, dtype=np.int32)
        outer = {name: index if size == length else np.zeros_like(index) for name, size in sizes.items()}
        _blank_unused(task, outer)
        kept = np.ones(length, dtype=np.bool_)
        for _, holds in rules_kept(inner, outer, length):
            kept &= holds
        families = int(kept.sum())
        if not families:
            said = " and ".join(repr(rule.text) for rule in inner.rules)
            raise RecipeError.of(f"no index satisfies {said}", "design")
        check_rows(task, families * inner.count, "the list")
        notes = (f"{length - families} of {length} are excluded by rules",) if families < length else ()
        return ListedPlan(task, inner, {name: level[kept] for name, level in outer.items()}, families, notes)


def _blank_unused(task: DesignTask, outer: dict[str, Codes]) -> None:
    """Where the template does not use a factor, its level is none."""
    if task.uses is None or task.uses.driver not in outer:
        return
    driver = outer[task.uses.driver]
    for name in outer:
        used = usage_of(task, name)
        if used is not None:
            outer[name] = np.where(used[driver], outer[name], UNUSED).astype(np.int32)
