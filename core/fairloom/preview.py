"""A look at the first rows, with nothing written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa

from fairloom.problems import RecipeError
from fairloom.recipe import Recipe
from fairloom.showing.progress import Progress
from fairloom.weaving.finish import Shape
from fairloom.weaving.prepare import prepare


def preview(
    recipe: Recipe, rows: int = 5, allow: Iterable[str | Path] = (), progress: Progress | None = None
) -> pa.Table:
    """The first ``rows`` rows (whole families) after the row filters; models that are asked say how it goes."""
    loom = prepare(recipe, allow)
    if progress is not None:
        progress.stage("previewing")
        loom.models.count(lambda counts: progress.note(counts.line))
    count = min(loom.plan.families, -(-rows // loom.plan.members))
    try:
        woven = loom.weaver().weave(np.arange(count, dtype=np.int64), np.zeros(count, np.int64))
    except RecipeError as error:
        raise RecipeError(recipe.place(error.problems)) from error
    finally:
        loom.models.journal.close()
    table = woven.rows()
    if table is None:
        return pa.table({})
    shape = Shape(recipe.recipe.name, recipe.task.fields)
    finished: pa.Table = shape.finish(table)
    return finished.slice(0, rows)
