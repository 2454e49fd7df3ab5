"""Tables of three and more columns: counts, and associations that turn round within the strata of a third column.

A three-way table has the shape (outcomes, groups, strata). Every outcome is set against all others together,
and so is every group, so that each comparison is one 2 x 2 table per stratum.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.contingency import Floats

if TYPE_CHECKING:
    from fairloom.draws import Ints

EFFECT = 0.02
"""Differences of shares smaller than this are no association worth a warning."""
ALPHA = 0.01
"""The chance of any false alarm among all comparisons of a dataset."""
_TINY = 1e-9


def crosstab(codes: Sequence[npt.ArrayLike], sizes: Sequence[int]) -> Ints:
    """Counts of every combination of codes, shape ``sizes``. A negative code (not used) leaves the row out."""
    flat = np.zeros_like(np.asarray(codes[0], dtype=np.int64))
    used = np.ones(flat.shape, dtype=np.bool_)
    for values, size in zip(codes, sizes, strict=True):
        column = np.asarray(values, dtype=np.int64)
        flat = flat * size + column
        used &= column >= 0
    counted = np.bincount(flat if used.all() else flat[used], minlength=math.prod(sizes))
    return counted.reshape(sizes).astype(np.int64)


@attrs.frozen
class Stratified:
    """One 2 x 2 comparison, in all rows and within strata; arrays have one entry per comparison.

    ``whole`` is the difference of the shares of the outcome, in the group less outside it. ``within`` is the
    mean of the differences of the strata, weighted by ``n1 n0 / n`` (Mantel and Haenszel 1959; Greenland and
    Robins 1985). ``whole_statistic`` is Pearson's chi-square of the whole table, ``within_statistic`` that of
    Cochran, Mantel and Haenszel without continuity correction; both have one degree of freedom. ``opposite`` is
    the part of the weight that lies in strata whose difference has the other sign than ``whole``.
    """

    whole: Floats
    within: Floats
    whole_statistic: Floats
    within_statistic: Floats
    opposite: Floats


def stratified(table: npt.ArrayLike) -> Stratified:
    """Every outcome and group against their rests, arrays of shape (outcomes, groups).

    Strata without rows on both sides of a comparison have no weight in it.

    Args:
        table: counts, shape (outcomes, groups, strata).
    """
    counts = np.asarray(table, dtype=np.float64)
    both = counts
    group = np.broadcast_to(counts.sum(axis=0, keepdims=True), counts.shape)
    outcome = np.broadcast_to(counts.sum(axis=1, keepdims=True), counts.shape)
    total = np.broadcast_to(counts.sum(axis=(0, 1), keepdims=True), counts.shape)
    weight = _ratio(group * (total - group), total)
    # (a n - n1 m1) / (n1 n0): the difference of the two shares, without forming them.
    difference = _ratio(both * total - group * outcome, group * (total - group))
    weights = weight.sum(axis=2)
    within = _ratio((weight * difference).sum(axis=2), weights)
    excess = (both - _ratio(group * outcome, total)).sum(axis=2)
    variance = _ratio(
        group * (total - group) * outcome * (total - outcome), total * total * np.maximum(total - 1, 1)
    ).sum(axis=2)
    whole, statistic = _whole(counts.sum(axis=2))
    against = np.sign(difference) * np.sign(whole)[..., None] < 0
    return Stratified(
        whole=whole,
        within=within,
        whole_statistic=statistic,
        within_statistic=_ratio(excess * excess, variance),
        opposite=_ratio((weight * against).sum(axis=2), weights),
    )


def _whole(table: Floats) -> tuple[Floats, Floats]:
    """Difference of shares and Pearson's chi-square of each outcome and group against their rests."""
    n = table.sum()
    group, outcome = table.sum(axis=0, keepdims=True), table.sum(axis=1, keepdims=True)
    apart = table * n - group * outcome
    difference = _ratio(apart, group * (n - group))
    return difference, _ratio(apart * apart * n, group * (n - group) * outcome * (n - outcome))


def _ratio(above: Floats, below: Floats) -> Floats:
    """``above / below``, 0 where there is nothing below."""
    above, below = np.broadcast_arrays(above, below)
    found: Floats = np.divide(above, below, out=np.zeros(above.shape), where=below > _TINY)
    return found


@attrs.frozen
class Reversal:
    """An association that has the other direction within the strata than in the whole table.

    ``outcome`` and ``group`` are codes; ``p`` is the larger of the two p-values, not corrected.
    """

    outcome: int
    group: int
    whole: float
    within: float
    opposite: float
    p: float


def comparisons(table: npt.ArrayLike) -> int:
    """How many comparisons a table holds: two levels mirror each other and count once."""
    outcomes, groups, _ = np.asarray(table).shape
    return _distinct(outcomes) * _distinct(groups)


def reversals(table: npt.ArrayLike, tested: int | None = None) -> Iterator[Reversal]:
    """Simpson reversals (Simpson 1951; Bickel, Hammel and O'Connell 1975; Pearl 2014), the clearest first.

    A reversal is a comparison whose difference of shares over all rows and whose weighted mean difference within
    the strata (1) have opposite signs, (2) are both at least ``EFFECT`` in size, (3) are both significant at
    ``ALPHA`` after Bonferroni, by Pearson's and by the Cochran-Mantel-Haenszel test, and where (4) strata with
    more than half of the weight point the other way. Asking both tests to be significant is an
    intersection-union test (Berger 1982): its level holds whichever of the two associations is chance.

    Args:
        table: counts, shape (outcomes, groups, strata).
        tested: the comparisons made in all, this table's among them; those of this table when left out.
    """
    counts = np.asarray(table)
    if min(counts.shape) < 2:
        return
    found = stratified(counts)
    many = comparisons(counts) if tested is None else tested
    turned = found.whole * found.within < 0
    turned &= (np.abs(found.whole) >= EFFECT) & (np.abs(found.within) >= EFFECT) & (found.opposite > 0.5)
    turned[_distinct(counts.shape[0]) :] = False
    turned[:, _distinct(counts.shape[1]) :] = False
    smaller = np.minimum(found.whole_statistic, found.within_statistic)
    outcomes, groups = (places.tolist() for places in np.nonzero(turned))
    for at in sorted(zip(outcomes, groups, strict=True), key=lambda at: -float(smaller[at])):
        p = _tail(float(smaller[at]))
        if p * many < ALPHA:
            yield Reversal(at[0], at[1], float(found.whole[at]), float(found.within[at]), float(found.opposite[at]), p)


def _distinct(levels: int) -> int:
    return 1 if levels == 2 else levels


def _tail(statistic: float) -> float:
    """Chi-square with one degree of freedom: the tail of a normal variable on both sides."""
    return math.erfc(math.sqrt(statistic / 2))
