"""Edits made in all texts at once are those made one by one, and spans, refusals and lineage follow."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import SPANS
from fairloom.editing import DROPPED, KEPT, RETYPED, apply
from fairloom.edits import Edits, LabelRule, Ranges, counts, edited_share, lineage_share
from fairloom.problems import RecipeError
from fairloom_edits.sites import Sites, touching, within

LETTERS = st.text("ab é漢\U0001d49c", max_size=12)


@st.composite
def rows(draw: Any) -> tuple[str, list[tuple[int, int]], list[tuple[int, int, str]]]:
    """A text with spans that do not overlap, and edits that do not overlap."""
    text = draw(LETTERS)
    cuts = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6, unique=True)))
    spans = [(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    ends = sorted(draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edits: list[tuple[int, int, str]] = []
    for start, end in zip(ends[::2], ends[1::2], strict=False):
        if not edits or (start >= edits[-1][1] and start > edits[-1][0]):
            edits.append((start, end, draw(LETTERS)))
    return text, spans, edits


def one_by_one(text: str, edits: list[tuple[int, int, str]]) -> str:
    for start, end, new in reversed(edits):
        text = text[:start] + new + text[end:]
    return text


def led_back(text: str, made: list[dict[str, Any]]) -> str:
    for edit in reversed(made):
        assert text[edit["start"] : edit["end"]] == edit["new"]
        text = text[: edit["start"]] + edit["old"] + text[edit["end"] :]
    return text


def column(batch: list[Any]) -> tuple[pa.Array, pa.Array, Edits]:
    spans = [
        [{"start": a, "end": b, "slot": f"s{n % 2}.x", "value": text[a:b]} for n, (a, b) in enumerate(each)]
        for text, each, _ in batch
    ]
    flat = [(row, *edit) for row, (_, _, edits) in enumerate(batch) for edit in edits]
    by_column = list(zip(*flat, strict=True)) or [[], [], [], []]
    made = Edits.of(*by_column[:3], by_column[3], "rule")
    return pa.array([text for text, _, _ in batch], pa.string()), pa.array(spans, SPANS), made


@settings(max_examples=60, deadline=None)
@given(st.lists(rows(), min_size=1, max_size=5))
def test_all_at_once_is_one_by_one(batch: list[Any]) -> None:
    texts, spans, edits = column(batch)
    applied = apply(texts, spans, edits)
    assert applied.texts.to_pylist() == [one_by_one(text, made) for text, _, made in batch]
    for text, each in zip(applied.texts.to_pylist(), applied.spans.to_pylist(), strict=True):
        assert all(text[span["start"] : span["end"]] == span["value"] != "" for span in each)
    assert len(applied.fates) == sum(len(each) for _, each, _ in batch)
    assert not len(applied.refused)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows(), min_size=1, max_size=5))
def test_lineage_leads_back_and_protected_spans_stay(batch: list[Any]) -> None:
    texts, spans, edits = column(batch)
    first = apply(texts, spans, edits)
    again = Edits.of(range(len(batch)), [0] * len(batch), [0] * len(batch), ["x"] * len(batch), "again")
    second = apply(first.texts, first.spans, again, earlier=first.column)
    lineage = second.column.to_pylist()
    assert [led_back(*each) for each in zip(second.texts.to_pylist(), lineage, strict=True)] == texts.to_pylist()
    kept = apply(texts, spans, edits, Ranges.of_spans(spans, ["s0"]))
    said = [[span["value"] for span in each if span["slot"] == "s0.x"] for each in kept.spans.to_pylist()]
    assert said == [[span["value"] for span in each if span["slot"] == "s0.x"] for each in spans.to_pylist()]
    assert len(kept.made) + len(kept.refused) == len(edits)


BOUNDS = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 3)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(BOUNDS, BOUNDS)
def test_sites_touch_and_lie_in_ranges(sites: list[Any], ranges: list[Any]) -> None:
    places: list[tuple[int, int, int]] = []
    for row, start, size in sorted(set(sites)):  # no two begin at one place, and ends are in order
        if not places or ((row, start) > places[-1][:2] and (row > places[-1][0] or start + size >= places[-1][2])):
            places.append((row, start, start + size))
    one = Sites(*np.array([(*place, 0) for place in places], np.int64).reshape(-1, 4).T)
    other = Ranges(
        *np.array([(row, start, start + size + 1) for row, start, size in ranges], np.int64).reshape(-1, 3).T
    )
    spans = list(zip(other.row.tolist(), other.start.tolist(), other.end.tolist(), strict=True))
    inside = [
        any(row == own and start + (a == b) <= a and b <= end - (a == b) for own, start, end in spans)
        for row, a, b in places
    ]
    assert within(one, other).tolist() == inside
    for borders in (True, False):
        touched = [
            any(
                row == own and ((a < end and b > start) or (borders and a == b and start <= a <= end))
                for own, start, end in spans
            )
            for row, a, b in places
        ]
        assert touching(one, other, borders=borders).tolist() == touched


def span(start: int, end: int, value: str) -> dict[str, Any]:
    return {"start": start, "end": end, "slot": "city", "value": value}


@pytest.mark.parametrize(
    ("edit", "fate", "spans"),
    [
        ((0, 2, "at"), KEPT, [span(3, 7, "Oslo")]),
        ((3, 3, "old "), KEPT, [span(7, 11, "Oslo")]),
        ((7, 7, "!"), KEPT, [span(3, 7, "Oslo")]),
        ((4, 5, "z"), RETYPED, [span(3, 7, "Ozlo")]),
        ((3, 7, "Bergen"), RETYPED, [span(3, 9, "Bergen")]),
        ((3, 7, ""), DROPPED, []),
        ((2, 4, ""), DROPPED, []),
        ((6, 9, "a"), DROPPED, []),
    ],
)
def test_what_becomes_of_a_span(edit: tuple[int, int, str], fate: int, spans: list[Any]) -> None:
    text, marked = pa.array(["in Oslo now"]), pa.array([[span(3, 7, "Oslo")]], SPANS)
    applied = apply(text, marked, Edits.of([0], [edit[0]], [edit[1]], [edit[2]], "x"))
    assert (applied.fates.tolist(), applied.spans.to_pylist()) == ([fate], [spans])


@pytest.mark.parametrize(
    ("edit", "count"),
    [
        ((3, 3, "X"), 0),
        ((3, 3, "old "), 1),
        ((7, 7, "s"), 0),
        ((7, 7, ", "), 1),
        ((2, 3, "-"), 1),
        ((2, 4, ""), 0),
        ((5, 5, " "), 0),
        ((0, 11, ""), 0),
    ],
)
def test_what_a_protected_span_refuses(edit: tuple[int, int, str], count: int) -> None:
    text, marked = pa.array(["in Oslo now"]), pa.array([[span(3, 7, "Oslo")]], SPANS)
    edits = Edits.of([0], [edit[0]], [edit[1]], [edit[2]], "x")
    assert len(apply(text, marked, edits, Ranges.of_spans(marked, ["city"])).made) == count


def test_a_group_is_refused_as_a_whole() -> None:
    text, marked = pa.array(["in Oslo now", "x"]), pa.array([[span(3, 7, "Oslo")], []], SPANS)
    edits = Edits.of([0, 0, 1], [0, 4, 0], [2, 5, 1], ["at", "z", "y"], "x", group=[7, 7, 8])
    applied = apply(text, marked, edits, Ranges.of_spans(marked, ["city"]))
    assert applied.texts.to_pylist() == ["in Oslo now", "y"]
    assert applied.refused.start.tolist() == [0, 4]


def test_missing_texts_stay_missing_and_have_no_edits() -> None:
    text, marked = pa.array([None, "ab"]), pa.array([None, []], SPANS)
    applied = apply(text, marked, Edits.of([1], [0], [1], ["x"], "r"))
    assert (applied.texts.to_pylist(), applied.spans.to_pylist()) == ([None, "xb"], [None, []])
    with pytest.raises(ValueError, match="missing"):
        apply(text, marked, Edits.of([0], [0], [0], ["x"], "r"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (([0, 0], [0, 1], [2, 3]), "overlap"),
        (([0, 0], [1, 1], [1, 2]), "begin at one place"),
        (([0], [2], [1]), "ends before it starts"),
    ],
)
def test_impossible_edits(columns: tuple[list[int], list[int], list[int]], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Edits.of(*columns, ["x"] * len(columns[0]), "r")


def test_an_edit_beyond_the_text() -> None:
    with pytest.raises(ValueError, match="beyond the text"):
        apply(pa.array(["ab"]), None, Edits.of([0], [1], [3], ["x"], "r"))


def test_measures() -> None:
    edits = Edits.of([0, 0, 2], [0, 3, 0], [1, 3, 0], ["xy", "z", "a"], "r")
    assert counts(edits, 3).tolist() == [2, 0, 1]
    texts = pa.array(["abcd", "ab", ""])
    assert edited_share(texts, edits).tolist() == [0.75, 0.0, float("inf")]
    applied = apply(texts, None, edits)
    assert lineage_share(applied.texts, applied.column).tolist() == [0.75, 0.0, float("inf")]


def test_label_rules() -> None:
    assert LabelRule(kind="FLIP", map={"a": "b"}).map == {"a": "b"}
    with pytest.raises(RecipeError, match="label rule CHK needs verifier"):
        LabelRule(kind="CHK")
    with pytest.raises(RecipeError, match="map is for label rule FLIP"):
        LabelRule(map={"a": "b"})
