"""The token test: the published figures, planted leaks, exemptions, and no dependence on batches."""

from __future__ import annotations

import math
import re
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import csv

from fairloom.batch import NAMES, SPANS
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.task import Label, Task
from fairloom.tokens import WORDS, tokens
from fairloom.utf8 import blanked
from fairloom_shortcut import fairloom_metrics, token


def tools(**task):
    return Tools(task=Task(**task), factors={}, draws=Draws(1), open_path=Path)


def measured(rows, size=10**9, task=None, **config):
    metric = token.build(token.Token(**config), tools(**(task or {})))
    for start in range(0, max(rows.num_rows, 1), size):
        metric.observe(rows.slice(start, size))
    return metric.result()


def labelled(texts, labels, **more):
    return pa.RecordBatch.from_pydict({"text": pa.array(texts, pa.string()), "label": pa.array(labels), **more})


@pytest.mark.parametrize("size", [10**9, 301])
def test_the_published_figures_for_film_reviews(shared, size):
    options = csv.ParseOptions(delimiter="\t")
    table = csv.read_csv(shared / "seed-cad" / "sentiment" / "orig_train.tsv", parse_options=options)
    rows = table.select(["Text", "Sentiment"]).rename_columns(["text", "label"]).combine_chunks().to_batches()[0]
    found = measured(rows, size, pattern="[a-z']+", min_count=20, alpha=0.01, min_effect=0)
    assert found.n == 1707
    assert found.detail["labels"]["Positive"] == pytest.approx(0.5015, abs=5e-5)
    assert found.values["tested"] == 1254
    assert found.values["critical_z"] == pytest.approx(4.466, abs=5e-4)
    assert found.value == found.values["flagged"] == 43
    top = {line["token"]: line for line in found.detail["tokens"]}
    for word, label, z, n in (
        ("bad", "Negative", 10.56, 317),
        ("worst", "Negative", 9.36, 134),
        ("horror", "Negative", 9.32, 109),
        ("romantic", "Positive", 7.85, 62),
    ):
        assert (top[word]["label"], top[word]["n"]) == (label, n)
        assert top[word]["z"] == pytest.approx(z, abs=5e-3)
    assert found.detail["tokens"][0]["token"] == "bad"


