"""``[[step]]``: found and checked with the rest of a recipe, and built once nothing else is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

import attrs

from fairloom.components import Component, Filter, Generator
from fairloom.design import Bools, Uses
from fairloom.problems import Problem, RecipeError
from fairloom.reading.recipespec import StepSpec
from fairloom.reading.structure import structure
from fairloom.weaving.answers import Step
from fairloom.weaving.judging import self_judged, self_verified
from fairloom.weaving.placing import Problems
from fairloom.weaving.workshop import Workshop

Judge = Callable[[Sequence[str]], Bools | None]
"""``Tools.possible``."""


def check_steps(shop: Workshop, problems: Problems) -> None:
    """Components that exist, and settings they take: said together with what is wrong with factors."""
    kinds = [spec.kind for spec in shop.recipe.step]
    if kinds[:1] != ["generate"]:
        said = "the first step must generate rows" if kinds else "the recipe has no [[step]]"
        way = 'begin with generate = "template", or another generator'
        problems.found.append(Problem(said, ("step", 0) if kinds else ("step",), suggestion=way))
    for index, spec in enumerate(shop.recipe.step):
        problems.catch(partial(_found, shop, index, spec), "step", index)


def built_steps(shop: Workshop, possible: Judge, problems: Problems) -> tuple[Step, ...]:
    """Generators and filters, in order; none may judge what it wrote itself."""
    specs = enumerate(shop.recipe.step)
    made = [problems.catch(partial(_step, shop, index, spec, possible), "step", index) for index, spec in specs]
    problems.stop()
    steps = tuple(step for step in made if step is not None)
    for index, step in enumerate(steps):
        problems.found += self_judged(step.work, steps, shop.models, ("step", index))
    problems.found += self_verified(steps, shop.models, shop.predictors)
    return steps


def uses_of(steps: Iterable[Step]) -> Uses | None:
    """What the templates use, if a generator says; what other generators read, every row uses."""
    steps = tuple(steps)
    found: Uses | None = next((uses for step in steps if (uses := getattr(step.work, "uses", None))), None)
    read = frozenset[str]().union(*(getattr(step.work, "reads", ()) for step in steps))
    if found is None or not read:
        return found
    return attrs.evolve(found, factors=tuple(used | (read - {found.driver}) for used in found.factors))


def _found(shop: Workshop, index: int, spec: StepSpec) -> Component:
    kind: type[Generator | Filter] = Generator if spec.kind == "generate" else Filter
    component, _ = shop.plugins.find(kind, spec.use, "step", index, spec.kind)
    structure(component.config, spec.settings, ("step", index), owner=StepSpec)
    return component


def _step(shop: Workshop, index: int, spec: StepSpec, possible: Judge) -> Step:
    component = _found(shop, index, spec)
    after = shop.recipe.step[index + 1 :]
    judges = tuple(later.name for later in after if later.kind == "filter")
    told = {"judges": judges, "possible": possible, "attempts": shop.recipe.design.attempts}
    work = shop.build(component, spec.settings, ("step", index), "step", spec.name, owner=StepSpec, **told)
    writer = next((later.name for later in after if later.kind == "generate"), None)
    if writer and getattr(work, "repairs", False):
        said = f"rejected texts go back to the last generator alone, and step {writer!r} generates after this one"
        raise RecipeError.of(said, "repair", suggestion="leave repair out here, or let this step generate last")
    return Step(spec.name, spec.use, spec.kind, component.scope, work)
