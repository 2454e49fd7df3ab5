"""Verbs agree with a pronoun by a form of its own, or by a rule that reads its number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fairloom.problems import RecipeError
from fairloom_entities.pronouns import Pronouns
from fairloom_template.settings import SurfaceRule

SETS = [
    {**row, "number": "plural" if row["are"] == "are" else "singular"} for row in Pronouns(new=True).table().to_pylist()
]
SUBJECT = {"verbs": SurfaceRule(only=("p.they",), number="p.number")}


def said(loom: Callable[..., Any], template: str, sets: list[dict[str, str]], **settings: Any) -> list[str]:
    """The texts for every set."""
    made = loom([template], {"p": sets}, **settings)
    return [row["text"] for row in made.rows(template=[0], p=list(range(len(sets))))]


@pytest.mark.parametrize("rules", [("verbs",), SUBJECT])
def test_every_pronoun_set_agrees_as_its_linked_forms_do(loom: Callable[..., Any], rules: Any) -> None:
    assert [row["they"] for row in SETS] == ["she", "he", "they", "xe", "ze", "ey"]
    linked = (
        "{{ p.they|capitalize }} {{ p.were }} late; {{ p.they }} {{ p.have }} time, {{ p.they }} {{ p.do }} not mind."
    )
    ruled = "{{ p.they|capitalize }} was late; {{ p.they }} has time, {{ p.they }} does not mind."
    texts = said(loom, ruled, SETS, surface=rules)
    assert texts == said(loom, linked, SETS)
    assert texts[2] == "They were late; they have time, they do not mind."


def test_the_number_decides_for_words_that_no_list_knows(loom: Callable[..., Any]) -> None:
    sets = [
        {"they": "ey", "them": "em", "number": "plural"},
        {"they": "the Smiths", "them": "them", "number": "plural"},
        {"they": "Ann", "them": "her", "number": "singular"},
    ]
    template = "So {{ p.they }} was there, and one of {{ p.them }} was late; was {{ p.they }} asked? Ey is."
    assert said(loom, template, sets, surface=SUBJECT) == [
        "So ey were there, and one of em was late; were ey asked? Ey is.",
        "So the Smiths were there, and one of them was late; was the Smiths asked? Ey is.",
        "So Ann was there, and one of her was late; was Ann asked? Ey is.",
    ]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (SurfaceRule(number="p.number"), "goes with `only`"),
        (SurfaceRule(only=("p.they",), number="p.numbr"), "there is no attribute 'p.numbr'"),
        (SurfaceRule(only=("p.they", "x"), number="p.number"), "the rule is for the slot 'x' too"),
        (SurfaceRule(only=("p.they",), number="p.both"), "says both of 'you'"),
    ],
)
def test_a_number_that_cannot_be_read_is_refused(loom: Callable[..., Any], rule: SurfaceRule, words: str) -> None:
    sets = [
        {"name": "1", "they": "you", "number": "plural", "both": "plural"},
        {"name": "2", "they": "You", "number": "plural", "both": "singular"},
    ]
    with pytest.raises(RecipeError, match=words):
        loom(["{{ p.they }} was {{ x }}"], {"p": sets, "x": ["late"]}, surface={"verbs": rule})


def test_number_belongs_to_verbs(loom: Callable[..., Any]) -> None:
    rule = {"articles": SurfaceRule(only=("p.they",), number="p.number")}
    with pytest.raises(RecipeError, match="only the rule 'verbs' has 'number'"):
        loom(["{{ p.they }}"], {"p": SETS}, surface=rule)


def test_a_verb_between_two_pronouns_is_changed_once(loom: Callable[..., Any]) -> None:
    assert said(loom, "{{ p.they }} was {{ p.they }}", [{"they": "they"}], surface=("verbs",)) == ["they were they"]