def test_a_planted_leak_is_found_where_accuracy_would_not_see_it():
    draws = Draws(3)
    words = [f"{a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    picks = [draws.below(64, range(5000), slot=slot) for slot in range(8)]
    texts = [" ".join(words[picks[slot][row]] for slot in range(8)) for row in range(5000)]
    labels = ["yes" if row % 2 else "no" for row in range(5000)]
    assert measured(labelled(texts, labels)).value == 0
    leaking = [f"{text} right away" if row % 100 == 1 else text for row, text in enumerate(texts)]  # 2 % of "yes"
    found = measured(labelled(leaking, labels))
    assert [line["token"] for line in found.detail["tokens"] if line["flagged"]] == ["away", "right"]
    assert found.detail["tokens"][0]["label"] == "yes"
    assert found.detail["tokens"][0]["z"] == pytest.approx(math.sqrt(50))
    assert found.values["max_z"] == pytest.approx(math.sqrt(50))
    assert found.values["max_effect"] == pytest.approx(0.5)
    assert measured(labelled(leaking, labels), min_effect=0.6).value == 0


def test_three_labels_are_tested_each_against_the_rest():
    texts = ["alpha common"] * 40 + ["common"] * 80
    found = measured(labelled(texts, ["x"] * 40 + ["y"] * 40 + ["z"] * 40))
    assert found.detail["tests"] == 6
    assert found.values["tested"] == 2
    assert found.detail["tokens"][0] == {
        "token": "alpha",
        "label": "x",
        "z": pytest.approx((1 - 1 / 3) / math.sqrt(1 / 3 * 2 / 3 / 40)),
        "n": 40,
        "effect": pytest.approx(2 / 3),
        "flagged": True,
    }


def test_cues_are_exempt_and_listed():
    rows = labelled(["I LOST my card"] * 50 + ["it broke"] * 50, ["lost"] * 50 + ["broken"] * 50)
    task = {
        "labels": {
            "lost": Label(definition="it is gone", cues=("Lost my", "card")),
            "broken": Label(definition="it does not work", cues=("it",)),
            "other": Label(definition="anything else"),
        }
    }
    found = measured(rows, task=task)
    assert [line["token"] for line in found.detail["tokens"]] == ["broke", "i"]
    assert found.detail["exempt"] == {"cues": {"lost": ["card", "lost", "my"], "broken": ["it"]}, "slots": []}
    assert measured(rows).value == 6


def test_tokens_of_exempt_slots_do_not_count():
    texts = ["Zoë's gold card broke", "Zoë's blue card broke"] * 40
    spans = [
        [
            {"start": 0, "end": 3, "slot": "person.given", "value": "Zoë"},
            {"start": 6, "end": 10, "slot": "product.name", "value": name},
        ]
        for name in ("gold", "blue") * 40
    ]
    rows = labelled(texts, ["a", "b"] * 40, **{"text.spans": pa.array(spans, SPANS)})
    assert measured(rows).value == 2
    for slot in ("product", "product.name"):
        found = measured(rows, exempt_slots=(slot,))
        assert found.value == 0
        assert [line["token"] for line in found.detail["tokens"]] == ["broke", "card", "zoë's"]
    assert measured(rows, exempt_slots=("prod",)).value == 2
    without = measured(rows.select(["text", "label"]), exempt_slots=("product",))
    assert (without.value, without.why) == (None, "the data have no column 'text.spans'")


def test_blanking_keeps_every_byte_in_its_place():
    spans = pa.array([[{"start": 2, "end": 4, "slot": "x", "value": "éb"}], [], None], SPANS)
    assert blanked(pa.array(["a éb.", "ü", "w"]), spans, ("x",)).to_pylist() == ["a    .", "ü", "w"]


TEXT = st.text(st.sampled_from("abZ'' -9é\u0301\u2019中\x1f\n"), max_size=10)
ASCII = st.text(st.sampled_from("abZ'' -9{`@[\n"), max_size=10)


@settings(max_examples=60, deadline=None)
@given(st.lists(TEXT, max_size=6), st.lists(ASCII, max_size=6))
def test_tokens_agree_with_python(texts, plain):
    for column in (texts, plain):
        found = tokens(pa.array(column, pa.string()), WORDS)
        wanted = [
            (row, word)
            for row, text in enumerate(column)
            for word in re.findall("[a-zé\u0301中]+(?:['\u2019][a-zé\u0301中]+)*", text.lower())
        ]
        words = [found.names[code] for code in found.codes]
        assert list(zip(found.rows.tolist(), words, strict=True)) == wanted
        assert found.names == list(dict.fromkeys(word for _, word in wanted))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.none() | st.text("ab é", max_size=6), st.sampled_from(["x", "y", "z", None])),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 7),
)
def test_counts_agree_with_a_plain_loop_whatever_the_batches(rows, size):
    batch = labelled([text for text, _ in rows], pa.array([label for _, label in rows], pa.string()))
    found = measured(batch, size, min_count=1)
    kept = [(set(re.findall("[abé]+", text)), label) for text, label in rows if text is not None and label]
    assert found.n == len(kept)
    support = Counter(word for words, _ in kept for word in words)
    if found.value is not None:
        shares = {label: n / len(kept) for label, n in Counter(label for _, label in kept).items()}
        assert found.detail["labels"] == pytest.approx(shares)
        assert found.values["tested"] == len(support)
        for line in found.detail["tokens"]:
            n, p0 = support[line["token"]], shares[line["label"]]
            share = sum(line["token"] in words and label == line["label"] for words, label in kept) / n
            assert line["n"] == n
            assert line["z"] == pytest.approx((share - p0) / math.sqrt(p0 * (1 - p0) / n), abs=1e-9)
    again = batch.set_column(1, "label", batch.column("label").dictionary_encode().cast(NAMES))
    assert measured(again, min_count=1) == found


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (labelled([], pa.array([], pa.string())), "no row has both a text and a label"),
        (labelled(["a"], pa.array([None], pa.string())), "no row has both a text and a label"),
        (labelled(["a"] * 30, ["x"] * 30), "every row has the label 'x'"),
        (
            labelled(["a", "b"], ["x", "y"]),
            "no token outside the cues occurs in 20 rows or more; lower min_count or ask for more rows",
        ),
        (pa.RecordBatch.from_pydict({"text": ["a"]}), "the data have no column 'label'"),
    ],
)
def test_what_cannot_be_tested_is_not_passed(rows, why):
    found = measured(rows)
    assert (found.value, found.why) == (None, why)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"field": "txt"}, "field: the task has no field 'txt'; did you mean 'text'?"),
        ({"pattern": "a*"}, "pattern: 'a*' also matches nothing at all, so it makes no tokens"),
        ({"pattern": "(a"}, "pattern: '(a' is not an RE2 pattern: missing ): (a"),
        ({"alpha": 1.0}, "alpha: alpha is a probability between 0 and 1, got 1.0"),
        ({"min_count": 0}, "min_count: min_count is at least 1, got 0"),
    ],
)
def test_settings_that_make_no_sense(config, message):
    with pytest.raises(RecipeError) as caught:
        token.build(token.Token(**config), tools())
    assert str(caught.value) == message


def test_descriptor():
    assert [metric.name for metric in fairloom_metrics()] == ["token", "surface"]
