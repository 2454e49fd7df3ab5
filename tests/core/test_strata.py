"""Three-way tables: counts, the Cochran-Mantel-Haenszel test, and associations that turn round."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats

from fairloom import strata
from fairloom.draws import Draws

ADMITTED = [[512, 353, 120, 138, 53, 22], [89, 17, 202, 131, 94, 24]]
REJECTED = [[313, 207, 205, 279, 138, 351], [19, 8, 391, 244, 299, 317]]
BERKELEY = np.array([ADMITTED, REJECTED])
"""Admission by sex and department, Bickel, Hammel and O'Connell (1975), as in R's ``UCBAdmissions``."""
KIDNEY = np.array([[[81, 192], [234, 55]], [[6, 71], [36, 25]]])
"""Success by treatment and size of stone, Charig et al. (1986)."""

TABLES = npst.arrays(
    np.int64,
    st.tuples(st.integers(2, 4), st.integers(2, 4), st.integers(1, 4)),
    elements=st.integers(0, 40),
)


def test_counts_of_three_columns_leave_out_what_is_not_used():
    found = strata.crosstab([[0, 1, 1, -1], [0, 2, 2, 1], [1, 0, 0, 0]], (2, 3, 2))
    assert found.sum() == 3
    assert (found[0, 0, 1], found[1, 2, 0]) == (1, 2)


def test_berkeley_agrees_with_r():
    """``mantelhaen.test(UCBAdmissions, correct = FALSE)``: 1.5246, p = 0.2169; ``prop.table``: 44.5 and 30.4 %."""
    found = strata.stratified(BERKELEY)
    assert found.within_statistic[0, 0] == pytest.approx(1.5246, abs=5e-5)
    assert found.whole[0, 0] == pytest.approx(0.4452 - 0.3035, abs=2e-4)
    assert found.whole_statistic[0, 0] == pytest.approx(92.205, abs=1e-3)
    # The difference points the other way within departments, but that may well be chance.
    assert found.within[0, 0] < 0 < found.whole[0, 0]
    assert not list(strata.reversals(BERKELEY))


def test_kidney_stones_turn_round_once_there_are_enough():
    found = strata.stratified(KIDNEY)
    assert found.whole[0, 0] == pytest.approx(273 / 350 - 289 / 350)
    assert found.opposite[0, 0] == 1.0
    assert not list(strata.reversals(KIDNEY))
    (one,) = strata.reversals(10 * KIDNEY)
    assert (one.outcome, one.group, one.opposite) == (0, 0, 1.0)
    assert one.whole < -strata.EFFECT < strata.EFFECT < one.within
    assert one.p < 1e-5


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_each_comparison_agrees_with_one_made_by_hand(table):
    found = strata.stratified(table)
    outcomes, groups, _ = table.shape
    for outcome in range(outcomes):
        for group in range(groups):
            a = table[outcome, group]
            b = table[outcome].sum(axis=0) - a
            c = table[:, group].sum(axis=0) - a
            d = table.sum(axis=(0, 1)) - a - b - c
            whole = np.array([[a.sum(), b.sum()], [c.sum(), d.sum()]])
            if (whole.sum(axis=0) > 0).all() and (whole.sum(axis=1) > 0).all():
                expected = stats.chi2_contingency(whole, correction=False).statistic
                assert found.whole_statistic[outcome, group] == pytest.approx(expected, abs=1e-9)
            assert found.within[outcome, group] == pytest.approx(_by_hand(a, b, c, d), abs=1e-12)


def _by_hand(a, b, c, d):
    """The mean of the differences of the strata, weighted by ``n1 n0 / n``."""
    weights, differences = [], []
    for one in zip(a.tolist(), b.tolist(), c.tolist(), d.tolist(), strict=True):
        inside, outside = one[0] + one[2], one[1] + one[3]
        if inside and outside:
            weights.append(inside * outside / (inside + outside))
            differences.append(one[0] / inside - one[1] / outside)
    return float(np.average(differences, weights=weights)) if weights else 0.0


def test_chance_turns_nothing_round():
    """Independent columns, and a label and a group that follow the third column but not each other."""
    alarms = [0, 0]
    number = np.arange(800)
    for seed in range(200):
        draws = Draws(seed)
        label, group, third, a, b = (
            draws.stream(name).below(3, number) for name in ("label", "group", "third", "a", "b")
        )
        alarms[0] += any(strata.reversals(strata.crosstab([label, group, third], (3, 3, 3))))
        follows = [np.where(mine > 0, third, column) for mine, column in ((a, label), (b, group))]
        alarms[1] += any(strata.reversals(strata.crosstab([*follows, third], (3, 3, 3))))
    assert alarms[0] == 0
    assert alarms[1] <= 3 * 200 * strata.ALPHA


def test_more_comparisons_ask_for_more():
    (one,) = strata.reversals(10 * KIDNEY)
    assert not list(strata.reversals(10 * KIDNEY, tested=int(strata.ALPHA / one.p) + 1))
    assert strata.comparisons(KIDNEY) == 1
    assert strata.comparisons(np.zeros((3, 2, 5))) == 3
