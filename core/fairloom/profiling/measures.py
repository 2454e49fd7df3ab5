"""The second pass: how long texts are, and which numbers are to be cut into bins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom import utf8
from fairloom.bins import binned, decile_edges
from fairloom.contingency import Floats
from fairloom.draws import Ints
from fairloom.profiling.choice import Choice
from fairloom.profiling.columns import numbers, texts

PERCENTILES = (1, 5, 10, 25, 50, 75, 90, 95, 99)
COUNTED = {"words": utf8.words, "characters": utf8.characters}


@attrs.define
class Measures:
    """Histograms of the lengths of texts, and the values of the columns to cut (eight bytes a row each)."""

    lengths: dict[str, Counter[int]] = attrs.field(factory=lambda: {unit: Counter() for unit in COUNTED})
    numbers: dict[str, Floats] = attrs.field(factory=dict)


def measure(batches: Iterable[pa.RecordBatch], choice: Choice, bins: Mapping[str, int]) -> Measures:
    """Read every row for what the levels of lengths and numbers need."""
    found = Measures()
    if not choice.text and not bins:
        return found
    kept: dict[str, list[Floats]] = {name: [] for name in bins}
    for rows in batches:
        if choice.text:
            written = texts(rows.column(choice.text)).drop_null()
            for unit, count in COUNTED.items():
                found.lengths[unit].update(histogram(count(written)))
        for name, parts in kept.items():
            values = numbers(texts(rows.column(name)))
            parts.append(values[~np.isnan(values)])
    found.numbers = {name: np.concatenate(parts) for name, parts in kept.items()}
    return found


def histogram(values: Ints) -> dict[int, int]:
    """How often each number comes."""
    found, times = np.unique(values, return_counts=True)
    return dict(zip(found.tolist(), times.tolist(), strict=True))


def unfolded(counts: Mapping[int, int]) -> Ints:
    """The numbers of a histogram in order, each as often as it comes."""
    found = sorted(counts)
    return np.repeat(np.array(found, dtype=np.int64), [counts[value] for value in found])


def described(counts: Mapping[int, int]) -> dict[str, Any]:
    """Mean, percentiles and deciles of lengths, from their histogram.

    ``edges`` and ``counts`` are bins as ``compare.lengths`` makes them of reference rows.
    """
    values = unfolded(counts)
    edges = decile_edges(values)
    points = np.quantile(values, np.array(PERCENTILES) / 100, method="inverted_cdf")
    return {
        "n": int(values.size),
        "mean": float(values.mean()),
        "sd": float(values.std()),
        "percentiles": dict(zip(map(str, PERCENTILES), points.tolist(), strict=True)),
        "edges": edges.tolist(),
        "counts": binned(values, edges).tolist(),
    }
