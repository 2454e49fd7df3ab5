"""Weighted draws, for comparison: independent draws in which some levels are more likely than others."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import Bools, DesignTask, Rule
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError
from fairloom_design.dealing import Lists
from fairloom_design.demands import KeyPath, axes_of, leaves, number
from fairloom_design.independent import IndependentPlan, drawn
from fairloom_design.parts import CellAxis
from fairloom_design.windows import Windows

FINE = 1 << 31


@attrs.frozen(kw_only=True)
class WeightedConfig:
    """Settings of ``design.weighted``."""

    weights: dict[str, dict[str, float]] = attrs.field(
        metadata={"help": "by axis, the weight of each level; levels that are not named weigh 1"}
    )


@attrs.frozen
class Weighted:
    """Draws every factor by its address, levels in proportion to their weights."""

    weights: Mapping[str, Mapping[str, float]]

    def plan(self, task: DesignTask) -> IndependentPlan:
        """``task.rows`` rows of weighted draws.

        Raises:
            RecipeError: with every weight that cannot be read, or where no combination is possible.
        """
        found: dict[Axis, Ints] = {}
        problems: list[Problem] = []
        for text, table in self.weights.items():
            try:
                axis, weights = _weights(text, table, task)
                found[axis] = weights
            except RecipeError as error:
                problems += error.problems
        if problems:
            raise RecipeError(problems)
        rules = (*task.rules, *(_never(axis, weights, task) for axis, weights in found.items() if not weights.all()))
        plan = drawn(attrs.evolve(task, rules=rules), tuple(found))
        windows = {name: _heavier(window, found) for name, window in plan.windows.items()}
        return attrs.evolve(plan, windows=windows, note="weighted draws balance nothing: they are for comparison")


def build(config: WeightedConfig, tools: Tools) -> Weighted:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.weighted``."""
    return Weighted(config.weights)


def _weights(text: str, table: Mapping[str, float], task: DesignTask) -> tuple[Axis, Ints]:
    """The axis and a whole weight per level, in proportion."""
    path: KeyPath = ("design", "weights", text)
    axes = axes_of(text, task, path)
    if len(axes) > 1:
        raise RecipeError.of("weights are given axis by axis", *path, suggestion="use design.raked for joint tables")
    column = CellAxis(axes[0], *axes[0].codes(task.factors))
    given = leaves(table, [column], path, number)
    weights = [given.get((code,), 1) for code in range(len(column.names))]
    if not any(weights):
        raise RecipeError.of("all weights are 0", *path, suggestion="give some level a weight")
    whole = sum(weights)
    return axes[0], np.array([max(round(weight * FINE / whole), weight > 0) for weight in weights], dtype=np.int64)


def _never(axis: Axis, weights: Ints, task: DesignTask) -> Rule:
    """The rule that excludes levels of weight 0."""
    codes, names = axis.codes(task.factors)
    may = np.append(weights[codes] > 0, True)

    def keep(levels: Mapping[str, Ints]) -> Bools:
        return np.asarray(may[levels[axis.factor]], dtype=np.bool_)

    zero = ", ".join(repr(name) for name, weight in zip(names, weights.tolist(), strict=True) if weight == 0)
    return Rule(f"weight 0 of {axis} {zero}", (axis.factor,), keep, ("design", "weights", str(axis)))


def _heavier(window: Windows, weights: Mapping[Axis, Ints]) -> Windows:
    """The window with the running weights of its lists, if its axis has weights."""
    own = weights.get(Axis(window.part.factor, window.part.attribute))
    if own is None:
        return window
    return attrs.evolve(window, lists=attrs.evolve(window.lists, weight=_running(window.lists, own)))


def _running(lists: Lists, own: Ints) -> Ints:
    """Weights of the levels of all lists, added up from the first; what is not used weighs as much as one level."""
    weights = np.append(own, 1)[lists.flat]
    return np.concatenate([[0], np.cumsum(weights)]).astype(np.int64)
