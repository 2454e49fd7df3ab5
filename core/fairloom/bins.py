"""Numbers to bins: the same edges wherever lengths are compared, so that counts of two files can be set side by side.

A bin takes what lies above one edge up to and including the next; below the first edge and above the last there is
one more each.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from fairloom.contingency import Floats
from fairloom.draws import Ints


def decile_edges(values: npt.ArrayLike) -> Floats:
    """The distinct inner deciles of some numbers, at least one.

    Where a tenth of them or more share the smallest value, smaller ones get a bin of their own; likewise larger
    ones, whose edge is then the largest value itself.
    """
    numbers = np.asarray(values)
    edges = quantile_edges(numbers, 10)
    lowest = float(numbers.min())
    found: Floats = np.insert(edges, 0, lowest - 1) if edges[0] == lowest else edges
    return found


def quantile_edges(values: npt.ArrayLike, bins: int) -> Floats:
    """The distinct inner quantiles that cut some numbers into ``bins`` bins, or into fewer where values repeat.

    Each is a value that occurs (Hyndman and Fan, "Sample quantiles in statistical packages", 1996, type 1).
    """
    inner = np.arange(1, bins) / bins
    return np.unique(np.quantile(np.asarray(values), inner, method="inverted_cdf")).astype(np.float64)


def placed(values: npt.ArrayLike, edges: Floats) -> Ints:
    """The number of each value's bin, from 0 to ``len(edges)``."""
    return np.searchsorted(edges, np.asarray(values), side="left").astype(np.int64)


def binned(values: npt.ArrayLike, edges: Floats) -> Ints:
    """How many values fall into each of the ``len(edges) + 1`` bins."""
    return np.bincount(placed(values, edges), minlength=edges.size + 1).astype(np.int64)
