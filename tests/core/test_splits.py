"""Splits hold their shares, overall and in every cell."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.draws import Draws
from fairloom.weaving.splits import split_of


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 400), st.floats(0.05, 0.95), st.integers(0, 2**32))
def test_every_cell_is_split_in_proportion(cells: int, quota: int, share: float, seed: int) -> None:
    cell = np.repeat(np.arange(cells, dtype=np.int32), quota)
    rank = np.tile(np.arange(quota, dtype=np.int64), cells)
    split = split_of(rank, cell, {"train": share, "test": 1 - share}, Draws(seed))
    counts = np.bincount(cell[split == 0], minlength=cells)
    # The discrepancy of the golden-ratio sequence: below 2 + log2(n) / 2 for every run of length n.
    assert np.abs(counts - share * quota).max() <= 2 + np.log2(quota + 1) / 2


def test_a_family_can_be_asked_for_alone() -> None:
    rank, cell = np.arange(100), np.zeros(100, np.int32)
    whole = split_of(rank, cell, {"a": 0.5, "b": 0.3, "c": 0.2}, Draws(1))
    alone = [
        int(split_of(rank[i : i + 1], cell[i : i + 1], {"a": 0.5, "b": 0.3, "c": 0.2}, Draws(1))[0]) for i in range(100)
    ]
    assert whole.tolist() == alone
    assert set(alone) == {0, 1, 2}
