"""The metric `balance.minimal_pairs`: rows of a family differ only in the spans of what varies inside it."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import attrs
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import NAMES, SPANS
from fairloom.components import Tools
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.testing import sample_tools
from fairloom_balance.minimal_pairs import MinimalPairs, build

Piece = tuple[str, str | None]
"""A text, and the slot it came from, if any."""


def tools(*within: str) -> Tools:
    """Factors `gender` and `tone`, within families if named, and `city`."""
    base = sample_tools()
    made = {
        name: Factor(
            name, "nuisance", pa.table({"name": list("ab"), "they": list("ab")}), ("a", "b"), within=name in within
        )
        for name in ("gender", "tone", "city")
    }
    return attrs.evolve(base, factors={**base.factors, **made})


def batch(rows: list[tuple[int, str, str, list[Piece]]]) -> pa.RecordBatch:
    """Rows of (family, gender, tone, pieces)."""
    texts, spans = [], []
    for _, _, _, pieces in rows:
        text, mine = "", []
        for piece, slot in pieces:
            if slot and piece:
                mine.append({"start": len(text), "end": len(text) + len(piece), "slot": slot, "value": piece})
            text += piece
        texts.append(text)
        spans.append(mine)
    columns = {
        "id": pa.array([f"r{number}" for number in range(len(rows))]),
        "family": pa.array([row[0] for row in rows], pa.int64()),
        "gender": pa.array([row[1] for row in rows]).dictionary_encode().cast(NAMES),
        "tone": pa.array([row[2] for row in rows]).dictionary_encode().cast(NAMES),
        "text": pa.array(texts, pa.string()),
        "text.spans": pa.array(spans, SPANS),
    }
    return pa.RecordBatch.from_pydict(columns)


def measured(rows: list[tuple[int, str, str, list[Piece]]], *cuts: int, **config: Any) -> Any:
    metric = build(MinimalPairs(**config), tools("gender", "tone"))
    whole = batch(rows)
    for start, stop in zip((0, *cuts), (*cuts, whole.num_rows), strict=True):
        metric.observe(whole.slice(start, stop - start))
    return metric.result()


GOOD: list[tuple[int, str, str, list[Piece]]] = [
    (0, "a", "a", [("Zoë says ", None), ("she", "gender.they"), (" is ", None), ("", "tone"), ("in.", None)]),
    (0, "b", "a", [("Zoë says ", None), ("他们", "gender.they"), (" is ", None), ("not ", "tone"), ("in.", None)]),
]


def test_differences_in_spans_of_within_factors_are_what_was_asked_for() -> None:
    found = measured(GOOD)
    assert found.value == 0
    assert found.values == {"families": 1.0, "broken": 0.0}


def test_a_difference_elsewhere_is_found_and_shown() -> None:
    bad = [
        (1, "a", "a", [("He", "gender"), (" is lazy.", None)]),
        (1, "b", "a", [("She", "gender"), (" is late.", None)]),
    ]
    found = measured([*GOOD, *bad])
    assert found.value == 0.5
    factors = {entry["factor"]: entry for entry in found.detail["factors"]}
    assert factors["tone"]["broken"] == 0
    (shown,) = factors["gender"]["examples"]
    assert shown == {
        "family": 1,
        "rows": ["r2", "r3"],
        "gender": ["a", "b"],
        "field": "text",
        "differ": ["zy", "te"],
    }


def test_a_span_of_another_factor_may_differ_only_if_allowed() -> None:
    rows: list[tuple[int, str, str, list[Piece]]] = [
        (0, "a", "a", [("In ", None), ("Lyon", "city.name")]),
        (0, "b", "a", [("In ", None), ("Oslo", "city.name")]),
    ]
    assert measured(rows).value == 1
    assert measured(rows, allow=("city",)).value == 0
    assert measured(rows, allow=("city.name",)).value == 0
    assert measured(rows, allow=("city.they",)).value == 1


def test_over_compares_the_variants_of_one_factor_alone() -> None:
    rows: list[tuple[int, str, str, list[Piece]]] = [
        (
            0,
            gender,
            tone,
            [("He" if gender == "a" else "She", "gender"), (" is in", None), ("!" if tone == "b" else ".", None)],
        )
        for gender in "ab"
        for tone in "ab"
    ]
    assert measured(rows).value == 1
    assert measured(rows, over=("gender",)).value == 0
    assert measured(rows, over=("tone",)).value == 1


def reference(rows: list[tuple[int, str, str, list[Piece]]], allowed: set[str]) -> float:
    """Family by family, piece by piece."""
    broken = families = 0
    for _, group in groupby(rows, lambda row: row[0]):
        said = {"".join(p for p, slot in row[3] if not slot or slot.split(".")[0] not in allowed) for row in group}
        families += 1
        broken += len(said) > 1
    return broken / families


PIECES = st.lists(
    st.tuples(
        st.sampled_from(["", "a", "é", "李", " not", "x y"]), st.sampled_from([None, "gender", "tone.they", "city"])
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(
    families=st.lists(
        st.lists(st.one_of(st.just([("same", None)]), PIECES), min_size=1, max_size=4), min_size=1, max_size=6
    ),
    cuts=st.lists(st.integers(0, 24), max_size=3),
    over=st.sampled_from([(), ("gender", "tone")]),
)
def test_it_is_the_reference_wherever_batches_end(families: Any, cuts: list[int], over: tuple[str, ...]) -> None:
    rows = [
        (number, "ab"[place % 2], "ab"[place // 2], pieces)
        for number, family in enumerate(families)
        for place, pieces in enumerate(family)
    ]
    found = measured(rows, *sorted(min(cut, len(rows)) for cut in cuts), over=over)
    assert found.value == pytest.approx(reference(rows, {"gender", "tone"}))
    assert found.values["families"] == len(families)
    assert found.n == len(rows)


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(RecipeError, match="no factor varies inside families"):
        build(MinimalPairs(), tools())
    with pytest.raises(RecipeError, match="'city' does not vary inside families"):
        build(MinimalPairs(over=("city",)), tools("gender"))
    with pytest.raises(RecipeError, match="there is no factor 'town'"):
        build(MinimalPairs(allow=("town",)), tools("gender"))
    with pytest.raises(RecipeError, match="factor 'city' has no attribute 'nam'; did you mean 'name'"):
        build(MinimalPairs(allow=("city.nam",)), tools("gender"))
    with pytest.raises(RecipeError, match="the task has no field 'txt'; did you mean 'text'"):
        build(MinimalPairs(field="txt"), tools("gender"))


def test_without_rows_nothing_was_measured() -> None:
    metric = build(MinimalPairs(), tools("gender"))
    assert metric.result().value is None
