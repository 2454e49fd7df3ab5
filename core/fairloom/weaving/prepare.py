"""Setting up a loom: from a recipe to loaded components, factors, plan and steps.

What is wrong is collected as far as it can be found, and said at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from fairloom.components import Metric, Writer
from fairloom.design import Plan
from fairloom.factors import Axis, compared_groups
from fairloom.modelling.opened import Replay
from fairloom.problems import Problem
from fairloom.reading.recipespec import GateSpec, RecipeSpec
from fairloom.reading.structure import structure
from fairloom.weaving.answers import Step
from fairloom.weaving.briefs import Briefs
from fairloom.weaving.designed import Designed
from fairloom.weaving.judging import self_judged
from fairloom.weaving.loom import Loom
from fairloom.weaving.opening import opened
from fairloom.weaving.placing import Problems
from fairloom.weaving.shown import shown
from fairloom.weaving.splits import Conditions
from fairloom.weaving.steps import built_steps, check_steps, uses_of
from fairloom.weaving.workshop import Workshop


def prepare(
    recipe: RecipeSpec, allow: Iterable[str | Path] = (), *, journal: Path | None = None, replay: Replay | None = None
) -> Loom:
    """Load, check and plan a recipe, without generating anything.

    ``journal`` and ``replay`` overrule ``[journal]``. No model is asked, and no journal opened.

    Raises:
        RecipeError: Everything that is wrong with the recipe, each with its place.
        PluginError: A plugin it names is broken.
    """
    problems = Problems(recipe)
    shop = opened(recipe, allow, journal, replay, problems)
    check_steps(shop, problems)
    _check_gates(shop, problems)
    _check_formats(shop, problems)
    design = Designed.of(shop, problems)
    _check_split(shop, problems)
    problems.stop()
    steps = built_steps(shop, design.possible, problems)
    uses = uses_of(steps)
    plan = problems.need(partial(design.plan, uses), "design")
    briefs = Briefs.of(plan, shop.factors, shown(recipe, shop.factors), uses, shop.draws)
    if design.relabelling:
        briefs = briefs.relabelled(design.relabelling)
    loom = _loom(shop, plan, briefs, steps)
    _try_outputs(loom, problems)
    problems.stop()
    return loom


def _check_gates(shop: Workshop, problems: Problems) -> None:
    """Metrics that exist, and bounds that decide something."""
    for index, gate in enumerate(shop.recipe.gate):
        problems.catch(partial(_check_gate, shop, index, gate), "gate", index)
        if gate.min is None and gate.max is None:
            way = "give min or max, or both for a band"
            said = "a gate without a bound decides nothing"
            problems.found.append(Problem(said, ("gate", index), suggestion=way))


def _check_gate(shop: Workshop, index: int, gate: GateSpec) -> None:
    component, _ = shop.plugins.find(Metric, gate.metric, "gate", index, "metric")
    structure(component.config, gate.settings, ("gate", index), owner=GateSpec)


def _check_formats(shop: Workshop, problems: Problems) -> None:
    """Writers that exist."""
    for index, use in enumerate(shop.recipe.export.formats):
        path = ("export", "formats", index)
        problems.catch(partial(shop.plugins.find, Writer, use, *path), *path)


def _check_split(shop: Workshop, problems: Problems) -> None:
    """Conditions that mean something; attributes that exist, and levels enough for every split to have one."""
    split = shop.recipe.export.split
    if split.conditions and shop.factors:
        problems.catch(partial(Conditions.of, split.conditions, shop.factors), "export", "split")
    for index, text in enumerate(split.together):
        axis, path = Axis.parse(text), ("export", "split", "together", index)
        if axis.factor not in shop.factors or not problems.catch(partial(axis.check, shop.factors), *path):
            continue
        if (levels := len(axis.codes(shop.factors)[1])) < len(split.shares):
            message = f"{text!r} has {levels} levels, which cannot be shared among {len(split.shares)} splits"
            problems.found.append(Problem(message, path))


def _loom(shop: Workshop, plan: Plan, briefs: Briefs, steps: tuple[Step, ...]) -> Loom:
    """The workshop with a plan, and steps to carry it out."""
    return Loom(
        recipe=shop.recipe,
        inputs=shop.inputs,
        plugins=shop.plugins,
        packages=shop.packages,
        factors=shop.factors,
        tables=shop.tables,
        references=shop.references,
        models=shop.models,
        predictors=shop.predictors,
        plan=plan,
        briefs=briefs,
        steps=steps,
        axes=compared_groups(shop.factors),
    )


def _try_outputs(loom: Loom, problems: Problems) -> None:
    """Build metrics and writers once, so that their complaints come before the work."""
    for index, gate in enumerate(loom.recipe.gate):
        work = problems.catch(partial(loom.metric, gate, index), "gate", index)
        problems.found += self_judged(work, loom.steps, loom.models, ("gate", index))
    for index, use in enumerate(loom.recipe.export.formats):
        problems.catch(partial(loom.writer, use), "export", "formats", index)
