"""Tables and what they say: parity with scipy and scikit-learn, and the corners those leave open."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import special, stats
from scipy.stats.contingency import association, expected_freq
from sklearn.metrics import mutual_info_score, normalized_mutual_info_score

from fairloom import contingency as ct
from fairloom.draws import Draws

TABLES = npst.arrays(
    np.int64, st.tuples(st.integers(2, 5), st.integers(2, 6)), elements=st.integers(1, 60)
)  # no empty margin: scipy refuses those


def codes_of(table):
    rows, columns = np.indices(table.shape)
    return np.repeat(rows.ravel(), table.ravel()), np.repeat(columns.ravel(), table.ravel())


@settings(max_examples=40, deadline=None)
@given(TABLES)
def test_tests_and_measures_agree_with_the_reference_libraries(table):
    a, b = codes_of(table)
    assert (ct.crosstab(a, b, table.shape) == table).all()
    pearson = stats.chi2_contingency(table, correction=False)
    likelihood = stats.chi2_contingency(table, correction=False, lambda_="log-likelihood")
    for ours, theirs in ((ct.chi_square(table), pearson), (ct.g_test(table), likelihood)):
        assert ours.statistic == pytest.approx(theirs.statistic, abs=1e-9)
        assert ours.df == theirs.dof
        assert ours.p == pytest.approx(theirs.pvalue, rel=1e-8, abs=1e-300)
    assert ct.cramers_v(table) == pytest.approx(association(table, method="cramer", correction=False), abs=1e-12)
    assert ct.mutual_information(table) == pytest.approx(mutual_info_score(a, b), abs=1e-10)
    assert ct.normalised_mutual_information(table) == pytest.approx(normalized_mutual_info_score(a, b), abs=1e-10)
    assert np.allclose(ct.expected(table), expected_freq(table))


@settings(max_examples=60, deadline=None)
@given(st.floats(0.05, 500), st.floats(0, 2000))
def test_gamma_tail_agrees_with_scipy(a, x):
    assert ct.gamma_tail(a, x) == pytest.approx(special.gammaincc(a, x), rel=1e-9, abs=1e-13)


def test_far_tails_keep_their_digits():
    assert ct.chi_square_tail(800, 3) == pytest.approx(stats.chi2.sf(800, 3), rel=1e-9)
    assert ct.chi_square_quantile(0.05, 9) == pytest.approx(stats.chi2.isf(0.05, 9), rel=1e-9)
    assert ct.chi_square_quantile(1e-6, 1) == pytest.approx(stats.chi2.isf(1e-6, 1), rel=1e-9)


def test_bias_correction_follows_bergsma():
    table = np.array([[20, 30, 10], [25, 22, 13]])
    r, k, n = 2, 3, table.sum()
    phi = max(0, stats.chi2_contingency(table, correction=False).statistic / n - (k - 1) * (r - 1) / (n - 1))
    by_hand = math.sqrt(phi / min(k - (k - 1) ** 2 / (n - 1) - 1, r - (r - 1) ** 2 / (n - 1) - 1))
    assert ct.cramers_v(table, corrected=True) == pytest.approx(by_hand)
    assert ct.cramers_v(np.full((3, 3), 10), corrected=True) == 0


@pytest.mark.parametrize("table", [np.zeros((2, 2)), np.array([[5, 7]]), np.array([[5, 0], [3, 0]]), np.zeros((0, 0))])
def test_a_constant_column_says_nothing(table):
    assert ct.cramers_v(table) == 0
    assert ct.mutual_information(table) == 0
    assert ct.normalised_mutual_information(table) == 0
    assert ct.g_test(table) == ct.chi_square(table) == ct.Test(0.0, 0, 1.0)
    assert ct.table_permutation_p(table, Draws(1), 19) == 1


def test_levels_that_never_occur_change_nothing():
    table = np.array([[3, 9, 0], [0, 0, 0], [8, 2, 0]])
    small = np.array([[3, 9], [8, 2]])
    assert ct.cramers_v(table) == ct.cramers_v(small)
    assert ct.g_test(table) == ct.g_test(small)


def test_crosstab_leaves_unused_rows_out():
    assert ct.crosstab([0, 1, -1, 1], [1, -1, 0, 0], (2, 2)).tolist() == [[0, 1], [1, 0]]


def test_gap_takes_any_number_of_axes():
    assert ct.gap([[3, 4], [4, 0]]) == 4
    assert ct.gap(np.ones((2, 3, 4), dtype=int)) == 0
    assert ct.gap([]) == 0


def test_permutation_p_is_repeatable_calibrated_and_blind_to_row_order():
    rng = np.random.default_rng(5)
    dependent = rng.integers(0, 3, 400)
    assert ct.permutation_p(dependent, dependent, Draws(1), 99) == pytest.approx(0.01)
    found = [ct.permutation_p(rng.integers(0, 2, 60), rng.integers(0, 3, 60), Draws(k), 99) for k in range(200)]
    assert stats.kstest(found, "uniform").pvalue > 0.001
    a, b = rng.integers(0, 2, 300), rng.integers(0, 3, 300)
    order = rng.permutation(300)
    assert ct.permutation_p(a, b, Draws(9)) == ct.permutation_p(a[order], b[order], Draws(9))
    assert abs(ct.permutation_p(a, b, Draws(9), 999) - ct.g_test(ct.crosstab(a, b, (2, 3))).p) < 0.05


def test_a_balanced_table_has_a_permutation_p_of_one():
    assert ct.table_permutation_p(np.full((3, 4), 5), Draws(1)) == 1
    assert ct.permutation_p([], [], Draws(1)) == 1


def test_several_rounds_in_one_chunk_or_in_many_agree(monkeypatch):
    table = np.array([[30, 20], [18, 32]])
    whole = ct.table_permutation_p(table, Draws(3), 50)
    monkeypatch.setattr(ct, "_CHUNK", 700)
    assert ct.table_permutation_p(table, Draws(3), 50) == whole


def test_entropies():
    assert ct.effective_number([5, 5, 5, 5]) == pytest.approx(4)
    assert ct.normalised_entropy([5, 5, 0, 0]) == pytest.approx(0.5)
    assert ct.normalised_entropy([7]) == 1
    assert ct.entropy([0, 0]) == 0
    assert ct.entropy([1, 3]) == pytest.approx(stats.entropy([1, 3]))


def test_corrections_for_many_tests():
    p = [0.01, 0.04, 0.03, 0.005]
    assert ct.bonferroni(p) == pytest.approx([0.04, 0.16, 0.12, 0.02])
    assert ct.holm(p) == pytest.approx([0.03, 0.06, 0.06, 0.02])  # R: p.adjust(p, "holm")
    assert ct.holm([]).size == 0


def test_selection_rates_and_the_four_fifths_rule():
    rates = ct.selection_rates([92, 19, 0], [100, 100, 0])
    assert rates[:2].tolist() == [0.92, 0.19]
    assert math.isnan(rates[2])
    assert ct.four_fifths(rates) == pytest.approx(0.19 / 0.92)
    assert ct.four_fifths([0.5]) == 1
    assert ct.four_fifths([0.0, 0.0]) == 1
    assert ct.selection_test([92, 19], [100, 100]).p < 1e-20
    assert ct.selection_test([50, 50], [100, 100]).p == pytest.approx(1)


def test_distances_between_counts():
    ours, theirs = [30, 50, 20], [10, 60, 30]
    p, q = np.array(ours) / 100, np.array(theirs) / 100
    assert ct.total_variation(ours, theirs) == pytest.approx(0.2)
    assert ct.kl_divergence(ours, theirs, 0) == pytest.approx(stats.entropy(p, q))
    assert ct.js_divergence([1, 0], [0, 1]) == pytest.approx(1)
    assert ct.stability_index(ours, theirs, 0) == pytest.approx(float(((p - q) * np.log(p / q)).sum()))
    assert ct.kl_divergence([5, 0], [0, 5]) == pytest.approx(stats.entropy([5.5, 0.5], [0.5, 5.5]))
