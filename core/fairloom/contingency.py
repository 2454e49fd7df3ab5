"""Counts of two or more categorical columns, and what they say: gaps, association, tests, rates.

Tables are integer arrays of counts, one axis per column. Rows and columns of a table that hold no
count say nothing about association and are left out of it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from fairloom.draws import Draws, Ints

Floats = npt.NDArray[np.float64]

PERMUTED_ROWS = 20_000
"""Up to this many rows a permutation test is affordable; beyond it the asymptotic test is as good."""
_CHUNK = 1 << 18
_TINY = 1e-300


@attrs.frozen
class Test:
    """A test statistic, its degrees of freedom and the probability of one as large under independence."""

    __test__ = False  # not a class of tests, whatever pytest thinks of its name

    statistic: float
    df: int
    p: float


def crosstab(a_codes: npt.ArrayLike, b_codes: npt.ArrayLike, sizes: tuple[int, int]) -> Ints:
    """Counts of every pair of codes, shape ``sizes``. A negative code (not used) leaves the row out."""
    a, b = np.asarray(a_codes, dtype=np.int64), np.asarray(b_codes, dtype=np.int64)
    used = (a >= 0) & (b >= 0)
    flat = a[used] * sizes[1] + b[used]
    return np.bincount(flat, minlength=sizes[0] * sizes[1]).reshape(sizes).astype(np.int64)


def gap(table: npt.ArrayLike) -> int:
    """The largest count less the smallest, over every cell of a table of any number of axes."""
    counts = np.asarray(table)
    return int(counts.max() - counts.min()) if counts.size else 0


def occupied(table: npt.ArrayLike) -> Ints:
    """The table without the rows and columns that hold no count."""
    counts = np.asarray(table, dtype=np.int64)
    return counts[counts.any(axis=1)][:, counts.any(axis=0)]


def expected(table: npt.ArrayLike) -> Floats:
    """The counts that independence of rows and columns would give, from the margins."""
    counts = np.asarray(table, dtype=np.float64)
    total = counts.sum()
    if not total:
        return np.zeros_like(counts)
    outer: Floats = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / total
    return outer


def chi_square(table: npt.ArrayLike) -> Test:
    """Pearson's test of independence, without continuity correction."""
    counts = occupied(table)
    under = expected(counts)
    statistic = float(((counts - under) ** 2 / under).sum()) if counts.size else 0.0
    return _asymptotic(statistic, counts)


def g_test(table: npt.ArrayLike) -> Test:
    """The likelihood-ratio test of independence: ``G = 2 sum(O ln(O / E))`` (Sokal and Rohlf, "Biometry")."""
    counts = occupied(table)
    return _asymptotic(2 * int(counts.sum()) * mutual_information(counts), counts)


def cramers_v(table: npt.ArrayLike, *, corrected: bool = False) -> float:
    """Cramer's V, 0 (independent) to 1 (one column decides the other).

    ``corrected`` takes off what chance alone would give (Bergsma, "A bias-correction for Cramer's V",
    2013). A column with one level says nothing about any other: 0.
    """
    counts = occupied(table)
    rows, columns, n = *counts.shape, int(counts.sum())
    if min(rows, columns) < 2:
        return 0.0
    phi2 = chi_square(counts).statistic / n
    if not corrected:
        return math.sqrt(phi2 / (min(rows, columns) - 1))
    phi2 = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    smaller = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1))
    return math.sqrt(phi2 / (smaller - 1)) if smaller > 1 else 0.0


def mutual_information(table: npt.ArrayLike) -> float:
    """Mutual information of the two columns in nats, never below 0."""
    counts = occupied(table)
    if not counts.size:
        return 0.0
    shares = counts / counts.sum()
    under = np.outer(shares.sum(axis=1), shares.sum(axis=0))
    seen = shares > 0
    return max(0.0, float((shares[seen] * np.log(shares[seen] / under[seen])).sum()))


def normalised_mutual_information(table: npt.ArrayLike) -> float:
    """Mutual information over the mean of the two entropies, 0 to 1; 0 where a column has one level."""
    counts = occupied(table)
    mean = (entropy(counts.sum(axis=1)) + entropy(counts.sum(axis=0))) / 2 if counts.size else 0.0
    return mutual_information(counts) / mean if mean else 0.0


