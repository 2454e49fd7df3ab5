"""``[design]`` over the factors of a recipe: its rules, what a sampler is asked, and what it plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import attrs

from fairloom.batch import LABEL
from fairloom.components import Sampler
from fairloom.design import Bools, DesignTask, Plan, Rule, Uses, design_task
from fairloom.factors import Axis, Factor, label_factor
from fairloom.reading.recipespec import DesignSpec
from fairloom.rules import rules_of
from fairloom.weaving.guard import blamed
from fairloom.weaving.placing import Problems
from fairloom.weaving.possible import Possible
from fairloom.weaving.relabel import Relabelling
from fairloom.weaving.workshop import Workshop


@attrs.frozen(eq=False)
class Designed:
    """The design of a recipe, checked."""

    shop: Workshop
    rules: tuple[Rule, ...] = ()
    relabelling: Relabelling | None = None

    @classmethod
    def of(cls, shop: Workshop, problems: Problems) -> Designed:
        """A sampler that exists, axes and rules that name something: only once the factors are known."""
        recipe = shop.recipe
        problems.catch(partial(_sampler, shop), "design")
        if not shop.factors:
            return cls(shop)
        planned = _planned(shop)
        rules = problems.catch(partial(rules_of, recipe.design, recipe.factors, planned), "design")
        relabelling = problems.catch(partial(Relabelling.of, recipe.task, planned), "task", "relabel")
        found = cls(shop, rules or (), relabelling)
        problems.catch(found.task, "design")
        return found

    def plan(self, uses: Uses | None) -> Plan:
        """The allocation of levels, to rows that use what the templates use.

        Raises:
            RecipeError: The sampler refuses the task.
        """
        spec = self.shop.recipe.design
        sampler = self.shop.build(_sampler(self.shop), spec.settings, ("design",), "design", owner=DesignSpec)
        with blamed(f"design sampler {spec.use}"):
            plan: Plan = sampler.plan(self.task(uses))
        return plan

    def possible(self, axes: Sequence[str]) -> Bools | None:
        """Which cells of some axes the rules allow, as far as that is known before the steps are built."""
        if self.relabelling is not None and any(Axis.parse(text).factor == LABEL for text in axes):
            return None  # rules speak of planned labels, rows have others
        crossed = frozenset(Axis.parse(text).factor for text in self.shop.recipe.design.cross)
        return Possible(self.shop.factors, self.rules, always=crossed).cells(axes)

    def task(self, uses: Uses | None = None) -> DesignTask:
        """What the sampler is asked.

        Raises:
            RecipeError: With every axis that does not exist or stands where it cannot.
        """
        rows = self.shop.recipe.recipe.rows
        return design_task(
            self.shop.recipe.design,
            _planned(self.shop),
            rows=None if rows == "all" else rows,
            rules=self.rules,
            uses=uses,
            draws=self.shop.draws.stream("design"),
        )


def _sampler(shop: Workshop) -> Sampler:
    component, _ = shop.plugins.find(Sampler, shop.recipe.design.use, "design", "use", plans="design")
    return component


def _planned(shop: Workshop) -> Mapping[str, Factor]:
    """The factors as the design sees them: the label without levels that only ``[[task.relabel]]`` gives."""
    label = label_factor(shop.recipe.task, planned=True)
    if label is None or label.size == shop.factors[LABEL].size:
        return shop.factors
    return {**shop.factors, LABEL: attrs.evolve(label, within=shop.factors[LABEL].within)}
