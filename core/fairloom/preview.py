"""A look at the first rows, with nothing written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from fairloom.reading.recipespec import RecipeSpec
from fairloom.weaving.finish import Shape
from fairloom.weaving.prepare import prepare


def preview(recipe: RecipeSpec, rows: int = 5, allow: Iterable[str | Path] = ()) -> pa.Table:
    """The first ``rows`` rows (whole families) after the row filters."""
    loom = prepare(recipe, allow)
    count = min(loom.plan.families, -(-rows // loom.plan.members))
    try:
        woven = loom.weaver().weave(np.arange(count, dtype=np.int64), np.zeros(count, np.int64))
    finally:
        loom.models.journal.close()
    table = woven.rows()
    if table is None:
        return pa.table({})
    shape = Shape(recipe.recipe.name, recipe.task.fields)
    finished: pa.Table = shape.finish(table)
    return finished.slice(0, rows)
