"""The metric ``lengths``: how long the texts are, in words and in characters."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow.compute as pc

from fairloom.components import Measurement
from fairloom.utf8 import characters, words

if TYPE_CHECKING:
    import pyarrow as pa

    from fairloom.components import Tools
    from fairloom.draws import Ints


@attrs.frozen(kw_only=True)
class Lengths:
    """Settings of ``text.lengths``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to measure; the task's first field when left out"}
    )


@attrs.define
class Histogram:
    """How often each length occurs: all that is kept, and enough for exact figures."""

    counts: Counter[int] = attrs.field(factory=Counter)

    def add(self, lengths: Ints) -> None:
        """Count these lengths too."""
        values, times = np.unique(lengths, return_counts=True)
        self.counts.update(dict(zip(values.tolist(), times.tolist(), strict=True)))

    def summary(self) -> dict[str, float]:
        """``min, mean, median, max, sd`` (of the rows themselves, not of a population they stand for)."""
        n = self.counts.total()
        mean = sum(length * times for length, times in self.counts.items()) / n
        spread = sum(times * (length - mean) ** 2 for length, times in sorted(self.counts.items())) / n
        return {
            "min": min(self.counts),
            "mean": mean,
            "median": self.quantile(0.5),
            "max": max(self.counts),
            "sd": math.sqrt(spread),
        }

    def quantile(self, share: float) -> float:
        """The quantile between order statistics (Hyndman and Fan 1996, type 7: numpy's default)."""
        place = (self.counts.total() - 1) * share
        low, high = self._at(math.floor(place)), self._at(math.ceil(place))
        return low + (high - low) * (place - math.floor(place))

    def _at(self, rank: int) -> int:
        """The length at this rank, from 0."""
        lengths = sorted(self.counts)
        passed = np.cumsum([self.counts[length] for length in lengths])
        return lengths[int(np.searchsorted(passed, rank, side="right"))]


@attrs.define
class LengthsMetric:
    """Counts lengths; rows without a text are left out."""

    field: str
    words: Histogram = attrs.field(factory=Histogram, init=False)
    characters: Histogram = attrs.field(factory=Histogram, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        column = rows.column(self.field)
        present = pc.is_valid(column).to_numpy(zero_copy_only=False)
        self.words.add(words(column)[present])
        self.characters.add(characters(column)[present])

    def result(self) -> Measurement:
        """The mean number of words; everything else in ``values``, the deciles in ``detail``."""
        parts = {"words": self.words, "characters": self.characters}
        n = self.words.counts.total()
        if not n:
            return Measurement(value=None, why=f"no row has a text in {self.field!r}")
        summaries = {unit: part.summary() for unit, part in parts.items()}
        values = {f"{unit}_{name}": figure for unit, found in summaries.items() for name, figure in found.items()}
        deciles = {unit: [part.quantile(tenth / 10) for tenth in range(1, 10)] for unit, part in parts.items()}
        return Measurement(value=summaries["words"]["mean"], n=n, values=values, detail={"deciles": deciles})


def build(config: Lengths, tools: Tools) -> LengthsMetric:
    """The metric, or ``RecipeError`` for an unknown field."""
    return LengthsMetric(tools.task.field_of(config.field))
