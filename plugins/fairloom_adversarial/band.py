"""The filter ``band``: rows as hard for a named model as the recipe says.

What is refused is made again in its own cell, with the declared axes kept and every nuisance factor drawn anew. So this
filter searches the neighbours of a row inside its cell, and every cell still gets its quota.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.problems import RecipeError
from fairloom_adversarial.asked import Asked

if TYPE_CHECKING:
    from fairloom.components import Tools

EASY, HARD = "easier than the band", "harder than the band"


@attrs.frozen(kw_only=True)
class Band:
    """Settings of ``adversarial.band``."""

    model: str = attrs.field(metadata={"help": "the name of the predictor that finds rows hard"})
    margin: tuple[float, float] = attrs.field(
        default=(-1.0, 0.0),
        metadata={"help": "smallest and largest margin kept: how sure the model is of the label, from -1 (wrong) to 1"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field the model reads; the task's first field when left out"}
    )

    @margin.validator
    def _ordered(self, _field: object, value: tuple[float, float]) -> None:
        if not -1 <= value[0] <= value[1] <= 1:
            way = "for example [-0.2, 0.2] for rows about which the model is unsure"
            raise RecipeError.of(f"goes from -1 to 1, smallest first, got {list(value)}", "margin", suggestion=way)


@attrs.frozen
class BandFilter:
    """Refuses rows that the model finds too easy or too hard."""

    asked: Asked
    low: float
    high: float

    @property
    def consults(self) -> frozenset[str]:
        """The names of the predictors that decide."""
        return frozenset([self.asked.model.name])

    @property
    def attacks(self) -> frozenset[str]:
        """The predictors about whose errors the rows are kept: they can verify nothing."""
        return self.consults if self.low < 0 else frozenset()

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """Null inside the band, else on which side of it the row is."""
        margins = self.asked.margins(rows)
        sides = np.where(margins > self.high, 0, 1).astype(np.int8)
        inside = (margins >= self.low) & (margins <= self.high)
        return pa.DictionaryArray.from_arrays(pa.array(sides, mask=inside), [EASY, HARD]).dictionary_decode()


def build(config: Band, tools: Tools) -> BandFilter:
    """The filter, or ``RecipeError`` for an unknown predictor or field."""
    return BandFilter(Asked.of(config.model, config.field, tools), *config.margin)
