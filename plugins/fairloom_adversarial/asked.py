"""What every component here shares: the named predictor, the field, and what a model makes of labelled rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.predictors import OpenPredictor
from fairloom.problems import RecipeError, did_you_mean

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.predictors import Floats
    from fairloom.task import Task


def predictor(name: str, tools: Tools, key: str = "model") -> OpenPredictor:
    """The predictor, or ``RecipeError`` where the recipe has none of this name."""
    if name not in tools.predictors:
        hint = did_you_mean(name, tools.predictors) or f"add [predictors.{name}]"
        raise RecipeError.of(f"the recipe has no predictor {name!r}", key, suggestion=hint)
    return tools.predictors[name]


def field_of(name: str | None, task: Task) -> str:
    """The field, or the first one of the task; ``RecipeError`` for one that is none."""
    if name is None:
        return task.fields[0]
    if name not in task.fields:
        hint = did_you_mean(name, task.fields)
        raise RecipeError.of(f"the task has no field {name!r}", "field", suggestion=hint)
    return name


@attrs.frozen(eq=False)
class Asked:
    """A model that is asked about the labels of rows."""

    model: OpenPredictor
    field: str

    def margins(self, rows: pa.RecordBatch) -> Floats:
        """How sure the model is of each row's label, from 1 over 0 (the boundary) to -1."""
        return self.model.predict(rows.column(self.field)).margins(labels(rows))


def labels(rows: pa.RecordBatch) -> Any:
    """The labels of rows; a task without labels has nothing that a model could be wrong about."""
    if LABEL not in rows.schema.names:
        raise RecipeError.of("the rows have no label, so no model can be wrong about them", "task", "labels")
    return rows.column(LABEL)
