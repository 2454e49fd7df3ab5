"""Generators of rank-1 lattices: how each part walks through the rows of a block.

In a block of ``size`` rows, part number ``j`` visits rank ``v`` at ``z = (v * m[j] + shift) mod size``. Two parts
then fill their pair table evenly when the ratio of their multipliers has a continued fraction with small partial
quotients (Niederreiter 1992, chapter 5): the discrepancy of the pair is at most their sum over ``size``.

The multipliers are the powers of one generator (Korobov 1959), chosen among some hundred drawn ones by the largest of
those sums over all pairs. Where ``size`` has many divisors the powers soon come round - 480 rows: every
eighth power is 1 - so that parts would walk in step. Multipliers are then chosen one after the other, each as
far from those before as can be found. Smaller blocks follow the same multipliers in proportion.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fairloom.draws import Draws, Ints

FEW_CHOICES, FEW_CANDIDATES = 4, 96
"""Sets, and candidates for each multiplier, where they are chosen one after the other."""
FAIR = 4
"""Sums of partial quotients are fair up to so many for each binary digit of the size."""


def generators(size: int, count: int, draws: Draws, candidates: int, choices: int) -> Ints:
    """The best sets of multipliers for ``count`` parts in a block of ``size`` rows, each coprime to ``size``.

    One line per set, ``choices`` of them, repeated where there are fewer.
    """
    if size < 3 or count == 0:
        return np.ones((choices, count), dtype=np.int64)
    drawn = 1 + draws.stream("lattice", str(size)).below(size - 1, np.arange(candidates))
    found = np.unique(drawn[np.gcd(drawn, size) == 1])
    found = found if found.size else np.ones(1, dtype=np.int64)
    powers = _powers(found, count, size)
    worst = quotient_sums(powers, size).max(axis=1)
    best = np.argsort(worst, kind="stable")
    fair = best[worst[best] <= FAIR * size.bit_length()][:choices]
    sets = powers[fair] if fair.size else np.stack([_spread(found, place, count, size) for place in _few(len(found))])
    return np.asarray(sets[np.arange(choices) % len(sets)], dtype=np.int64)


def steps(multipliers: Ints, parents: Sequence[int | None], size: int) -> Ints:
    """What a part multiplies ranks with so that it walks by its own multiplier, one line per set.

    A part below another gets the ranks in the order of that part's walk, so its step is the quotient of the two. With
    its own multiplier as step it would walk by the product, in step with whatever part has that for its multiplier.
    """
    result = multipliers.copy()
    for line, own in enumerate(multipliers.tolist()):
        for place, parent in enumerate(parents):
            if parent is not None and size > 1:
                result[line, place] = own[place] * pow(own[parent], -1, size) % size
    return result


def _few(many: int) -> list[int]:
    """Where sets begin that are chosen one after the other."""
    return [many * number // FEW_CHOICES for number in range(min(many, FEW_CHOICES))]


def _spread(found: Ints, start: int, count: int, size: int) -> Ints:
    """One set: from candidate ``start`` on, each multiplier the one whose worst pair with those before is best."""
    candidates = np.roll(found, -start)[:FEW_CANDIDATES]
    worst = quotient_sums(candidates, size)
    chosen: list[int] = []
    for _ in range(count):
        best = int(np.argmin(worst))
        chosen.append(int(candidates[best]))
        ratios = candidates * pow(chosen[-1], -1, size) % size
        worst = np.maximum(worst, quotient_sums(ratios, size))
        worst[best] += size
    return np.array(chosen, dtype=np.int64)


def scaled(values: Ints, size: int, sizes: Ints) -> Ints:
    """``values / size`` as a fraction of each of ``sizes``: the nearest multiplier coprime to it."""
    wanted = (values * sizes * 2 + size) // (2 * max(1, size))
    found = np.zeros_like(wanted)
    for step in range(64):
        near = wanted + (step + 1) // 2 * (1 if step % 2 else -1)
        fits = (found == 0) & (np.gcd(near, sizes) == 1)
        found[fits] = near[fits]
        if found.all():
            break
    return np.asarray(np.where(found == 0, 1, found) % np.maximum(sizes, 1), dtype=np.int64)


def _powers(bases: Ints, count: int, size: int) -> Ints:
    """``bases ** 1 .. bases ** count`` modulo ``size``, one line per base."""
    columns = [bases % size]
    for _ in range(count - 1):
        columns.append(columns[-1] * bases % size)
    return np.stack(columns, axis=1)


def quotient_sums(values: Ints, size: int) -> Ints:
    """Sum of the partial quotients of the continued fraction of ``values / size``, elementwise."""
    high, low = np.full(values.shape, size, dtype=np.int64), values.astype(np.int64)
    total = np.zeros(values.shape, dtype=np.int64)
    while (low > 0).any():
        safe = np.maximum(low, 1)
        quotient = np.where(low > 0, high // safe, 0)
        total += quotient
        high, low = np.where(low > 0, low, high), np.where(low > 0, high - quotient * safe, 0)
    return total
