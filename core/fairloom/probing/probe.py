"""Probing a model with a suite: a table of failures per capability and group."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.components import Predictor, Tools
from fairloom.draws import Draws, Ints
from fairloom.plugging.plugins import Plugins
from fairloom.predictors import OpenPredictor, Prediction
from fairloom.problems import RecipeError, did_you_mean
from fairloom.reading.inputs import several
from fairloom.reading.load import load_recipe, recipe_of
from fairloom.reading.recipespec import RecipeSpec
from fairloom.reading.structure import structure
from fairloom.results import Run
from fairloom.run import run
from fairloom.suites import Checks, Columns, Line, Suite, Tally
from fairloom.verify import recipe_root
from fairloom.weaving.guard import built
from fairloom.weaving.predicted import Predictors
from fairloom.weaving.prepare import prepare

MOST_SHOWN = 3
_BATCH = 256


@attrs.frozen(kw_only=True)
class Failure:
    """A test that was failed: the text, what was said of it, and the first text of its family."""

    capability: str
    test: str
    text: str
    said: str
    probability: float
    label: str | None
    first: str | None


@attrs.frozen(kw_only=True)
class Probed:
    """What a model did with a suite. ``families`` and ``whole`` count families, and those that pass every test."""

    model: str
    rows: int
    families: int
    whole: int
    lines: tuple[Line, ...]
    examples: tuple[Failure, ...]

    @property
    def capabilities(self) -> tuple[Line, ...]:
        """One line per capability and test."""
        return tuple(line for line in self.lines if line.by is None)

    @property
    def worst(self) -> float:
        """The largest failure rate of a capability and test."""
        return max((line.rate for line in self.capabilities), default=0.0)


def probe(
    suite: str | Path | RecipeSpec,
    model: str,
    *,
    by: Iterable[str] = (),
    tolerance: float = 0.0,
    allow: Iterable[str | Path] = (),
) -> Probed:
    """Hold a model against a suite.

    Args:
        suite: The folder of a finished run, a recipe file, or a recipe: it is run and forgotten.
        model: The name of a predictor of the suite's recipe, or ``"./model.py:predict"``, relative to here.
        by: Columns whose groups are compared; those of the protected factors if not given.
        tolerance: How far a probability may move against the direction that a test expects.
        allow: Folders outside the recipe's own that it may read.

    Raises:
        RecipeError: The suite or the model is none.
        PluginError: The model is broken.
    """
    by, allow = several("by", by), several("allow", allow)
    recipe, rows = _rows(suite, allow)
    predictor, home = _model(model, recipe, allow)
    try:
        columns = Columns.of(rows.column_names, recipe.factors, recipe.task.fields[0], by, key="--by")
        tests = Suite.of(rows, columns)
        return _probed(model, Tally(columns, tolerance), tests, predictor.predict(tests.rows.column(columns.field)))
    finally:
        home.close()


def _rows(suite: str | Path | RecipeSpec, allow: tuple[str | Path, ...]) -> tuple[RecipeSpec, pa.Table]:
    """The recipe of a suite and its rows."""
    if not isinstance(suite, RecipeSpec) and (Path(suite) / "manifest.json").is_file():
        made = Run.open(Path(suite).resolve())
        return recipe_of(made.manifest["recipe"], recipe_root(made.path, made.manifest, None)), made.table
    recipe = suite if isinstance(suite, RecipeSpec) else load_recipe(suite)
    with tempfile.TemporaryDirectory(prefix="fairloom-probe-") as folder:
        return recipe, run(recipe, Path(folder) / "run", allow=allow).table


def _model(name: str, recipe: RecipeSpec, allow: tuple[str | Path, ...]) -> tuple[OpenPredictor, Predictors]:
    """The predictor, and where its answers are kept."""
    if ":" in name:
        return _local(name, tuple(recipe.task.labels))
    if name not in recipe.predictors:
        file = f"name its function, as in {name}:predict" if name.endswith(".py") else None
        hint = file or did_you_mean(name, recipe.predictors) or "name a file: --model ./model.py:predict"
        raise RecipeError.of(f"the suite has no predictor {name!r}", "--model", suggestion=hint)
    home = prepare(recipe, allow).predictors
    return home.named[name], home


def _local(name: str, labels: tuple[str, ...]) -> tuple[OpenPredictor, Predictors]:
    file, _, attribute = name.rpartition(":")
    path = Path(file).resolve()
    component, _ = Plugins(root=path.parent).find(Predictor, f"./{path.name}:{attribute}", "--model")
    tools = Tools(
        task=recipe_of({"recipe": {"name": "model"}}, path.parent).task,
        factors={},
        draws=Draws(0),
        open_path=path.parent.joinpath,
    )
    config: Any = structure(component.config, {})
    home = Predictors(labels=labels)
    home.open(name, built(component, config, tools, "--model"), use=name, batch=_BATCH, max_texts=None)
    return home.named[name], home


def _probed(name: str, tally: Tally, suite: Suite, found: Prediction) -> Probed:
    checks = tally.take(suite, found)
    named = tally.capabilities(suite.rows)
    return Probed(
        model=name,
        rows=tally.rows,
        families=tally.families,
        whole=tally.whole,
        lines=tally.lines(),
        examples=tuple(each for one in checks for each in _failures(one, named, suite, found, tally.columns.field)),
    )


def _failures(checks: Checks, named: pa.Array, suite: Suite, found: Prediction, field: str) -> Iterator[Failure]:
    """The first few failures of each capability."""
    shown: dict[str, int] = {}
    for row in _first(checks.rows[checks.failed]):
        capability = named[row].as_py()
        shown[capability] = shown.get(capability, 0) + 1
        if shown[capability] <= MOST_SHOWN:
            yield _failure(row, capability, checks.test, suite, found, field)


def _first(rows: Ints) -> list[int]:
    return [int(row) for row in rows]


def _failure(row: int, capability: str, test: str, suite: Suite, found: Prediction, field: str) -> Failure:  # noqa: PLR0913, PLR0917 - one each
    first = int(suite.first[row])
    best = int(np.argmax(found.probabilities[row]))
    texts = suite.rows.column(field)
    labelled = LABEL in suite.rows.column_names
    return Failure(
        capability=capability,
        test=test,
        text=texts[row].as_py(),
        said=found.labels[best],
        probability=float(found.probabilities[row, best]),
        label=str(suite.rows.column(LABEL)[row].as_py()) if labelled else None,
        first=None if test == "MFT" or first == row else texts[first].as_py(),
    )
