"""A look at the first rows, with nothing written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import attrs
import numpy as np
import pyarrow as pa

from fairloom.problems import RecipeError
from fairloom.reading.recipespec import RecipeSpec
from fairloom.showing.progress import Progress
from fairloom.weaving.finish import Shape
from fairloom.weaving.prepare import prepare


@attrs.frozen
class Preview:
    """The first rows, and what stood in the way of others.

    ``missing`` of the rows asked for could not be made within the attempts of the design; ``reasons`` counts, as
    ``step: reason``, why candidates were rejected.
    """

    rows: pa.Table
    missing: int
    reasons: dict[str, int]


def preview(
    recipe: RecipeSpec, rows: int = 5, allow: Iterable[str | Path] = (), progress: Progress | None = None
) -> Preview:
    """The first ``rows`` rows (whole families) after the row filters; models that are asked say how it goes."""
    loom = prepare(recipe, allow)
    if progress is not None:
        progress.stage("previewing")
        loom.models.count(lambda counts: progress.note(counts.line))
    members, weaver = loom.plan.members, loom.weaver()
    count = min(loom.plan.families, -(-rows // members))
    try:
        woven = weaver.weave(np.arange(count, dtype=np.int64), np.zeros(count, np.int64))
    except RecipeError as error:
        raise RecipeError(recipe.place(error.problems)) from error
    finally:
        loom.models.journal.close()
    made = woven.rows()
    shape = Shape(recipe.recipe.name, recipe.task.fields)
    finished = pa.table({}) if made is None else shape.finish(made).slice(0, rows)
    reasons = {
        f"{step.name}: {reason}": rejected
        for step, tally in zip(weaver.steps, woven.tallies, strict=True)
        for reason, rejected in tally.reasons.items()
    }
    return Preview(finished, min(rows, len(woven.short) * members), reasons)
