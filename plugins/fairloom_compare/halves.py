"""Real against real: the reference split in two, so that a figure has a ceiling to be held against.

The halves are drawn by the row's number in the reference and a fixed key, so they never change.
"""

from __future__ import annotations

import numpy as np

from fairloom.draws import Draws, Ints

ENOUGH = 40
"""Fewer reference rows than this are not split: halves of them say nothing."""
_DRAWS = Draws(0, ("compare", "halves"))


def halves(rows: int) -> tuple[Ints, Ints] | None:
    """The rows of each half in drawn order, or ``None`` where there are too few."""
    if rows < ENOUGH:
        return None
    order = drawn(rows)
    return order[: rows // 2], order[rows // 2 :]


def drawn(rows: int, side: str = "reference") -> Ints:
    """All rows in an order drawn from their numbers."""
    return np.argsort(_DRAWS.stream(side).words(np.arange(rows)), kind="stable").astype(np.int64)
