"""Masked columns: slots hidden by construction, or as string replacement would have done it."""

from __future__ import annotations

from typing import Any

import pytest

from fairloom.problems import RecipeError
from fairloom_template.settings import Mask

PEOPLE = ["man", "Ada Lovelace", ""]


def masked(loom: Any, *masks: Mask, **settings: Any) -> list[str]:
    made = loom(
        ["a {{ person }} managed {{ job }}."],
        {"person": PEOPLE, "job": ["manager of man"]},
        masks={"masked": masks},
        **settings,
    )
    return [row["masked"] for row in made.rows(template=[0], person=[0, 1, 2], job=[0])]


def test_a_value_is_hidden_whole_or_by_words(loom: Any) -> None:
    whole = masked(loom, Mask(slots=("person",)))
    assert whole == [
        "a [MASK] managed manager of man.",
        "a [MASK] managed manager of man.",
        "a  managed manager of man.",
    ]
    words = masked(loom, Mask(slots=("person", "job"), each="word", token="_"))
    assert words == ["a _ managed _ _ _.", "a _ _ managed _ _ _.", "a  managed _ _ _."]


def test_masks_as_string_replacement_makes_them(loom: Any) -> None:
    assert masked(loom, Mask(slots=("person",), elsewhere="starts"))[0] == "a [MASK] [MASK]aged [MASK]ager of [MASK]."
    assert masked(loom, Mask(slots=("person",), elsewhere="words"))[0] == "a [MASK] managed manager of [MASK]."


def test_masks_see_the_text_after_surface_rules(loom: Any) -> None:
    made = masked(loom, Mask(slots=("job",)), surface=("capitals",))
    assert made[0] == "A man managed [MASK]."


def test_a_row_without_a_text_has_no_masked_text(loom: Any) -> None:
    people = [{"name": "x", "form": None}]
    made = loom(["{{ person.form }}"], {"person": people}, masks={"masked": Mask(slots=("person.form",))})
    assert made.rows(template=[0], person=[0])[0]["masked"] is None


def test_wrong_masks_are_named(loom: Any) -> None:
    with pytest.raises(RecipeError, match=r"no template has the slot 'persn'.*did you mean 'person'"):
        masked(loom, Mask(slots=("persn",)))
    with pytest.raises(RecipeError, match="the column name 'person' is taken"):
        loom(["{{ person }}"], {"person": PEOPLE}, masks={"person": Mask(slots=("person",))})
