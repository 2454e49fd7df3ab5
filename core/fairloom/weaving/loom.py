"""The loom: everything a run needs, loaded, checked and planned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs

from fairloom.components import Audit, Executor, Lint, Metric, Writer
from fairloom.design import Plan, PlanSummary
from fairloom.reading.recipespec import GateSpec
from fairloom.reading.structure import structure
from fairloom.weaving.answers import Step
from fairloom.weaving.briefs import Briefs
from fairloom.weaving.guard import built
from fairloom.weaving.weave import Weaver
from fairloom.weaving.workshop import Workshop


@attrs.frozen(eq=False, kw_only=True)
class Loom(Workshop):
    """A recipe set up in this process. Workers set up their own from the same recipe.

    ``plan`` has the labels as planned; the plan of ``briefs`` has them as ``[[task.relabel]]`` recomputes them.
    """

    plan: Plan
    briefs: Briefs
    steps: tuple[Step, ...]
    axes: tuple[str, ...]

    @property
    def rows(self) -> int:
        """Rows asked for."""
        return self.plan.families * self.plan.members

    @cached_property
    def summary(self) -> PlanSummary:
        """Cells, counts and notes. Proving that rows differ takes a look at every row, so it waits to be asked."""
        return self.briefs.plan.summary()

    @cached_property
    def excluded(self) -> dict[str, dict[str, int | None]]:
        """What rules take out of ``rows = "all"``, in rows, and queries out of the tables of factors, in levels."""
        whole = self.recipe.recipe.rows == "all"
        return {
            "rows": dict(self.summary.excluded) if whole else {},
            "levels": {name: factor.left_out for name, factor in self.factors.items() if factor.left_out},
        }

    @property
    def row_steps(self) -> tuple[Step, ...]:
        """Generators and the filters that judge rows or families."""
        return tuple(step for step in self.steps if step.scope != "dataset")

    @property
    def dataset_steps(self) -> tuple[Step, ...]:
        """The filters that judge the whole dataset, in the order of the recipe."""
        return tuple(step for step in self.steps if step.scope == "dataset")

    def weaver(self) -> Weaver:
        """A weaver of parts."""
        task, attempts = self.recipe.task, self.recipe.design.attempts
        return Weaver(
            self.briefs,
            self.row_steps,
            attempts,
            self.axes,
            task.fields,
            kind=task.kind,
            exhaustive=self.recipe.recipe.rows == "all",
        )

    def metric(self, gate: GateSpec, index: int, audited: Sequence[Mapping[str, Any]] = ()) -> Any:
        """A fresh measuring object for a gate, told of the filter audit where there is one."""
        component, _ = self.plugins.find(Metric, gate.metric, "gate", index, "metric")
        audit = Audit(steps=tuple(step.name for step in self.steps), axes=self.axes, entries=tuple(audited))
        return self.build(component, gate.settings, ("gate", index), "gate", gate.name, owner=GateSpec, audit=audit)

    def writer(self, use: str) -> Any:
        """The writer of a further export format."""
        component, _ = self.plugins.find(Writer, use, "export", "formats")
        return self.build(component, {}, ("export", "formats"), "writer", use)

    def executor(self, use: str) -> Any:
        """The executor of a plugin, with its default settings."""
        component, _ = self.plugins.find(Executor, use)
        config: Any = structure(component.config, {})
        return built(component, config, self.tools("executor", use), "--executor")

    def lint(self, code: str, settings: Mapping[str, Any]) -> Any:
        """The working object of a lint."""
        component, _ = self.plugins.find(Lint, code)
        config: Any = structure(component.config, dict(settings), ("--rule", *code.split(".")))
        return built(component, config, self.tools("lint", code), *code.split("."))
