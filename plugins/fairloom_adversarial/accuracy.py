"""The metric ``accuracy``: how often a model is right about the final rows, and about whom it errs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.components import Measurement
from fairloom.predictors import OpenPredictor
from fairloom_adversarial.asked import labels, predictor_of_labels
from fairloom_adversarial.groups import Groups

if TYPE_CHECKING:
    from fairloom.components import Tools

_NEAR = 0.2
"""A margin below which a model is unsure of a row, whichever way it leans."""


@attrs.frozen(kw_only=True)
class Accuracy:
    """Settings of ``adversarial.accuracy``."""

    model: str = attrs.field(metadata={"help": "the name of the predictor"})
    by: tuple[str, ...] = attrs.field(
        default=(LABEL,), metadata={"help": "columns whose groups are compared, and their combinations"}
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field the model reads; the task's first field when left out"}
    )


@attrs.define
class AccuracyMetric:
    """Keeps two counts per group, and one of rows near the boundary."""

    model: OpenPredictor
    field: str
    groups: Groups
    unsure: int = attrs.field(default=0, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Ask about the next rows."""
        if not rows.num_rows:
            return
        found = self.model.predict(rows.column(self.field))
        self.groups.count(rows, found.right(labels(rows)))
        self.unsure += int((np.abs(found.margins(labels(rows))) < _NEAR).sum())

    def result(self) -> Measurement:
        """The share of rows the model is right about.

        ``gap`` is the largest difference between two groups, ``unsure`` the share of rows with a margin below 0.2.
        """
        if self.groups.why or not self.groups.rows:
            return Measurement(value=None, why=self.groups.why or "there are no rows")
        return Measurement(
            value=self.groups.share,
            n=self.groups.rows,
            values={**self.groups.values(), "unsure": self.unsure / self.groups.rows},
            detail=self.groups.detail(),
        )


def build(config: Accuracy, tools: Tools) -> AccuracyMetric:
    """The metric, or ``RecipeError`` for an unknown predictor or field."""
    model = predictor_of_labels(config.model, tools)
    return AccuracyMetric(model, tools.task.field_of(config.field), Groups(config.by))
