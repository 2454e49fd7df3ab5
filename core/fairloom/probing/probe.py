"""Probing a model with a suite: a table of failures per capability and group."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FAMILY, LABEL, decoded
from fairloom.components import Predictor, Tools
from fairloom.draws import Draws, Ints
from fairloom.plugging.plugins import Plugins
from fairloom.predictors import Bools, OpenPredictor, Prediction
from fairloom.probing.relations import Checks, Suite
from fairloom.problems import RecipeError, did_you_mean
from fairloom.reading.structure import structure
from fairloom.recipe import Recipe
from fairloom.results import Run
from fairloom.verify import recipe_root
from fairloom.weaving.guard import built
from fairloom.weaving.predicted import Predictors
from fairloom.weaving.prepare import prepare

ALL = "all"
MOST_SHOWN = 3
_BATCH = 256


@attrs.frozen(kw_only=True)
class Line:
    """Failures of one test in one capability, and in one group of one column where ``by`` names one."""

    capability: str
    test: str
    by: str | None
    group: str | None
    n: int
    failed: int

    @property
    def rate(self) -> float:
        """The share of the tests that the model failed."""
        return self.failed / self.n


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


@attrs.frozen(kw_only=True)
class Columns:
    """The columns that say what a suite tests; found by their names where they are not given."""

    capability: str | None = None
    test: str | None = None
    expect: str | None = None
    by: tuple[str, ...] = ()
    field: str = "text"

    @classmethod
    def of(cls, rows: pa.Table, recipe: Recipe, by: Iterable[str] = ()) -> Columns:
        """Attributes called ``capability``, ``test`` and ``expect``; groups are those of the protected factors."""
        found = {word: _called(word, rows.column_names) for word in ("capability", "test", "expect")}
        groups = tuple(by)
        for name in groups:
            if name not in rows.column_names:
                hint = did_you_mean(name, rows.column_names)
                raise RecipeError.of(f"the suite has no column {name!r}", "--by", suggestion=hint)
        return cls(**found, by=groups or tuple(_protected(rows, recipe)), field=recipe.task.fields[0])


def _called(word: str, names: Iterable[str]) -> str | None:
    return next((name for name in names if name == word or name.endswith(f".{word}")), None)


def _protected(rows: pa.Table, recipe: Recipe) -> Iterator[str]:
    for name, spec in recipe.factors.items():
        if spec.role == "protected":
            yield from (each for each in rows.column_names if each == name or each in _attributes(name, spec.balance))


def _attributes(name: str, balance: Iterable[str]) -> set[str]:
    return {f"{name}.{attribute}" for attribute in balance}


def probe(
    suite: str | Path | Recipe,
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
    recipe, rows = _rows(suite, tuple(allow))
    predictor, home = _model(model, recipe, tuple(allow))
    try:
        columns = Columns.of(rows, recipe, by)
        tests = Suite.of(rows, columns.field, columns.test, columns.expect)
        found = predictor.predict(tests.rows.column(columns.field))
        return _probed(model, columns, tests, found, tests.checked(found, tolerance))
    finally:
        home.close()


def _rows(suite: str | Path | Recipe, allow: tuple[str | Path, ...]) -> tuple[Recipe, pa.Table]:
    """The recipe of a suite and its rows."""
    if not isinstance(suite, Recipe) and (Path(suite) / "manifest.json").is_file():
        path = Path(suite).resolve()
        manifest = json.loads((path / "manifest.json").read_text("utf-8"))
        return Recipe.from_data(manifest["recipe"], recipe_root(path, manifest, None)), Run.open(path).table
    recipe = suite if isinstance(suite, Recipe) else Recipe.load(suite)
    with tempfile.TemporaryDirectory(prefix="fairloom-probe-") as folder:
        return recipe, recipe.run(Path(folder) / "run", allow=allow).table


def _model(name: str, recipe: Recipe, allow: tuple[str | Path, ...]) -> tuple[OpenPredictor, Predictors]:
    """The predictor, and where its answers are kept."""
    if ":" in name:
        return _local(name)
    if name not in recipe.predictors:
        hint = did_you_mean(name, recipe.predictors) or "name a file: --model ./model.py:predict"
        raise RecipeError.of(f"the suite has no predictor {name!r}", "--model", suggestion=hint)
    home = prepare(recipe, allow).predictors
    return home.named[name], home


def _local(name: str) -> tuple[OpenPredictor, Predictors]:
    file, _, attribute = name.rpartition(":")
    path = Path(file).resolve()
    component, _ = Plugins(root=path.parent).find(Predictor, f"./{path.name}:{attribute}", "--model")
    tools = Tools(
        task=Recipe.from_data({"recipe": {"name": "model"}}, path.parent).task,
        factors={},
        draws=Draws(0),
        open_path=path.parent.joinpath,
    )
    config: Any = structure(component.config, {})
    home = Predictors()
    home.open(name, built(component, config, tools, "--model"), use=name, batch=_BATCH, max_texts=None)
    return home.named[name], home


def _probed(name: str, columns: Columns, suite: Suite, found: Prediction, checks: list[Checks]) -> Probed:
    named = _named(suite.rows, columns.capability)
    lines = [line for each in checks for line in _lines(each, named, suite.rows, columns.by)]
    order = {capability: place for place, capability in enumerate(dict.fromkeys(named.to_pylist()))}
    lines.sort(key=lambda line: (order[line.capability], line.test, line.by or "", line.group or ""))
    examples = [each for one in checks for each in _failures(one, named, suite, found, columns.field)]
    return Probed(
        model=name,
        rows=suite.rows.num_rows,
        families=int(np.unique(suite.first).size),
        whole=_whole(suite, checks),
        lines=tuple(lines),
        examples=tuple(examples),
    )


def _named(rows: pa.Table, capability: str | None) -> pa.Array:
    """The capability of each row."""
    if capability is None:
        return pa.array([ALL] * rows.num_rows, pa.string())
    return _plain(rows, capability, ALL)


def _plain(rows: pa.Table, name: str, missing: str) -> pa.Array:
    return pc.fill_null(decoded(rows.column(name).combine_chunks()).cast(pa.string()), missing)


def _whole(suite: Suite, checks: Iterable[Checks]) -> int:
    """Families that pass every test of theirs (contrast consistency, Gardner et al. 2020)."""
    families = suite.rows.column(FAMILY).to_numpy()
    failed = [families[each.rows[each.failed]] for each in checks]
    return int(np.unique(families).size - np.unique(np.concatenate([families[:0], *failed])).size)


def _lines(checks: Checks, named: pa.Array, rows: pa.Table, by: tuple[str, ...]) -> Iterator[Line]:
    at = pa.array(checks.rows)
    capabilities = named.take(at)
    groupings: list[tuple[str | None, pa.Array | None]] = [
        (None, None),
        *((name, _plain(rows, name, "-").take(at)) for name in by),
    ]
    for name, groups in groupings:
        for key, n, failed in _counted(capabilities, groups, checks.failed):
            yield Line(capability=key[0], test=checks.test, by=name, group=key[1] if name else None, n=n, failed=failed)


def _counted(
    capabilities: pa.Array, groups: pa.Array | None, failed: Bools
) -> Iterator[tuple[tuple[str, ...], int, int]]:
    keys = ["capability"] if groups is None else ["capability", "group"]
    columns = [capabilities] if groups is None else [capabilities, groups]
    table = pa.table([*columns, pa.array(failed.astype(np.int64))], names=[*keys, "failed"])
    for each in table.group_by(keys).aggregate([("failed", "count"), ("failed", "sum")]).to_pylist():
        yield tuple(each[key] for key in keys), each["failed_count"], each["failed_sum"]


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