def entropy(counts: npt.ArrayLike) -> float:
    """Shannon entropy of the counts in nats."""
    values = np.asarray(counts, dtype=np.float64).ravel()
    shares = values[values > 0] / values.sum() if values.any() else values[:0]
    return abs(float((shares * np.log(shares)).sum()))


def normalised_entropy(counts: npt.ArrayLike) -> float:
    """Entropy over its largest value for this many groups (Pielou's evenness); groups without a count count."""
    groups = np.asarray(counts).size
    return entropy(counts) / math.log(groups) if groups > 1 else 1.0


def effective_number(counts: npt.ArrayLike) -> float:
    """How many equally large groups would have this entropy: ``exp(H)`` (Hill, "Diversity and evenness", 1973)."""
    return math.exp(entropy(counts))


def permutation_p(a: npt.ArrayLike, b: npt.ArrayLike, draws: Draws, rounds: int = 199) -> float:
    """The share of shuffles of ``b`` with at least the mutual information found: see ``table_permutation_p``."""
    left, right = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    if not left.size:
        return 1.0
    return table_permutation_p(crosstab(left, right, (int(left.max()) + 1, int(right.max()) + 1)), draws, rounds)


def table_permutation_p(table: npt.ArrayLike, draws: Draws, rounds: int = 199) -> float:
    """The permutation test of independence by mutual information, from the table alone.

    Shuffling one column against the other depends on their margins only, so the rows need not be kept.
    The observed order counts as one of the shuffles, so p is at least ``1 / (rounds + 1)`` (Phipson and
    Smyth, "Permutation p-values should never be zero", 2010). Meant for up to ``PERMUTED_ROWS`` rows.
    """
    counts = occupied(table)
    if min(counts.shape) < 2:
        return 1.0
    a = np.repeat(np.arange(counts.shape[0]), counts.sum(axis=1))
    b = np.repeat(np.arange(counts.shape[1]), counts.sum(axis=0))
    found = _information_order(counts[None])[0]
    step = max(1, _CHUNK // max(a.size, counts.size))
    reached = 0
    for first in range(0, rounds, step):
        numbers = np.arange(first, min(first + step, rounds))
        tables = _retabled(_shuffled(a, draws, numbers), b, counts.shape)
        reached += int((_information_order(tables) >= found - 1e-9).sum())
    return (reached + 1) / (rounds + 1)


def _shuffled(codes: Ints, draws: Draws, numbers: Ints) -> Ints:
    """The codes in random order, one line per shuffle, sorted by the random words of a line.

    The code rides in the low bits of its word, so that a plain sort, faster than a sort of indices, shuffles it.
    """
    bits = np.uint64(int(codes.max()).bit_length())
    keys = (draws.quick(numbers, codes.size) << bits) | codes.astype(np.uint64)
    keys.sort(axis=1)
    return (keys & ((np.uint64(1) << bits) - np.uint64(1))).astype(np.int64)


def _retabled(lines: Ints, b: Ints, shape: tuple[int, ...]) -> Ints:
    """One table per line of codes against ``b``."""
    size = shape[0] * shape[1]
    cells = np.arange(len(lines))[:, None] * size + lines * shape[1] + b
    return np.bincount(cells.ravel(), minlength=len(lines) * size).reshape(-1, *shape)


def _information_order(tables: Ints) -> Floats:
    """``sum(O ln O)`` of each table: the part of the mutual information that a shuffle changes."""
    counts = tables.astype(np.float64)
    found: Floats = (counts * np.log(np.maximum(counts, 1.0))).sum(axis=(1, 2))
    return found


def bonferroni(p: npt.ArrayLike) -> Floats:
    """p-values times their number, at most 1."""
    values = np.asarray(p, dtype=np.float64)
    return np.minimum(1.0, values * values.size)


def holm(p: npt.ArrayLike) -> Floats:
    """Step-down adjusted p-values (Holm, "A simple sequentially rejective multiple test procedure", 1979)."""
    values = np.asarray(p, dtype=np.float64)
    order = np.argsort(values, kind="stable")
    stepped = values[order] * np.arange(values.size, 0, -1)
    out = np.empty_like(values)
    out[order] = np.minimum(1.0, np.maximum.accumulate(stepped))
    return out


def selection_rates(kept: npt.ArrayLike, total: npt.ArrayLike) -> Floats:
    """The share of each group that a filter kept; NaN for a group without rows."""
    kept_counts, totals = np.asarray(kept, dtype=np.float64), np.asarray(total, dtype=np.float64)
    rates: Floats = np.divide(kept_counts, totals, out=np.full(totals.shape, np.nan), where=totals > 0)
    return rates


def four_fifths(rates: npt.ArrayLike) -> float:
    """The smallest selection rate over the largest; below 0.8 calls for an explanation.

    The rule of thumb is that of the Uniform Guidelines on Employee Selection Procedures (29 CFR
    1607.4 D). Groups without rows (NaN) are left out; 1 where nothing can be compared.
    """
    values = np.asarray(rates, dtype=np.float64)
    values = values[~np.isnan(values)]
    if values.size < 2 or not values.max():
        return 1.0
    return float(values.min() / values.max())


def selection_test(kept: npt.ArrayLike, total: npt.ArrayLike) -> Test:
    """G-test of kept and rejected against the groups: may the rates differ by chance alone?"""
    kept_counts, totals = np.asarray(kept, dtype=np.int64), np.asarray(total, dtype=np.int64)
    return g_test(np.stack([kept_counts, totals - kept_counts]))


def total_variation(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> float:
    """Half the summed difference of the shares of two lists of counts, 0 to 1."""
    p, q = _shares(ours, 0.0), _shares(theirs, 0.0)
    return float(np.abs(p - q).sum() / 2)


def kl_divergence(ours: npt.ArrayLike, theirs: npt.ArrayLike, alpha: float = 0.5) -> float:
    """``sum(p ln(p / q))`` in nats; ``alpha`` is added to every count first (0.5: Krichevsky and Trofimov 1981)."""
    p, q = _shares(ours, alpha), _shares(theirs, alpha)
    return _relative_entropy(p, q)


def js_divergence(ours: npt.ArrayLike, theirs: npt.ArrayLike) -> float:
    """The Jensen-Shannon divergence in bits, 0 to 1 (Lin 1991); not its root, which some libraries report."""
    p, q = _shares(ours, 0.0), _shares(theirs, 0.0)
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / (2 * math.log(2))


def stability_index(ours: npt.ArrayLike, theirs: npt.ArrayLike, alpha: float = 0.5) -> float:
    """The population stability index ``sum((p - q) ln(p / q))``, both directions of the KL divergence."""
    return kl_divergence(ours, theirs, alpha) + kl_divergence(theirs, ours, alpha)


def chi_square_tail(x: float, df: int) -> float:
    """The probability that a chi-square variable with ``df`` degrees of freedom exceeds ``x``."""
    return 1.0 if df < 1 else gamma_tail(df / 2, x / 2)


def chi_square_quantile(tail: float, df: int) -> float:
    """The value that a chi-square variable exceeds with probability ``tail`` (by bisection, to 1e-12)."""
    low, high = 0.0, float(max(df, 1))
    while chi_square_tail(high, df) > tail:
        high *= 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if chi_square_tail(middle, df) > tail else (low, middle)
    return high


def gamma_tail(a: float, x: float) -> float:
    """The regularised upper incomplete gamma function Q(a, x), for ``a > 0``.

    Below ``a + 1`` one less the power series (DLMF 8.11.4), above it the continued fraction (DLMF
    8.9.2) by Lentz's method (Press et al., "Numerical Recipes", section 6.2).
    """
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    return 1.0 - front * _series(a, x) if x < a + 1 else front * _fraction(a, x)


def _series(a: float, x: float) -> float:
    term = total = 1 / a
    power = a
    while term > total * 1e-17:
        power += 1
        term *= x / power
        total += term
    return total


def _fraction(a: float, x: float) -> float:
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    total, change, n = d, 2.0, 0
    while abs(change - 1) > 1e-15:
        n += 1
        weight = -n * (n - a)
        b += 2
        d = 1 / _nonzero(weight * d + b)
        c = _nonzero(b + weight / c)
        change = c * d
        total *= change
    return total


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _asymptotic(statistic: float, counts: Ints) -> Test:
    df = max(0, counts.shape[0] - 1) * max(0, counts.shape[1] - 1)
    return Test(statistic, df, chi_square_tail(statistic, df))


def _shares(counts: npt.ArrayLike, alpha: float) -> Floats:
    values = np.asarray(counts, dtype=np.float64) + alpha
    total = values.sum()
    shares: Floats = values / total if total else values
    return shares


def _relative_entropy(p: Floats, q: Floats) -> float:
    seen = p > 0
    return float((p[seen] * np.log(p[seen] / q[seen])).sum())
