"""Which of the rows that resemble each other stay: a star, never a chain.

Every row that goes cites one row that stays, of smaller priority and of another family. The core drops
families whole, so it is families that are decided on, in order of priority: one stays unless one of its
rows resembles a row of a family that stays. Rows of one family never count against each other.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np

from fairloom.contingency import Floats
from fairloom.draws import Ints

Likes = Mapping[int, list[tuple[int, float]]]
"""For some texts, the other texts that resemble them, each with its similarity."""


@attrs.frozen(eq=False)
class Star:
    """For each row the row it gives way to, or -1, and how similar the two are (1 where the texts are equal)."""

    cites: Ints
    similarity: Floats


def star(texts: Ints, families: Ints, priority: Ints, likes: Likes | None = None) -> Star:
    """Decide on every row.

    Whether a row stays depends on those before it, so this goes row by row, but only over rows that share
    their text or resemble one; the core gives the rows of a family neighbouring priorities.

    Args:
        texts: a number per row, equal for equal texts; negative where there is none.
        families: the family of each row.
        priority: smaller ones stay.
        likes: the texts that are similar without being equal, in both directions.
    """
    near = likes or {}
    cites = np.full(texts.size, -1, dtype=np.int64)
    similarity = np.zeros(texts.size)
    kept: dict[int, tuple[int, int]] = {}
    for rows in _by_family(_involved(texts, near), families, priority):
        mine = [(row, int(texts[row]), int(priority[row])) for row in rows]
        found = [(row, best) for row, text, rank in mine if (best := _best(text, rank, kept, near)) is not None]
        for row, (alike, cited) in found:
            cites[row], similarity[row] = cited, alike
        if not found:
            for row, text, rank in mine:
                kept.setdefault(text, (rank, row))
    return Star(cites, similarity)


def _involved(texts: Ints, likes: Likes) -> Ints:
    """The rows that share their text with another row, or whose text resembles one."""
    present = np.flatnonzero(texts >= 0)
    shared = np.bincount(texts[present]) > 1
    if likes:
        shared[np.fromiter(likes, dtype=np.int64, count=len(likes))] = True
    return present[shared[texts[present]]]


def _by_family(rows: Ints, families: Ints, priority: Ints) -> list[list[int]]:
    """The rows in groups of one family, groups and rows in order of priority."""
    if not rows.size:
        return []
    rows = rows[np.argsort(priority[rows], kind="stable")]
    _, first, which = np.unique(families[rows], return_index=True, return_inverse=True)
    rows = rows[np.argsort(first[which], kind="stable")]
    ends = np.flatnonzero(np.diff(families[rows])) + 1
    return [group.tolist() for group in np.split(rows, ends)]


def _best(text: int, rank: int, kept: Mapping[int, tuple[int, int]], likes: Likes) -> tuple[float, int] | None:
    """The most similar row that stays and goes before, the first of several."""
    alike = ((1.0, text), *((similarity, other) for other, similarity in likes.get(text, ())))
    choices = [(-similarity, *kept[other]) for similarity, other in alike if other in kept and kept[other][0] < rank]
    if not choices:
        return None
    similarity, _, row = min(choices)
    return -similarity, row
