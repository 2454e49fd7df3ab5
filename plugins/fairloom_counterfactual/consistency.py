"""The metric ``consistency``: what a model makes of the rows of a family."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FAMILY, LABEL
from fairloom.components import Measurement
from fairloom.families import Whole
from fairloom.predictors import OpenPredictor
from fairloom_counterfactual.pairs import Pairs

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.predictors import Prediction


@attrs.frozen(kw_only=True)
class Consistency:
    """Settings of ``counterfactual.consistency``."""

    model: str = attrs.field(metadata={"help": "the name of the predictor"})
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field the model reads; the task's first field when left out"}
    )


@attrs.define
class ConsistencyMetric:
    """Counts families and pairs: the first row of a family beside every other one."""

    model: OpenPredictor
    field: str
    whole: Whole
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Ask about the next families."""
        if LABEL not in rows.schema.names:
            self.why = "the rows have no label"
            return
        for some in self.whole.cut(rows):
            self._count(some)

    def _count(self, rows: pa.RecordBatch) -> None:
        found, pairs = self.model.predict(rows.column(self.field)), Pairs.of(rows)
        right = found.right(rows.column(LABEL))
        _families, place = np.unique(rows.column(FAMILY).to_numpy(), return_inverse=True)
        sizes, rights = np.bincount(place), np.bincount(place, weights=right)
        several = sizes > 1
        self.counts["families"] += int(several.sum())
        self.counts["whole"] += int((several & (sizes == rights)).sum())
        self.counts["rows"] += int(sizes[several].sum())
        self.counts["right"] += int(rights[several].sum())
        if len(pairs):
            self._count_pairs(rows, pairs, found)

    def _count_pairs(self, rows: pa.RecordBatch, pairs: Pairs, found: Prediction) -> None:
        before, after = pairs.sides(rows.column(LABEL))
        turned = pc.not_equal(before, after).to_numpy(zero_copy_only=False)
        said = np.argmax(found.probabilities, axis=1)
        differs = said[pairs.first] != said[pairs.other]
        wanted = found.of(rows.column(LABEL))
        at_first = _probability(found, rows.column(LABEL), pairs)
        self.counts["turned"] += int(turned.sum())
        self.counts["flips"] += int((turned & differs).sum())
        self.counts["towards"] += int((turned & (wanted[pairs.other] > at_first)).sum())
        self.counts["kept"] += int((~turned).sum())
        self.counts["violations"] += int((~turned & differs).sum())

    def result(self) -> Measurement:
        """The share of families of which every row is right (contrast consistency, Gardner et al. 2020).

        ``accuracy`` is over rows. Of pairs with different labels, ``flips`` is the share for which the model names
        different labels, ``towards`` that for which the second label became more probable. Of pairs with one label,
        ``violations`` is the share for which the model names different ones.
        """
        for some in self.whole.rest():
            self._count(some)
        counts = self.counts
        if self.why or not counts["families"]:
            return Measurement(value=None, why=self.why or "no family has two rows; name a factor in design.within")
        pairs = {"flips": "turned", "towards": "turned", "violations": "kept"}
        shares = {name: counts[name] / counts[of] for name, of in pairs.items() if counts[of]}
        return Measurement(
            value=counts["whole"] / counts["families"],
            n=counts["families"],
            values={"accuracy": counts["right"] / counts["rows"], **shares},
            detail=dict(sorted(counts.items())),
        )


def _probability(
    found: Prediction, labels: pa.Array, pairs: Pairs
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """The probability that the model gives the second row's label for the first row's text."""
    moved = attrs.evolve(found, probabilities=found.probabilities[pairs.first])
    return moved.of(labels.take(pa.array(pairs.other)))


def build(config: Consistency, tools: Tools) -> ConsistencyMetric:
    """The metric, or ``RecipeError`` for an unknown predictor or field."""
    model = tools.predictor(config.model)
    field = tools.task.field_of(config.field)
    return ConsistencyMetric(model, field, Whole((FAMILY, LABEL, field)))
