"""Generators of rank-1 lattices: how each part walks through the rows of a block.

In a block of ``size`` rows, part number ``j`` visits rank ``v`` at ``z = (v * g**j + shift) mod size``
(Korobov 1959: the powers of one generator). Two parts then fill their pair table evenly when the ratio of
their multipliers has a continued fraction with small partial quotients (Niederreiter 1992, chapter 5): the
discrepancy of the pair is at most their sum over ``size``. A generator is therefore chosen, among some
hundred drawn ones, by the largest of those sums over all pairs. Smaller blocks follow the same generator in proportion.
"""

from __future__ import annotations

import numpy as np

from fairloom.draws import Draws, Ints


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
    return np.asarray(powers[best[np.arange(choices) % len(best)]], dtype=np.int64)


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
