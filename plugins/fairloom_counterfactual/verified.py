"""The filter ``verified``: predictors vote on whether a row has the label that the plan gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.predictors import OpenPredictor
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Verified:
    """Settings of ``counterfactual.verified``."""

    verifiers: tuple[str, ...] = attrs.field(metadata={"help": "the names of the predictors that vote"})
    votes: int | None = attrs.field(
        default=None, metadata={"help": "how many of them must name the row's label; all when left out"}
    )
    margin: float = attrs.field(
        default=0.0,
        metadata={"help": "by how much more probable than any other label a model must find it to vote for it"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field the models read; the task's first field when left out"}
    )

    @margin.validator
    def _margin(self, _field: object, value: float) -> None:
        if not 0 <= value < 1:
            raise RecipeError.of(f"is at least 0 and below 1, got {value:g}", "margin")


@attrs.frozen(eq=False)
class VerifiedFilter:
    """Counts the models that find a row's label the most probable one, by more than ``margin``."""

    models: tuple[OpenPredictor, ...]
    votes: int
    margin: float
    field: str

    @property
    def consults(self) -> frozenset[str]:
        """The names of the predictors that decide, none of which may be under attack in the recipe."""
        return frozenset(model.name for model in self.models)

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """``1 of 2 models verify the label``, or null."""
        labels = rows.column(LABEL)
        sure = [model.predict(rows.column(self.field)).margins(labels) > self.margin for model in self.models]
        votes = np.sum(sure, axis=0)
        said = [f"{count} of {len(self.models)} models verify the label" for count in range(len(self.models) + 1)]
        return pa.array(said).take(pa.array(np.where(votes < self.votes, votes, None), pa.int64()))


def build(config: Verified, tools: Tools) -> VerifiedFilter:
    """The filter.

    Raises:
        RecipeError: No predictor, an unknown one, one named twice, more votes than models, or a task without labels.
    """
    if LABEL not in tools.factors and not tools.task.labels:
        raise RecipeError.of("needs a task with labels: there is nothing to verify", "verifiers")
    for place, name in enumerate(config.verifiers):
        tools.predictor(name, "verifiers", place)
        if name in config.verifiers[:place]:
            raise RecipeError.of(f"{name!r} would vote twice", "verifiers", place)
    most = len(config.verifiers)
    if not most:
        raise RecipeError.of("must not be empty", "verifiers", suggestion="name a predictor that is not attacked")
    votes = most if config.votes is None else config.votes
    if not 1 <= votes <= most:
        raise RecipeError.of(f"is from 1 to the number of models, {most}, got {votes}", "votes")
    return VerifiedFilter(
        tuple(tools.predictors[name] for name in config.verifiers),
        votes,
        config.margin,
        tools.task.field_of(config.field),
    )
