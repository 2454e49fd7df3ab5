"""Computed columns with a type, list columns, and tokens with tags."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairloom.problems import RecipeError, RunError
from fairloom_template.settings import Column, Tagging

NER = {"ner": Tagging(types={"person": "PER", "city": "LOC"})}


def test_columns_have_their_type(loom: Callable[..., Any]) -> None:
    columns = {
        "year": Column(text="19{{ n }}", type="integer"),
        "share": Column(text="0.{{ n }}", type="number"),
        "even": Column(text="{{ n in [10, 12] }}", type="boolean"),
        "plain": "{{ n }}",
    }
    made = loom(["{{ n }}"], {"n": [10, 11]}, columns=columns)
    written = made.writer.write(made.brief(template=[0], n=[0, 1]))
    assert written.schema.field("year").type == pa.int64()
    rows = written.drop_columns(["text", "text.spans", "reason"]).to_pylist()
    assert rows == [
        {"plain": "10", "year": 1910, "share": 0.1, "even": True},
        {"plain": "11", "year": 1911, "share": 0.11, "even": False},
    ]


def test_a_list_keeps_its_values_apart_whatever_is_in_them(loom: Callable[..., Any]) -> None:
    columns = {
        "options": Column(items=("{{ a }}", "not {{ a }}")),
        "sizes": Column(items=("{{ n }}", "1"), type="integer"),
    }
    made = loom(["{{ a }}"], {"a": [{"name": "x, y", "b": None}, {"name": "z", "b": "b"}], "n": [4]}, columns=columns)
    rows = made.rows(template=[0], a=[0, 1], n=[0])
    assert [row["options"] for row in rows] == [["x, y", "not x, y"], ["z", "not z"]]
    assert [row["sizes"] for row in rows] == [[4, 1], [4, 1]]
    none = loom(
        ["{{ a.b }}"], {"a": [{"name": "x", "b": None}, {"name": "z", "b": "b"}]}, columns={"o": columns["options"]}
    )
    assert [row["o"] for row in none.rows(template=[0], a=[0, 1])] == [None, ["z", "not z"]]


@pytest.mark.parametrize(
    ("kind", "text"), [("integer", "1.0"), ("integer", ""), ("number", "inf"), ("boolean", "True")]
)
def test_a_text_that_is_none_of_the_type_is_named_with_its_row(loom: Callable[..., Any], kind: str, text: str) -> None:
    made = loom(
        ["{{ n }}"],
        {"n": ["true" if kind == "boolean" else "1", text]},
        columns={"c": Column(text="{{ n }}", type=kind)},
    )
    with pytest.raises(RunError, match=f"column 'c' at address 1: '{text}' is not"):
        made.writer.write(made.brief(template=[0], n=[0, 1]))


def test_a_column_is_one_text_or_several() -> None:
    with pytest.raises(RecipeError, match="exactly one of text and items"):
        Column()
    with pytest.raises(RecipeError, match="exactly one of text and items"):
        Column(text="a", items=("b",))


def test_tags_come_from_spans(loom: Callable[..., Any]) -> None:
    people = [{"given": "Ana Mar\u00eda", "their": "her"}, {"given": "O'Neill", "their": "his"}]
    made = loom(
        ["{{ person.given }} left {{ city }}s, in {{ x }}."],
        {"person": people, "city": ["Ulm"], "x": ["May"]},
        tags=NER,
    )
    row, other = made.rows(template=[0], person=[0, 1], city=[0], x=[0])
    assert row["tokens"] == ["Ana", "Mar\u00eda", "left", "Ulms", ",", "in", "May", "."]
    assert row["ner"] == ["B-PER", "I-PER", "O", "B-LOC", "O", "O", "O", "O"]
    assert (other["tokens"][0], other["ner"][0]) == ("O'Neill", "B-PER")


def test_neighbours_of_one_type_begin_anew_and_a_slot_counts_before_its_factor(loom: Callable[..., Any]) -> None:
    tags = {"ner": Tagging(types={"person": "PER", "person.they": "PRO"}), "who": Tagging(types={"person.they": "X"})}
    made = loom(
        ["{{ person.given }} {{ person.given }} un{{ person.they }}"],
        {"person": [{"given": "Bo", "they": "he he"}]},
        tags=tags,
    )
    (row,) = made.rows(template=[0], person=[0])
    assert row["tokens"] == ["Bo", "Bo", "unhe", "he"]
    assert row["ner"] == ["B-PER", "B-PER", "O", "B-PRO"]
    assert row["who"] == ["O", "O", "O", "B-X"]


def test_rows_without_text_have_no_tags(loom: Callable[..., Any]) -> None:
    made = loom(
        ["a {{ person.b }}"],
        {"person": [{"a": "x", "b": None}, {"a": "y", "b": "z"}]},
        tags=NER | {"ner": Tagging(types={"person": "P"})},
    )
    assert [row["ner"] for row in made.rows(template=[0], person=[0, 1, 0])] == [None, ["O", "B-P"], None]


@pytest.mark.parametrize(
    ("tags", "said"),
    [
        ({"ner": Tagging(types={"persn": "PER"})}, "did you mean 'person'"),
        ({"text": Tagging(types={"person": "PER"})}, "is taken"),
        ({"ner": Tagging(types={"person": "PER"}, tokens="person")}, "is taken"),
        ({"ner": Tagging(types={"person": "PER"}, field="txt")}, "did you mean 'text'"),
    ],
)
def test_wrong_tags_are_refused(loom: Callable[..., Any], tags: Any, said: str) -> None:
    with pytest.raises(RecipeError, match=said):
        loom(["{{ person }}"], {"person": ["a"]}, tags=tags)


word = st.text("ab\u00e9\u0928\u093f1-' .,\U0001f600", max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(word, word), min_size=1, max_size=4), st.lists(word, min_size=1, max_size=3))
def test_tags_agree_with_a_walk_over_characters(
    loom: Callable[..., Any], parts: list[tuple[str, str]], values: list[str]
) -> None:
    template = "".join(f"{one}{{{{ person }}}}{other}{{{{ x }}}}" for one, other in parts)
    made = loom([template], {"person": values, "x": ["q"]}, tags={"ner": Tagging(types={"person": "P"})})
    for row in made.rows(template=[0], person=list(range(len(values))), x=[0]):
        text, tokens, found = row["text"], [], []
        spans = [(each["start"], each["end"]) for each in row["text.spans"] if each["slot"] == "person"]
        before = None
        for token in re.finditer("[\\w\u093f]+(?:[-'][\\w\u093f]+)*|[^\\w\\s\u093f]", text):
            inside = next((span for span in spans if span[0] <= token.start() < span[1]), None)
            tokens.append(token[0])
            found.append("O" if inside is None else "I-P" if inside == before else "B-P")
            before = inside
        assert (row["tokens"], row["ner"]) == (tokens, found)
