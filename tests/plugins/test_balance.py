"""Gap and association: planted imbalance is found, balance is confirmed, batches do not matter."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats.contingency import association as scipy_association

from fairloom import contingency as ct
from fairloom.batch import NAMES
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_balance import association, fairloom_metrics, gap

LABEL = Factor("label", "label", pa.table({"name": ["x", "y", "z"]}), ("x", "y", "z"))
PERSON = Factor(
    "person",
    "protected",
    pa.table({"given": ["Anna", "Bodo", "Cy"], "gender": ["f", "m", None]}),
    ("Anna", "Bodo", "Cy"),
)


def tools(*factors, seed=1):
    named = {factor.name: factor for factor in factors}
    return Tools(task=Task(), factors=named, draws=Draws(seed), open_path=Path)


def measured(module, config, columns, *factors, size=10**9, seed=1):
    metric = module.build(config, tools(*factors, seed=seed))
    rows = columns if isinstance(columns, pa.RecordBatch) else pa.RecordBatch.from_pydict(columns)
    for start in range(0, max(rows.num_rows, 1), size):
        metric.observe(rows.slice(start, size))
    return metric.result()


def gap_of(columns, *factors, over=("a", "b"), **more):
    return measured(gap, gap.Gap(over=over), columns, *factors, **more)


def association_of(columns, *factors, size=10**9, seed=1, **config):
    config = config or {"between": ("a", "b")}
    return measured(association, association.Association(**config), columns, *factors, size=size, seed=seed)


def test_gap_over_one_and_two_columns():
    columns = {"a": list("xxxyyx"), "b": list("001111")}
    assert gap_of(columns, over=("a",)).value == 2
    found = gap_of(columns)
    assert found.value == 2
    assert found.n == 6
    assert found.values == {"max": 2, "min": 0, "combinations": 4, "empty": 1, "left_out": 0}
    assert found.detail["counts"] == [
        {"levels": ["x", "0"], "n": 2},
        {"levels": ["x", "1"], "n": 2},
        {"levels": ["y", "1"], "n": 2},
    ]


def test_a_declared_level_that_never_occurs_counts():
    columns = {"label": ["x", "y", "x", "y"]}
    assert gap_of(columns, over=("label",)).value == 0
    assert gap_of(columns, LABEL, over=("label",)).value == 2
    assert gap_of({"person.gender": ["f", "m"]}, PERSON, over=("person.gender",)).value == 0  # Cy has no gender


def test_rows_that_do_not_use_a_factor_are_left_out():
    found = gap_of({"a": ["x", None, "y", "y"], "b": ["0", "0", None, "0"]})
    assert (found.n, found.values["left_out"], found.value) == (2, 2, 0)


def test_many_columns_need_no_full_table():
    names = [f"c{n}" for n in range(12)]
    rows = {name: [f"{name}-{row % (n + 30)}" for row in range(500)] for n, name in enumerate(names)}
    found = gap_of(rows, over=tuple(names))
    assert found.value == 1
    assert len(found.detail["counts"]) == 200


VALUES = st.lists(st.tuples(st.sampled_from(["x", "y", "é", None]), st.integers(0, 3) | st.none()), max_size=40)


@settings(max_examples=50, deadline=None)
@given(VALUES, st.integers(1, 9))
def test_batches_and_layout_of_columns_change_nothing(rows, size):
    columns = pa.RecordBatch.from_pydict(
        {"a": pa.array([a for a, _ in rows], pa.string()), "b": pa.array([b for _, b in rows], pa.int64())}
    )
    found = gap_of(columns, size=size)
    counts = Counter((a, b) for a, b in rows if a is not None and b is not None)
    if not counts:
        assert found.why == "no row has 'a' and 'b'"
        return
    full = [counts[a, b] for a in {a for a, _ in counts} for b in {b for _, b in counts}]
    assert found.value == max(full) - min(full)
    assert association_of(columns, size=size) == association_of(columns)
    dictionary = pa.array(["q", "é", "y", "x"])
    codes = pa.array([None if a is None else dictionary.to_pylist().index(a) for a, _ in rows], pa.int32())
    shown = columns.set_column(0, "a", pa.DictionaryArray.from_arrays(codes, dictionary).cast(NAMES))
    assert gap_of(shown, size=size) == found
    assert association_of(shown) == association_of(columns)


def test_association_agrees_with_scipy_and_finds_the_planted_pair():
    draws = Draws(2)
    n = np.arange(600)
    label = draws.below(3, n, slot=0)
    city = draws.below(4, n, slot=1)
    tone = np.where(draws.unit(n, slot=2) < 0.3, label, draws.below(3, n, slot=3))
    columns = {name: [str(code) for code in codes] for name, codes in (("l", label), ("c", city), ("t", tone))}
    found = association_of(columns, between=("l", "c", "t"))
    table = ct.crosstab(label, tone, (3, 3))
    assert found.detail["pairs"][0]["pair"] == ["l", "t"]
    assert found.value == found.values["v"] == pytest.approx(scipy_association(table))
    assert found.values["mi"] == pytest.approx(ct.mutual_information(table))
    pairs = {tuple(pair["pair"]): pair for pair in found.detail["pairs"]}
    assert pairs["l", "t"]["p"] == pytest.approx(1 / 200)
    assert pairs["l", "t"]["p_corrected"] == pytest.approx(3 / 200)
    assert pairs["l", "c"]["p_corrected"] > 0.05
    assert found.values["p"] == pairs["l", "t"]["p_corrected"]
    assert {pair["method"] for pair in pairs.values()} == {"permutation, 199 rounds"}


def test_perfect_balance_has_no_association():
    columns = {"a": [str(n % 3) for n in range(120)], "b": [str(n % 4) for n in range(120)]}
    found = association_of(columns)
    assert found.value == pytest.approx(0, abs=1e-12)
    assert found.values["p"] == 1


def test_many_rows_are_tested_asymptotically():
    n = np.arange(ct.PERMUTED_ROWS + 1)
    columns = {"a": pa.array(Draws(4).below(2, n)), "b": pa.array(Draws(5).below(3, n))}
    found = association_of(columns)
    assert found.detail["pairs"][0]["method"] == "G-test, asymptotic"
    assert found.values["p"] == pytest.approx(ct.g_test(ct.crosstab(columns["a"], columns["b"], (2, 3))).p)


def test_many_pairs_get_more_rounds():
    config = association.Association(between=tuple("abcdefgh"))
    assert association.build(config, tools()).rounds == 20 * 28 - 1


def test_pairs_and_corrections():
    columns = {"a": list("xxyy") * 30, "b": list("xxyy") * 30, "c": list("xyxy") * 30}
    found = association_of(columns, pairs=(("a", "b"), ("b", "c")), correction="bonferroni")
    assert [pair["p_corrected"] for pair in found.detail["pairs"]] == [pytest.approx(0.01), 1]
    assert found.value == pytest.approx(1)
    assert association_of(columns, pairs=(("a", "c"),)).value == 0


def test_constant_columns_say_nothing():
    found = association_of({"a": ["x"] * 10, "b": list("01") * 5})
    assert (found.value, found.values["p"]) == (0, 1)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"a": pa.array([], pa.string()), "b": pa.array([], pa.string())}, "no row has both 'a' and 'b'"),
        ({"a": ["x", None], "b": [None, "y"]}, "no row has both 'a' and 'b'"),
        ({"a": ["x"], "bb": ["y"]}, "the data have no column 'b'; did you mean 'bb'?"),
    ],
)
def test_what_cannot_be_measured_says_why(columns, why):
    found = association_of(columns)
    assert (found.value, found.why) == (None, why)


def test_a_hidden_attribute_is_pointed_out():
    found = gap_of({"person": ["Anna"]}, PERSON, over=("person.gender",))
    assert found.why == "the data have no column 'person.gender'; add \"gender\" to factors.person.keep"


@pytest.mark.parametrize(
    ("module", "config", "message"),
    [
        (gap, gap.Gap(over=()), 'over: over names no column; write, say, over = ["label"]'),
        (gap, gap.Gap(over=("a", "a")), "over: over names a column twice: a, a"),
        (
            gap,
            gap.Gap(over=("label", "person.gendr")),
            "over[1]: factor 'person' has no attribute 'gendr'; did you mean 'gender'?",
        ),
        (
            association,
            association.Association(),
            'neither between nor pairs is given; write, say, between = ["label", "city"]',
        ),
        (
            association,
            association.Association(between=("a", "b"), pairs=(("a", "b"),)),
            'both between and pairs are given; write, say, between = ["label", "city"]',
        ),
        (
            association,
            association.Association(between=("a",)),
            "between: between needs two or more different columns, got ['a']",
        ),
        (
            association,
            association.Association(pairs=(("a", "b"), ("a", "a"))),
            "pairs[1]: a pair is two different columns, got ['a', 'a']",
        ),
        (
            association,
            association.Association(between=("a", "b"), rounds=10),
            "rounds: rounds is 10; p cannot get below 0.05 with fewer than 19",
        ),
    ],
)
def test_settings_that_make_no_sense(module, config, message):
    with pytest.raises(RecipeError) as caught:
        module.build(config, tools(PERSON))
    assert str(caught.value) == message


def test_descriptors():
    assert [metric.name for metric in fairloom_metrics()] == [
        "gap",
        "association",
        "selection",
        "roles",
        "minimal_pairs",
    ]
