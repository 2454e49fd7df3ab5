"""The metric ``fluency``: do the changed rows of families read like the rows they were made of?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import FAMILY
from fairloom.components import Measurement
from fairloom.families import Whole
from fairloom.ngrams import CharacterModel
from fairloom_counterfactual.pairs import Pairs

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.predictors import Floats


@attrs.frozen(kw_only=True)
class Fluency:
    """Settings of ``counterfactual.fluency``."""

    against: str | None = attrs.field(
        default=None,
        metadata={"help": "reference rows that show how texts read; the first rows of the families when left out"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to read; the task's first field when left out"}
    )


@attrs.define
class FluencyMetric:
    """Keeps the texts of families, and counts five characters at a time."""

    field: str
    whole: Whole
    reference: Callable[[], pa.Table] | None
    firsts: list[pa.Array] = attrs.field(factory=list, init=False)
    others: list[pa.Array] = attrs.field(factory=list, init=False)
    families: list[pa.Array] = attrs.field(factory=list, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Keep the next pairs."""
        for some in self.whole.cut(rows):
            self._keep(some)

    def _keep(self, rows: pa.RecordBatch) -> None:
        pairs = Pairs.of(rows)
        if len(pairs):
            first, other = pairs.sides(rows.column(self.field))
            self.firsts.append(first.cast(pa.string()))
            self.others.append(other.cast(pa.string()))
            self.families.append(rows.column(FAMILY).take(pa.array(pairs.other)))

    def result(self) -> Measurement:
        """The mean difference in bits per character, changed row less first row: 0 is as fluent, above 0 is stranger.

        The model is counted on the reference rows; without these, on the first rows of every second family, and is
        used on the families in between, both ways round.
        """
        for some in self.whole.rest():
            self._keep(some)
        if not self.firsts:
            return Measurement(value=None, why="no family has two rows; name a factor in design.within")
        firsts, others = pa.concat_arrays(self.firsts), pa.concat_arrays(self.others)
        before, after = self._bits(firsts, others, pa.concat_arrays(self.families).to_numpy())
        usable = np.isfinite(before) & np.isfinite(after)
        if not usable.any():
            return Measurement(value=None, why="too few texts to count characters in")
        before, after = before[usable], after[usable]
        values = {
            "first": float(before.mean()),
            "changed": float(after.mean()),
            "stranger": float((after > before + 0.5).mean()),
        }
        return Measurement(value=float((after - before).mean()), n=int(usable.sum()), values=values)

    def _bits(
        self, firsts: pa.Array, others: pa.Array, families: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
    ) -> tuple[Floats, Floats]:
        if self.reference is not None:
            model = CharacterModel.of(self.reference().column(self.field).combine_chunks())
            return model.bits(firsts), model.bits(others)
        before, after = np.full(len(firsts), np.nan), np.full(len(firsts), np.nan)
        half = np.unique(families, return_inverse=True)[1] % 2
        for side in (0, 1):
            ours, theirs = pa.array(half == side), pa.array(half != side)
            if half.min() != half.max():
                model = CharacterModel.of(firsts.filter(theirs).unique())
                before[half == side], after[half == side] = (model.bits(each.filter(ours)) for each in (firsts, others))
        return before, after


def build(config: Fluency, tools: Tools) -> FluencyMetric:
    """The metric, or ``RecipeError`` for an unknown reference or field."""
    field = tools.task.field_of(config.field)
    reference = None if config.against is None else tools.reference(config.against)
    return FluencyMetric(field, Whole((FAMILY, field)), reference)
