"""The predictor ``sklearn``: trained inside the run, so there is no model file to trust."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from importlib.metadata import PackageNotFoundError
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.predictors import Prediction
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools

PIP = 'pip install "fairloom[probe]"'
_SEED = 20_260_411


@attrs.frozen(kw_only=True)
class Sklearn:
    """Settings of ``predict.sklearn``."""

    train: tuple[str, ...] = attrs.field(metadata={"help": "the names of the reference rows to train on, all together"})
    field: str = attrs.field(default="text", metadata={"help": "the column of texts in the reference rows"})
    label: str = attrs.field(default="label", metadata={"help": "the column of labels in the reference rows"})
    units: Literal["words", "characters"] = attrs.field(
        default="words", metadata={"help": "what the features are made of: words, or characters inside words"}
    )
    ngrams: tuple[int, int] = attrs.field(default=(1, 2), metadata={"help": "shortest and longest run of units"})
    rare: int = attrs.field(default=1, metadata={"help": "features in fewer texts than this are left out"})
    regularise: float = attrs.field(default=1.0, metadata={"help": "weight of the penalty (1 / C); more is simpler"})
    rounds: int = attrs.field(default=1000, metadata={"help": "the most iterations of the solver"})

    @rare.validator
    @rounds.validator
    def _counted(self, field: attrs.Attribute[int], value: int) -> None:
        if value < 1:
            raise RecipeError.of(f"is at least 1, got {value}", field.name)

    @regularise.validator
    def _weighs(self, _field: object, value: float) -> None:
        if not 0 < value < math.inf:
            raise RecipeError.of(f"is above 0, got {value:g}", "regularise")

    @train.validator
    def _some(self, _field: object, value: tuple[str, ...]) -> None:
        if not value:
            raise RecipeError.of("names no reference rows", "train")

    @ngrams.validator
    def _ordered(self, _field: object, value: tuple[int, int]) -> None:
        if not 1 <= value[0] <= value[1]:
            raise RecipeError.of(f"goes from 1 upwards, got {list(value)}", "ngrams", suggestion="for example [1, 2]")


@attrs.define(eq=False)
class SklearnPredictor:
    """Trained when the first text comes. Features and penalty are those of the settings; the solver is L-BFGS."""

    config: Sklearn
    references: Mapping[str, Callable[[], pa.Table]]
    labels: Collection[str]
    identity: Mapping[str, Any]
    _pipeline: Any = attrs.field(default=None, init=False)

    def predict(self, texts: pa.Array) -> Prediction:
        """The probabilities of the labels that the reference rows have, in sorted order."""
        pipeline = self._trained()
        labels = tuple(str(each) for each in pipeline.classes_)
        return Prediction(labels, np.asarray(pipeline.predict_proba(texts.to_pylist()), dtype=np.float64))

    def _trained(self) -> Any:
        if self._pipeline is None:
            texts, labels = self._rows()
            self._pipeline = _pipeline(self.config).fit(texts, labels)
        return self._pipeline

    def _rows(self) -> tuple[list[str], list[str]]:
        texts: list[str] = []
        labels: list[str] = []
        for name in self.config.train:
            table = self.references[name]().select(self._columns(name))
            rows = table.filter(pc.and_(*(pc.is_valid(column) for column in table.columns)))
            texts += rows.column(0).cast(pa.string()).to_pylist()
            labels += decoded(rows.column(1).combine_chunks()).cast(pa.string()).to_pylist()
        self._check(set(labels))
        return texts, labels

    def _check(self, labels: set[str]) -> None:
        """What the rows say can be learnt, and the labels of the task are among it."""
        found = ", ".join(sorted(labels)) or "none"
        if len(labels) < 2:
            raise RecipeError.of(f"the reference rows must have two labels or more, got {found}", "predictors")
        unseen = next((label for label in self.labels if label not in labels), None)
        if unseen is not None:
            said = f"no reference row has the label {unseen!r} of the task, so the model could never name it"
            raise RecipeError.of(said, "predictors", suggestion=f"the rows have: {found}")

    def _columns(self, name: str) -> list[str]:
        there = self.references[name]().column_names
        for column in (self.config.field, self.config.label):
            if column not in there:
                said = f"reference {name!r} has no column {column!r}; it has: {', '.join(there)}"
                raise RecipeError.of(said, "reference", name, "columns")
        return [self.config.field, self.config.label]


def _pipeline(config: Sklearn) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer  # noqa: PLC0415 - half a second, an extra
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    from sklearn.pipeline import make_pipeline  # noqa: PLC0415

    words = {"analyzer": "word", "token_pattern": r"(?u)\b\w+\b"}
    how = words if config.units == "words" else {"analyzer": "char_wb"}
    features = TfidfVectorizer(ngram_range=config.ngrams, min_df=config.rare, sublinear_tf=True, **how)
    return make_pipeline(
        features, LogisticRegression(C=1 / config.regularise, max_iter=config.rounds, random_state=_SEED)
    )


def build(config: Sklearn, tools: Tools) -> SklearnPredictor:
    """The predictor, or ``RecipeError`` for an unknown reference or where scikit-learn is not installed."""
    for place, name in enumerate(config.train):
        tools.reference(name, "train", place)
    try:
        installed = tools.version_of("scikit-learn")
    except PackageNotFoundError as error:
        raise RecipeError.of("scikit-learn is not installed", "use", suggestion=f"install it with: {PIP}") from error
    identity = {**attrs.asdict(config), "scikit-learn": installed}
    return SklearnPredictor(config, tools.references, tuple(tools.task.labels), identity)
