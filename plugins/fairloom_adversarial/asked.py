"""What a model makes of labelled rows: shared by the filters and metrics here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.predictors import OpenPredictor
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.predictors import Floats


@attrs.frozen(eq=False)
class Asked:
    """A model that is asked about the labels of rows."""

    model: OpenPredictor
    field: str

    @classmethod
    def of(cls, model: str, field: str | None, tools: Tools) -> Asked:
        """The predictor and the field that settings name, or ``RecipeError`` where there is no such one or no label."""
        return cls(predictor_of_labels(model, tools), tools.task.field_of(field))

    def margins(self, rows: pa.RecordBatch) -> Floats:
        """How sure the model is of each row's label, from 1 over 0 (the boundary) to -1."""
        return self.model.predict(rows.column(self.field)).margins(labels(rows))


def predictor_of_labels(name: str, tools: Tools) -> OpenPredictor:
    """The predictor, or ``RecipeError`` where there is none, or no label that it could be wrong about."""
    if LABEL not in tools.factors and not tools.task.labels:
        raise RecipeError.of("needs a task with labels: without them no answer is wrong", "model")
    return tools.predictor(name)


def labels(rows: pa.RecordBatch) -> Any:
    """The labels of rows."""
    return rows.column(LABEL)
