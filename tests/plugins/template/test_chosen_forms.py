"""Forms chosen by an attribute: ``noun[number]``."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from fairloom.problems import RecipeError

NOUNS = [
    {"name": "dog", "singular": "dog", "plural": "dogs"},
    {"name": "news", "singular": "news", "plural": None},
]
NUMBERS = [{"name": "one", "form": "singular"}, {"name": "two", "form": "plural"}]


def test_the_form_is_chosen_by_another_factor(loom: Any) -> None:
    made = loom(["{{ number }} {{ noun[number.form]|upper }}"], {"noun": NOUNS, "number": NUMBERS})
    rows = made.rows(template=[0], noun=[0, 0, 1, 1], number=[0, 1, 0, 1])
    assert [row["text"] for row in rows] == ["one DOG", "two DOGS", "one NEWS", None]
    assert rows[3]["reason"] == "missing form noun.plural"
    assert [span["slot"] for span in rows[1]["text.spans"]] == ["number", "noun.plural"]


def test_the_form_is_chosen_by_the_template(loom: Any) -> None:
    templates = [
        {"name": "a", "text": "one {{ noun[template.form] }}", "form": "singular"},
        {"name": "b", "text": "two {{ noun[template.form] }}", "form": "plural"},
    ]
    rows = loom(templates, {"noun": NOUNS}).rows(template=[0, 1], noun=[0])
    assert [row["text"] for row in rows] == ["one dog", "two dogs"]


def test_no_choice_is_a_missing_form(loom: Any) -> None:
    numbers = [*NUMBERS, {"name": "none", "form": None}]
    made = loom(["{{ noun[number.form] }}"], {"noun": NOUNS, "number": numbers})
    assert made.rows(template=[0], noun=[0], number=[2])[0]["reason"] == "missing form noun[number.form]"


def test_an_unknown_form_is_named_with_the_columns(loom: Any) -> None:
    numbers = [*NUMBERS, {"name": "few", "form": "plurals"}]
    with pytest.raises(
        RecipeError, match=r"asks for the form 'plurals'.*its columns: name, singular, plural.*'plural'"
    ):
        loom(["{{ noun[number.form] }}"], {"noun": NOUNS, "number": numbers})


def test_a_constant_still_names_a_column(loom: Any) -> None:
    assert loom(['{{ noun["plural"] }}'], {"noun": NOUNS}).rows(template=[0], noun=[0])[0]["text"] == "dogs"


def test_a_text_may_stand_for_a_missing_form(loom: Any) -> None:
    nouns = [{"name": "news", "plural": ""}, {"name": "dog", "plural": "dogs"}]
    made = loom(["two {{ noun.plural }}"], {"noun": nouns}, missing=("",))
    rows = made.rows(template=[0], noun=[0, 1])
    assert [row["reason"] for row in rows] == ["missing form noun.plural", None]
    assert loom(["two {{ noun.plural }}"], {"noun": nouns}).rows(template=[0], noun=[0])[0]["text"] == "two "


def test_a_form_missing_for_good_is_final(loom: Any) -> None:
    made = loom(["{{ noun.plural }} {{ amount }}"], {"noun": NOUNS}, drawn=("amount",))
    brief = made.brief(template=[0], noun=[0, 1, 0], amount=pa.array([1, 2, None]))
    written = made.writer.write(brief)
    assert written.column("reason").to_pylist() == [None, "missing form noun.plural", "missing form amount"]
    assert written.column("final").to_pylist() == [False, True, False]
