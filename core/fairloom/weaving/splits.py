"""Splitting by family, balanced in every cell."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from fairloom.draws import Draws, Ints


def split_of(ranks: Ints, cells: npt.NDArray[np.int32], shares: Mapping[str, float], draws: Draws) -> Ints:
    """The index of the split of each family.

    Rank ``r`` of a cell falls where the sequence ``frac(phase + r * golden)`` falls among the cumulated
    shares: a Kronecker sequence (Niederreiter 1992, section 3.1), whose runs of any length hold each
    share within a few rows, so each split is as balanced as the whole. The phase is drawn per cell.

    ``ranks`` and ``cells`` have one entry per family; all rows of a family share one split.
    """
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    phase = draws.unit(cells.astype(np.int64))
    place = (phase + ranks * golden) % 1.0
    edges = np.cumsum(list(shares.values()))[:-1]
    found: Ints = np.searchsorted(edges, place, side="right").astype(np.int64)
    return found
