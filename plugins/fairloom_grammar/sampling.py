"""A spread sample of sentences: numbers drawn through keyed permutations, so all differ and each is as likely.

Evenness over depths or rules comes first: quotas as even as the sizes of the groups allow, and then a
permutation of each group's numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairloom.draws import Draws, Ints
from fairloom_grammar.counting import Class, Counts

Picked = list[tuple[Class, Ints]]


def drawn(counts: Counts, whole: Class, limit: int, by: str, draws: Draws) -> Picked:
    """``limit`` different sentences of ``whole``, as ascending numbers in classes.

    Args:
        counts: Sizes of all classes.
        whole: The class to draw from; it has more than ``limit`` sentences.
        limit: How many.
        by: ``"sentence"``, ``"depth"`` or ``"rule"``.
        draws: Each group draws from a stream of its own.
    """
    if by == "depth":
        classes = [Class(whole.symbol, height, exact=True) for height in range(1, whole.height + 1)]
        sizes = [counts.size(each) for each in classes]
        groups = zip(classes, sizes, quotas(sizes, limit), strict=True)
        return [
            (each, _some(size, quota, draws.stream("depth", str(each.height)))) for each, size, quota in groups if quota
        ]
    if by == "rule":
        blocks = counts.blocks(whole)
        sizes = [block.size for block in blocks]
        starts = np.cumsum([0, *sizes[:-1]])
        picked = [
            start + _some(block.size, quota, draws.stream("rule", block.alternative.name))
            for start, block, quota in zip(starts, blocks, quotas(sizes, limit), strict=True)
        ]
        return [(whole, np.concatenate(picked))]
    return [(whole, _some(counts.size(whole), limit, draws.stream("sentence")))]


def _some(size: int, count: int, draws: Draws) -> Ints:
    chosen: Ints = np.sort(draws.permutation(size)(np.arange(count, dtype=np.int64)))
    return chosen


def quotas(sizes: Sequence[int], total: int) -> list[int]:
    """``total`` shared out as evenly as the sizes allow: none above its size, the later ones get what is odd.

    Smallest groups are served first, so what they cannot take goes to the others.
    """
    found = [0] * len(sizes)
    left = total
    order = sorted(range(len(sizes)), key=lambda place: (sizes[place], place))
    for served, place in enumerate(order):
        found[place] = min(sizes[place], left // (len(order) - served))
        left -= found[place]
    return found
