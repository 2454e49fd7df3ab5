"""Counterfactual metrics against plain reckonings."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import NAMES, SPANS
from fairloom.components import Measurement
from fairloom.ngrams import CharacterModel
from fairloom.predictors import Prediction
from fairloom.testing import sample_tools
from fairloom.wording import share_changed, word_edits, words_changed
from fairloom_counterfactual import closeness, consistency, fluency

WORDS = st.lists(st.sampled_from("abcde"), max_size=12)


@attrs.frozen
class Told:
    """A predictor whose answers are written in the texts: ``0.8 good film``."""

    name: str = "told"

    def predict(self, texts: Any) -> Prediction:
        chance = np.array([float(text.split()[0]) for text in texts.to_pylist()])
        return Prediction(("bad", "good"), np.stack([1 - chance, chance], axis=1))


def measured(metric: Any, texts: list[str], labels: list[str], size: int = 2, **columns: pa.Array) -> Measurement:
    """What a metric finds in families of ``size``, fed in uneven batches."""
    rows = pa.record_batch(
        {
            "family": pa.array([number // size for number in range(len(texts))]),
            "label": pa.array(labels).dictionary_encode().cast(NAMES),
            "text": pa.array(texts),
            **columns,
        }
    )
    for start in range(0, len(texts), 3):
        metric.observe(rows.slice(start, 3))
    return metric.result()


def test_consistency_counts_flips_violations_and_whole_families() -> None:
    tools = attrs.evolve(sample_tools(), predictors={"told": Told()})
    metric = consistency.build(consistency.Consistency(model="told"), tools)
    texts = ["0.9 a", "0.2 b", "0.9 c", "0.6 d", "0.3 e", "0.7 f", "0.8 g", "0.9 h"]
    labels = ["good", "bad", "good", "bad", "bad", "bad", "good", "good"]
    found = measured(metric, texts, labels)
    assert found.value == 2 / 4
    assert found.n == 4
    assert found.values == {"accuracy": 6 / 8, "flips": 1 / 2, "towards": 1.0, "violations": 1 / 2}


def test_one_row_families_have_nothing_to_compare() -> None:
    tools = attrs.evolve(sample_tools(), predictors={"told": Told()})
    found = measured(consistency.build(consistency.Consistency(model="told"), tools), ["0.9 a"], ["good"], size=1)
    assert found.value is None


@settings(max_examples=60, deadline=None)
@given(before=WORDS, after=WORDS)
def test_words_changed_is_the_longer_text_less_the_common_subsequence(before: list[str], after: list[str]) -> None:
    table = np.zeros((len(before) + 1, len(after) + 1), int)
    for i, one in enumerate(before):
        for j, other in enumerate(after):
            table[i + 1, j + 1] = table[i, j] + 1 if one == other else max(table[i, j + 1], table[i + 1, j])
    assert words_changed(before, after) == max(len(before), len(after)) - table[-1, -1]


SENTENCES = st.lists(st.sampled_from(["not", "good", "bad,", "it's", "  ", "\n", "well-made"]), max_size=8).map(
    " ".join
)


@settings(max_examples=60, deadline=None)
@given(before=SENTENCES, after=SENTENCES, first=st.integers(0, 3))
def test_word_edits_lead_from_one_text_to_the_other(before: str, after: str, first: int) -> None:
    text = "x" * first + before
    for start, end, new in reversed(word_edits(before, after, first)):
        text = text[:start] + new + text[end:]
    assert text[first:] == after


def test_edits_are_whole_words_and_neighbours_are_one() -> None:
    assert word_edits("It was very good indeed.", "It was quite bad indeed!") == [(7, 16, "quite bad"), (23, 24, "!")]
    assert share_changed("It was very good indeed.", "It was quite bad indeed!") == 3 / 5
    assert share_changed("", "") == 0


def test_closeness_tells_changes_inside_the_factor_from_those_outside() -> None:
    texts = ["she is good", "he is good", "she is bad", "he was bad"]
    slots = [
        [{"start": 0, "end": len(text.split()[0]), "slot": "gender.they", "value": text.split()[0]}] for text in texts
    ]
    metric = attrs.evolve(closeness.build(closeness.Closeness(), sample_tools()), slots=("gender",))
    found = measured(metric, texts, ["a"] * 4, **{"text.spans": pa.array(slots, SPANS)})
    assert found.value == pytest.approx((1 / 3 + 2 / 3) / 2)
    assert found.values["inside"] == pytest.approx(2 / 3)
    assert found.values["distinct"] == 1.0
    assert found.values["commonest"] == 0.5
    assert found.detail["changes"][0] == {"removed": "she", "added": "he", "pairs": 1}


def test_a_change_is_told_in_the_order_of_the_text() -> None:
    metric = closeness.build(closeness.Closeness(), sample_tools())
    found = measured(metric, ["she and I said it was good", "they all and all of us said it was all good"], ["a"] * 2)
    assert found.detail["changes"] == [{"removed": "she I", "added": "they all all of us all", "pairs": 1}]


def test_a_text_that_stays_is_no_change() -> None:
    texts = ["it is good", "it is bad", "it is late", "it is late", "so good", "so bad"]
    found = measured(closeness.build(closeness.Closeness(), sample_tools()), texts, ["a"] * 6)
    assert (found.n, found.values["distinct"], found.values["commonest"]) == (3, 0.5, 1.0)
    assert found.detail["changes"] == [{"removed": "good", "added": "bad", "pairs": 2}]
    same = measured(closeness.build(closeness.Closeness(), sample_tools()), ["a", "a"], ["a"] * 2)
    assert (same.value, set(same.values)) == (0.0, {"median", "p95"})


def test_the_chances_of_all_continuations_sum_to_one() -> None:
    model = CharacterModel.of(pa.array(["abracadabra", "bar", "a cab"]))
    letters = [*"abrcd ", "z"]  # z stands for every character that was never seen
    for before in ("", "abra", "zz", "b"):
        bits = model.bits(pa.array([before + letter for letter in letters]))
        base = model.bits(pa.array([before]))[0] * len(before) if before else 0.0
        chances = 2.0 ** -(bits * (len(before) + 1) - base)
        assert chances.sum() == pytest.approx(1.0)


def test_broken_rows_read_stranger_than_changed_words() -> None:
    texts: list[str] = []
    broken: list[str] = []
    for number in range(40):
        word, other = ("lost", "found") if number % 3 else ("found", "lost")
        first = f"the customer {word} card number {number} on the way to the station"
        texts += [first, first.replace(word, other)]
        broken += [first, first[::-1]]
    good, bad = (
        measured(fluency.build(fluency.Fluency(), sample_tools()), each, ["a"] * 80) for each in (texts, broken)
    )
    assert good.value < 0.3
    assert bad.value > 1.0
    assert bad.values["stranger"] > 0.9
