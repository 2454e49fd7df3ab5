"""Comparison with reference rows: what the reference says, how sure one can be, and when nothing can be said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv
from scipy import stats

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_compare import fairloom_metrics, label_shares, lengths


def tools(**references):
    opened = {name: (lambda table=table: table) for name, table in references.items()}
    return Tools(task=Task(), factors={}, draws=Draws(1), open_path=Path, references=opened)


def measured(module, config, columns, reference, size=10**9):
    metric = module.build(config, tools(real=pa.table(reference)))
    rows = pa.RecordBatch.from_pydict(columns)
    for start in range(0, max(rows.num_rows, 1), size):
        metric.observe(rows.slice(start, size))
    return metric.result()


def shares(columns, reference, **config):
    return measured(label_shares, label_shares.LabelShares(against="real", **config), columns, reference)


def sized(counts):
    return pa.array([" ".join(["w"] * int(count)) for count in counts])


def compared(ours, theirs, size=10**9, **config):
    config = lengths.Lengths(against="real", **config)
    return measured(lengths, config, {"text": sized(ours)}, {"text": sized(theirs)}, size)


def test_label_shares():
    found = shares({"label": ["x"] * 30 + ["y"] * 70 + [None]}, {"label": ["x"] * 50 + ["y"] * 40 + ["z"] * 10})
    assert found.value == found.values["tv"] == pytest.approx(0.3)
    p, q = np.array([30.5, 70.5, 0.5]) / 101.5, np.array([50.5, 40.5, 10.5]) / 101.5
    assert found.values["psi"] == pytest.approx(float(((p - q) * np.log(p / q)).sum()))
    assert found.values["psi_expected"] == pytest.approx(2 * (1 / 100 + 1 / 100))
    assert found.values["psi_95"] == pytest.approx(stats.chi2.isf(0.05, 2) / 50)
    assert (found.n, found.values["n_reference"]) == (100, 100)
    assert found.detail["only_there"] == ["z"]
    assert found.detail["only_here"] == []


def test_equal_shares_are_no_distance_apart():
    found = shares({"label": pa.array(["x", "y"] * 9).dictionary_encode()}, {"label": ["y", "x"] * 40})
    assert found.value == 0


@pytest.mark.parametrize(
    ("columns", "reference", "why"),
    [
        (
            {"label": ["lost"]},
            {"label": ["card_lost"]},
            "no label occurs both here (lost) and in reference 'real' (card_lost)",
        ),
        (
            {"label": ["lost"]},
            {"category": ["lost"]},
            "reference 'real' has no column 'label' (it has category); map it in columns",
        ),
        ({"other": ["lost"]}, {"label": ["lost"]}, "the data have no column 'label'"),
        ({"label": pa.array([], pa.string())}, {"label": ["x"]}, "no row has a label"),
        ({"label": ["x"]}, {"label": pa.array([None], pa.string())}, "no row of reference 'real' has a label"),
    ],
)
def test_labels_that_cannot_be_compared(columns, reference, why):
    found = shares(columns, reference)
    assert (found.value, found.why) == (None, why)


def test_lengths_of_one_distribution_stay_near_their_expectation():
    draws = Draws(11)
    counts = 5 + draws.below(40, np.arange(4000), slot=0) + draws.below(40, np.arange(4000), slot=1)
    found = compared(counts[:2000], counts[2000:])
    assert found.value < 3 * found.values["expected"]
    assert found.values["expected"] == pytest.approx(9 / 2 * (1 / 2000 + 1 / 2000))
    assert found.values["chance_95"] == pytest.approx(stats.chi2.isf(0.05, 9) / 2 * (1 / 1000))
    assert len(found.detail["edges"]) == 9
    assert sum(found.detail["counts"]) == sum(found.detail["counts_reference"]) == 2000
    assert found.detail["verdict"] == "no difference found"
    assert compared(counts[:2000], counts[2000:], size=300) == found


def test_lengths_follow_their_definition():
    ours, theirs = np.arange(1, 101).repeat(20), np.arange(1, 201).repeat(20)
    found = compared(ours, theirs)
    p = (np.array([20] * 5 + [0] * 5) * 20 + 0.5) / (2000 + 5)
    q = (np.array([20] * 10) * 20 + 0.5) / (4000 + 5)
    assert found.value == pytest.approx(stats.entropy(p, q))
    assert found.values["kl_reverse"] == pytest.approx(stats.entropy(q, p))
    assert found.values["mean"] == pytest.approx(50.5)
    assert found.detail["verdict"] == "different"


@pytest.mark.parametrize(("ours", "theirs"), [(3, 5), (9, 5)])
def test_lengths_outside_a_constant_reference_are_seen(ours, theirs):
    found = compared([ours] * 500, [theirs] * 500)
    assert found.value > 1
    assert compared([theirs] * 500, [theirs] * 500).value == pytest.approx(0)


def test_few_rows_leave_the_question_open():
    found = compared(range(1, 51), range(1, 51))
    assert found.value is None
    assert found.values["kl"] == pytest.approx(0)
    assert found.detail["verdict"] == "undecided"
    assert found.why == (
        "undecided: with 50 rows against 50 a divergence up to 0.338 may be chance, more than the "
        "resolution of 0.1; compare more rows or raise resolution"
    )
    assert compared(range(1, 51), range(1, 51), resolution=0.5).value == pytest.approx(0)


def test_characters_and_missing_columns():
    reference = {"text": ["é" * 5] * 900 + [None]}
    config = lengths.Lengths(against="real", unit="characters")
    assert measured(lengths, config, {"text": ["abcde"] * 900}, reference).value == pytest.approx(0)
    found = measured(lengths, config, {"text": ["a"]}, {"body": ["a"]})
    assert found.why == "reference 'real' has no column 'text' (it has body); map it in columns"
    found = measured(lengths, config, {"text": ["a"]}, {"text": pa.array([None], pa.string())})
    assert found.why == "no row of reference 'real' has a text in 'text'"
    found = measured(lengths, config, {"text": pa.array([], pa.string())}, {"text": ["a"]})
    assert found.why == "no row of the data has a text in 'text'"


def test_real_against_real(shared):
    parts = [csv.read_csv(shared / "seed-banking77" / f"{part}.csv") for part in ("train", "test")]
    train, test = (part.rename_columns(["text", "label"]).combine_chunks() for part in parts)
    found = measured(lengths, lengths.Lengths(against="real"), test.to_pydict(), train)
    assert found.value < 0.02
    assert found.values["n_reference"] == 10003
    labels = shares(test.to_pydict(), train)
    assert labels.n == 3080
    assert 0.05 < labels.value < 0.2  # the test part has 40 rows of each label, the training part has not


@pytest.mark.parametrize(
    ("module", "config", "message"),
    [
        (
            label_shares,
            label_shares.LabelShares(against="rael"),
            "against: the recipe has no reference 'rael'; did you mean 'real'?",
        ),
        (
            lengths,
            lengths.Lengths(against="real", field="txt"),
            "field: the task has no field 'txt'; did you mean 'text'?",
        ),
        (
            lengths,
            lengths.Lengths(against="real", resolution=0.0),
            "resolution: resolution is above 0, got 0",
        ),
    ],
)
def test_settings_that_make_no_sense(module, config, message):
    with pytest.raises(RecipeError) as caught:
        module.build(config, tools(real=pa.table({})))
    assert str(caught.value) == message


def test_no_reference_at_all():
    with pytest.raises(RecipeError, match=r"against: the recipe has no reference 'real'; add \[reference.real\]"):
        label_shares.build(label_shares.LabelShares(against="real"), tools())


def test_descriptors():
    assert [(metric.name, metric.needs) for metric in fairloom_metrics()] == [
        ("label_shares", ("reference",)),
        ("lengths", ("reference",)),
        ("vocabulary", ("reference",)),
        ("psi", ("reference",)),
        ("joint", ("reference",)),
    ]
