"""Sharing out whole rows by the method of largest remainders (Hamilton 1792)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from fairloom.draws import Draws, Ints


def shared_out(rows: int, shares: Sequence[Fraction], draws: Draws, turn: int = 0) -> Ints:
    """``rows`` in proportion to ``shares`` (not all 0): each count is its quota rounded up or down.

    Quotas are exact fractions; equal remainders are ranked by a drawn order, which ``turn`` varies.
    """
    if rows == 0:
        return np.zeros(len(shares), dtype=np.int64)
    total = sum(shares, Fraction(0))
    quotas = [rows * share / total for share in shares]
    counts = np.array([int(quota) for quota in quotas], dtype=np.int64)
    words = draws.words(np.arange(len(quotas)), turn).tolist()
    order = sorted(range(len(quotas)), key=lambda place: (int(quotas[place]) - quotas[place], words[place]))
    counts[order[: rows - int(counts.sum())]] += 1
    return counts
