"""What a model makes of labelled rows: shared by the filters and metrics here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom.batch import LABEL
from fairloom.predictors import OpenPredictor
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.predictors import Floats


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
