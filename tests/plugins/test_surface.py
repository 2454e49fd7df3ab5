"""The form of a text against label and groups: planted leaks are found, chance is not, and batches do not matter."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_shortcut import surface
from fairloom_shortcut.features import binned, features
from fairloom_shortcut.surface import cliffs_delta, depends


def factor(name, role, levels, **more):
    return Factor(name, role, pa.table({"name": levels, **more.pop("columns", {})}), tuple(levels), **more)


FACTORS = {
    "label": factor("label", "label", ["spam", "ham"]),
    "template": factor("template", "surface", ["t1", "t2"], match={"label": "label"}),
    "tone": factor("tone", "surface", ["dry", "warm"]),
    "person": factor("person", "protected", ["Anna", "Per"], columns={"gender": ["f", "m"]}, balance=("gender",)),
    "city": factor("city", "nuisance", ["Oslo", "Lyon"]),
}


def tools(**factors):
    return Tools(task=Task(), factors={**FACTORS, **factors}, draws=Draws(1), open_path=Path)


def rows(n=1000, **columns):
    """Independent draws, unless told otherwise; a callable gets the row numbers."""
    number = np.arange(n)
    draw = {name: Draws(7).stream(name).below(2, number) for name in ("label", "template", "tone", "gender", "city")}
    made = {
        "text": np.array(["I lost my card near the harbour.", "Did you find my key?"])[
            Draws(9).below(2, number)
        ].tolist(),
        "label": np.array(["spam", "ham"])[draw["label"]].tolist(),
        "template": np.array(["t1", "t2"])[draw["template"]].tolist(),
        "tone": np.array(["dry", "warm"])[draw["tone"]].tolist(),
        "person.gender": np.array(["f", "m"])[draw["gender"]].tolist(),
    }
    return pa.RecordBatch.from_pydict({**made, **{name: made_of(made) for name, made_of in columns.items()}})


def measured(batch, size=10**9, **config):
    metric = surface.build(surface.Surface(**config), tools())
    for start in range(0, max(1, batch.num_rows), size):
        metric.observe(batch.slice(start, size))
    return metric.result()


def significant(found):
    return {(each["feature"], each["axis"]) for each in found.detail["relations"] if each["significant"]}


def test_features_of_a_text():
    found = features(pa.array(["The Cat, a cat and 12 dogs!", "", "  été… ", "a b", "(so)"]))
    assert {name: values.tolist() for name, values in found.items()} == {
        "words": [7, 0, 1, 2, 1],
        "characters": [27, 0, 7, 3, 4],
        "punctuation": [2, 0, 1, 0, 2],
        "commas": [1, 0, 0, 0, 0],
        "capitals": [2, 0, 0, 0, 0],
        "articles": [2, 0, 0, 1, 0],
        "digits": [2, 0, 0, 0, 0],
        "typos": [0, 0, 0, 0, 0],
        "end": [1, 10, 3, 9, 8],
        "start": [0, 3, 1, 1, 3],
    }


def test_independent_columns_are_not_accused():
    found = measured(rows())
    assert found.value == 0.0
    assert found.values["significant"] == 0
    assert found.values["tested"] == 10 * 2 + 1 + 2  # template by label is matched
    assert 0 < found.values["largest_v"] < 0.1
    assert found.detail["exempt"] == ["template by label: matched in the recipe"]


def test_a_full_stop_in_one_class_is_found():
    """In every tenth text of one class the full stop is missing: length, punctuation and end all tell."""

    def text(made):
        return [
            t.rstrip(".?") if label == "spam" and place % 10 == 0 else t
            for place, (t, label) in enumerate(zip(made["text"], made["label"], strict=True))
        ]

    found = measured(rows(2000, text=text))
    assert {("end", "label"), ("punctuation", "label")} <= significant(found)
    assert all(axis == "label" for _, axis in significant(found))
    # 10 % of one half: phi = sqrt(0.05 / (2 - 0.05)) or so.
    assert found.value == pytest.approx(0.226, abs=0.03)
    assert measured(rows(2000, text=text), exempt=("end", "punctuation", "characters")).value == 0.0
    assert measured(rows(2000, text=text), exempt=("label",)).value == 0.0


def test_a_group_that_writes_longer_is_found():
    found = measured(
        rows(
            text=lambda made: [
                t + " indeed" * (g == "f") for t, g in zip(made["text"], made["person.gender"], strict=True)
            ]
        )
    )
    assert ("words", "person.gender") in significant(found)
    words = next(e for e in found.detail["relations"] if (e["feature"], e["axis"]) == ("words", "person.gender"))
    assert words["delta"] == pytest.approx(0.5, abs=0.06)  # 6 or 8 words against 5 or 7: three pairs to one
    assert found.value == pytest.approx(1.0)


def test_surface_factors_and_named_columns_are_features():
    found = measured(rows(tone=lambda made: ["dry" if x == "spam" else "warm" for x in made["label"]]))
    assert significant(found) == {("tone", "label")}
    assert found.value == pytest.approx(1.0)
    with_position = rows(position=lambda made: [len(x) % 2 for x in made["person.gender"]])
    assert measured(with_position, columns=("position",)).values["tested"] == 25


def test_what_is_kept_counts_alike_in_any_batch():
    batch = rows(300)
    assert measured(batch, size=7) == measured(batch)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"field": "txt"}, "field: the task has no field 'txt'; did you mean 'text'?"),
        (
            {"exempt": ("word",)},
            "exempt[0]: 'word' is neither a feature nor an axis that is compared; did you mean 'words'?",
        ),
        ({"axes": ("person.gendr",)}, "axes[0]: factor 'person' has no attribute 'gendr'; did you mean 'gender'?"),
        ({"bins": 1}, "bins: bins is at least 2, got 1"),
        ({"alpha": 1.0}, "alpha: alpha is a probability between 0 and 1, got 1.0"),
        (
            {"exempt": ("label", "person.gender")},
            "there is nothing to compare: no label, no protected factor, or all of it is exempt",
        ),
    ],
)
def test_settings_that_make_no_sense(config, message):
    with pytest.raises(RecipeError) as caught:
        surface.build(surface.Surface(**config), tools())
    assert str(caught.value) == message


def test_what_cannot_be_measured_is_said():
    assert measured(rows().drop_columns(["tone"])).why == "the data have no column 'tone'"
    assert measured(rows().slice(0, 0)).why == "no row has a text in 'text'"


def test_matching_reaches_through_other_factors():
    factors = {
        "label": FACTORS["label"],
        "template": FACTORS["template"],
        "verb": factor("verb", "nuisance", ["v"], match={"mood": "template.mood"}),
        "city": FACTORS["city"],
    }
    assert depends("verb", "label", factors)
    assert depends("template", "label", factors)
    assert not depends("city", "label", factors)
    assert not depends("label", "verb", factors)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=8), st.integers(2, 10))
def test_delta_and_bins_agree_with_their_definitions(counts, bins):
    a = [value for value, (first, _) in enumerate(counts) for _ in range(first)]
    b = [value for value, (_, second) in enumerate(counts) for _ in range(second)]
    wanted = sum((x > y) - (x < y) for x in a for y in b) / (len(a) * len(b)) if a and b else 0.0
    assert cliffs_delta(np.array(counts)) == pytest.approx(wanted)
    totals = np.array([max(1, sum(pair)) for pair in counts])
    which = binned(totals, bins)
    assert (np.diff(which) >= 0).all()
    assert 0 <= which.min() <= which.max() < bins


def test_typos_that_show_without_a_dictionary():
    clean = ["I lost my card, near the U.S. Bank; it cost 3.50 at 10:30.", "Well, hmm!", "A B2 room on 5th"]
    slips = ["teh hTe card", "I lost  it", "no ,thanks", "sooo late", "ca4rd"]
    assert features(pa.array(clean))["typos"].tolist() == [0, 0, 0]
    assert features(pa.array(slips))["typos"].tolist() == [1, 1, 1, 1, 1]


def test_typos_and_positions_that_follow_the_label_are_found():
    found = measured(
        rows(
            text=lambda made: ["hTe key" if label == "spam" else "the key" for label in made["label"]],
            position=lambda made: [1 if label == "spam" else 3 for label in made["label"]],
        ),
        columns=("position",),
    )
    assert {("typos", "label"), ("position", "label")} <= significant(found)
    assert not any(axis == "person.gender" for _, axis in significant(found))
    position = next(each for each in found.detail["relations"] if each["feature"] == "position")
    assert position["delta"] is not None


def test_what_stands_in_an_exempt_slot_says_nothing_and_the_slot_is_listed():
    def texts(made):
        return ["a b c" if label == "spam" else "a b" for label in made["label"]]

    def spans(made):
        return [[{"start": 2, "end": len(text), "slot": "issue", "value": text[2:]}] for text in texts(made)]

    batch = rows(text=texts, **{"text.spans": spans})
    assert ("words", "label") in significant(measured(batch))
    found = measured(batch, exempt_slots=("issue",))
    assert ("words", "label") not in significant(found)
    assert found.detail["exempt_slots"] == ["issue"]
