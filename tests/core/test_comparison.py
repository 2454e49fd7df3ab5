"""References: shares and lengths beside other rows, and when there are too few rows to tell."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from fairloom.weaving.comparison import Comparison, expected_variation, shares


def table(labels: list[str], texts: list[str | None]) -> pa.Table:
    return pa.table({"label": pa.array(labels), "text": pa.array(texts, pa.string())})


def compared(ours: pa.Table, theirs: pa.Table) -> dict:
    comparison = Comparison("text", ("a", "b"), {"real": lambda: theirs})
    for batch in ours.to_batches(max_chunksize=7):
        comparison.observe(batch)
    return comparison.result()["real"]


def test_the_same_rows_are_no_distance_apart():
    rows = table(["a", "b"] * 200, ["one two", "one two three four"] * 200)
    found = compared(rows, rows)
    assert (found["n"], found["n_reference"]) == (400, 400)
    for part in (found["labels"], found["lengths"]):
        assert part["distance"] == 0
        assert part["verdict"] == "no difference found"
    assert found["lengths"]["mean"] == 3


def test_other_shares_and_lengths_are_told_with_their_counts():
    ours = table(["a", "b"] * 200, ["one two"] * 400)
    theirs = table(["b"] * 300 + ["c"] * 100, ["one two three four five"] * 400)
    found = compared(ours, theirs)
    assert found["labels"]["counts"] == [
        {"label": "a", "n": 200, "n_reference": 0},
        {"label": "b", "n": 200, "n_reference": 300},
        {"label": "c", "n": 0, "n_reference": 100},
    ]
    assert found["labels"]["distance"] == pytest.approx(0.5)
    assert found["labels"]["verdict"] == "different"
    assert found["lengths"]["distance"] == 1
    assert (found["lengths"]["low"], found["lengths"]["width"]) == (2, 1)
    assert found["lengths"]["counts"] == [400, 0, 0, 0]
    assert found["lengths"]["counts_reference"] == [0, 0, 0, 400]


def test_few_rows_leave_it_undecided():
    found = compared(table(["a", "b"] * 4, ["one"] * 8), table(["a"] * 8, ["one two"] * 8))
    assert found["labels"]["verdict"] == "undecided"
    assert found["lengths"]["verdict"] == "undecided"


def test_what_is_not_there_is_not_compared():
    found = compared(table(["a"], ["one"]), pa.table({"text": pa.array([None], pa.string())}))
    assert found["labels"] == {"why": "the reference 'real' has nothing in a column 'label'"}
    assert found["lengths"] == {"why": "the reference 'real' has nothing in a column 'text'"}


def test_many_lengths_share_bins_and_every_row_is_counted():
    ours = table(["a"] * 300, ["w " * length for length in range(1, 301)])
    theirs = table(["a"] * 2, ["w", "w " * 5000])
    lengths = compared(ours, theirs)["lengths"]
    assert len(lengths["counts"]) <= 40
    assert sum(lengths["counts"]) == 300
    assert sum(lengths["counts_reference"]) == 2
    assert lengths["mean_reference"] == 2500.5


def test_the_expected_distance_is_what_samples_of_one_distribution_give():
    words = np.random.default_rng(3)
    shares_ = np.array([0.5, 0.3, 0.15, 0.05])
    p, q = words.multinomial(500, shares_, 2000), words.multinomial(300, shares_, 2000)
    observed = np.abs(p / 500 - q / 300).sum(axis=1).mean() / 2
    expected = np.mean([expected_variation(a, b) for a, b in zip(p[:50].tolist(), q[:50].tolist(), strict=True)])
    assert expected == pytest.approx(observed, rel=0.03)


def test_one_label_on_both_sides_is_no_difference():
    found = shares(Counter({"a": 500}), Counter({"a": 400}))
    assert (found["distance"], found["expected"], found["verdict"]) == (0, 0, "no difference found")
