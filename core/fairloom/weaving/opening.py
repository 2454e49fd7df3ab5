"""Opening what a recipe names outside of its steps and gates: factors, references, models and predictors."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import Model, Predictor, Reader, Sampler, ValueTable
from fairloom.factors import load_factors
from fairloom.modelling.journal import Journal
from fairloom.modelling.limits import Limits
from fairloom.modelling.opened import Models, Replay
from fairloom.plugging.plugins import Plugins
from fairloom.problems import RecipeError
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.inputs import inputs_for
from fairloom.reading.locate import KeyPath
from fairloom.reading.recipespec import ModelSpec, PredictorSpec, RecipeSpec, ReferenceSpec
from fairloom.weaving.guard import blamed
from fairloom.weaving.placing import Problems
from fairloom.weaving.predicted import Predictors
from fairloom.weaving.referred import reference_rows
from fairloom.weaving.tabulated import grouped, table_record, tabulated
from fairloom.weaving.workshop import Opener, Workshop


def opened(
    recipe: RecipeSpec, allow: Iterable[str | Path], journal: Path | None, replay: Replay | None, problems: Problems
) -> Workshop:
    """The workshop of a recipe, with all that could be opened. No model is asked, and no journal opened."""
    bare = Workshop(
        recipe=recipe,
        inputs=inputs_for(recipe.root, allow),
        plugins=Plugins(root=recipe.root),
        models=Models(Journal(journal)),
        predictors=Predictors(labels=tuple(recipe.task.labels)),
    )
    for index, name in enumerate(recipe.recipe.observers):  # nothing else in the recipe would load them
        problems.catch(partial(bare.plugins.load, name, "recipe", "observers", index))
    shop = _with_factors(bare, problems)
    for name, reference in recipe.reference.items():
        opener = problems.catch(partial(_reference, shop, name, reference), "reference", name)
        shop.references[name] = opener or _refused
    _place_journal(shop, problems)
    for name, model in recipe.models.items():
        problems.catch(partial(_open_model, shop, name, model, replay or recipe.journal.replay), "models", name)
    for name, predictor in recipe.predictors.items():
        problems.catch(partial(_open_predictor, shop, name, predictor), "predictors", name)
    return shop


def _with_factors(shop: Workshop, problems: Problems) -> Workshop:
    """The workshop with value samplers and tables of plugins, then every factor."""
    factors = shop.recipe.factors
    samplers = {
        name: problems.catch(partial(_sampler, shop, name, spec), "factors", name)
        for name, spec in factors.items()
        if spec.sample is not None
    }
    tables = {
        name: problems.catch(partial(_table, shop, name, spec), "factors", name)
        for name, spec in factors.items()
        if spec.table is not None
    }
    found = {name: each for name, each in tables.items() if each is not None}
    if len(found) < len(tables):
        return shop
    load = partial(
        load_factors,
        {**factors, **{name: spec for name, (spec, _, _) in found.items()}},
        shop.recipe.task,
        shop.inputs.open_path,
        within=shop.recipe.design.within,
        given={**samplers, **{name: table for name, (_, table, _) in found.items()}},
    )
    records = tuple(record for _, _, record in found.values())
    return attrs.evolve(shop, factors=problems.catch(load, "factors") or {}, tables=records)


def _sampler(shop: Workshop, name: str, spec: FactorSpec) -> Any:
    path: KeyPath = ("factors", name)
    component, _ = shop.plugins.find(Sampler, str(spec.sample), *path, "sample", plans="value")
    return shop.build(component, spec.settings, path, "factor", name, owner=FactorSpec)


def _table(shop: Workshop, name: str, spec: FactorSpec) -> tuple[FactorSpec, pa.Table, dict[str, str]]:
    """The factor as its value table has it balanced, the table, and what the manifest says of it."""
    path: KeyPath = ("factors", name)
    component, _ = shop.plugins.find(ValueTable, str(spec.table), *path, "table")
    work = shop.build(component, spec.settings, path, "factor", name, owner=FactorSpec)
    with blamed(f"the value table {spec.table} of factor {name!r}"):
        table = tabulated(work)
    return grouped(spec, component.groups), table, table_record(name, spec, component, table)


def _reference(shop: Workshop, name: str, spec: ReferenceSpec) -> Opener:
    path: KeyPath = ("reference", name)
    component, _ = shop.plugins.find(Reader, spec.read, *path, "read")
    reader = shop.build(component, spec.settings, path, "reference", name, owner=ReferenceSpec)
    return partial(reference_rows, reader, name, spec)


def _refused() -> pa.Table:
    """In place of a reference that is wrong: that is said already, and whoever names it is not wrong as well."""
    raise RecipeError([])


def _place_journal(shop: Workshop, problems: Problems) -> None:
    """The files of ``[journal]``."""
    spec, journal = shop.recipe.journal, shop.models.journal
    if spec.path is not None and journal.path is None:
        journal.path = problems.catch(partial(shop.inputs.place, spec.path), "journal", "path")
    if spec.recorded is not None:
        journal.recorded = problems.catch(partial(shop.inputs.open_path, spec.recorded), "journal", "recorded")


def _open_model(shop: Workshop, name: str, spec: ModelSpec, replay: Replay) -> None:
    path: KeyPath = ("models", name)
    component, _ = shop.plugins.find(Model, spec.use, *path, "use")
    asks = shop.build(component, spec.settings, path, "models", name, owner=ModelSpec)
    shop.models.open(name, asks, Limits(name, spec, shop.models.journal), use=spec.use, replay=replay)


def _open_predictor(shop: Workshop, name: str, spec: PredictorSpec) -> None:
    path: KeyPath = ("predictors", name)
    component, _ = shop.plugins.find(Predictor, spec.use, *path, "use")
    work = shop.build(component, spec.settings, path, "predictors", name, owner=PredictorSpec)
    shop.predictors.open(name, work, use=spec.use, batch=spec.batch, max_texts=spec.max_texts)
