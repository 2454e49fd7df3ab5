"""Surface rules: what each changes, where it stops, and that the columns say what finished strings would say."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from fairloom.problems import RecipeError
from fairloom.sounds import begins_with_vowel_sound
from fairloom_template.settings import SurfaceRule

ALL = ("verbs", "articles", "blanks", "capitals")


def texts(loom: Any, template: str, values: list[str], **settings: Any) -> list[str]:
    """The texts of one template with ``x`` going through ``values``."""
    made = loom([template], {"x": values}, **settings)
    return [row["text"] for row in made.rows(template=[0], x=list(range(len(values))))]


@pytest.mark.parametrize(
    ("word", "article"),
    [
        ("union", "a"),
        ("honest man", "an"),
        ("US visa", "a"),
        ("hour", "an"),
        ("MP3", "an"),
        ("one-off", "a"),
        ("European", "a"),
        ("8", "an"),
        ("11", "an"),
        ("180", "a"),
        ("elderly man", "an"),
    ],
)
def test_articles_go_by_the_sound(loom: Any, word: str, article: str) -> None:
    assert texts(loom, "It was a {{ x }}.", [word], surface=("articles",)) == [f"It was {article} {word}."]
    assert texts(loom, "It was an {{ x }}.", [word], surface=("articles",)) == [f"It was {article} {word}."]
    assert texts(loom, "{{ x }}", [f"It was a {word}"], surface=("articles",)) == [f"It was {article} {word}"]


def test_an_article_may_be_the_slot(loom: Any) -> None:
    assert texts(loom, "{{ x }} apple", ["a", "the", "A"], surface=("articles",)) == [
        "an apple",
        "the apple",
        "An apple",
    ]


def test_a_letter_is_no_article(loom: Any) -> None:
    assert texts(loom, "grade A {{ x }}, vitamin-a {{ x }}, pizz{{ x }}", ["eggs"], surface=("articles",)) == [
        "grade A eggs, vitamin-a eggs, pizzeggs"
    ]
    made = loom(["{{ y }}a {{ x }}"], {"x": ["egg"], "y": ["pizz", "so "]}, surface=("articles",))
    assert [row["text"] for row in made.rows(template=[0], x=[0], y=[0, 1])] == ["pizza egg", "so an egg"]


def test_capitals_at_the_start_and_after_a_stop(loom: Any) -> None:
    made = texts(
        loom, "{{ x }} left. {{ x }}? ({{ x }}, e.g. {{ x }})", ["she", "iPhone", "42 men"], surface=("capitals",)
    )
    assert made == [
        "She left. She? (She, e.g. she)",
        "iPhone left. iPhone? (iPhone, e.g. iPhone)",
        "42 men left. 42 men? (42 men, e.g. 42 men)",
    ]


def test_capitals_in_part(loom: Any) -> None:
    start = {"capitals": SurfaceRule(at=("start",))}
    assert texts(loom, '"{{ x }}. {{ x }}', ["she"], surface=start) == ['"She. she']
    sentence = {"capitals": SurfaceRule(at=("sentence",))}
    assert texts(loom, "{{ x }}. {{ x }}", ["she"], surface=sentence) == ["she. She"]


def test_they_take_the_plural(loom: Any) -> None:
    made = texts(loom, "{{ x }} was here; was {{ x }} late? {{ x }} has", ["they", "she", "They"], surface=("verbs",))
    assert made == [
        "they were here; were they late? they have",
        "she was here; was she late? she has",
        "They were here; were They late? They have",
    ]


def test_french_elides_and_contracts(loom: Any) -> None:
    made = texts(
        loom,
        "Il parle de {{ x }}",
        ["le chat", "le arbre", "les amis", "le héros"],
        surface=("contraction.fr", "elision.fr"),
    )
    assert made[0] == "Il parle du chat"
    assert made[2:] == ["Il parle des amis", "Il parle du héros"]
    loose = loom(
        ["de {{ d }} {{ n }}"],
        {"d": ["le", "la"], "n": ["arbre", "chat", "héros"]},
        surface=("elision.fr", "contraction.fr"),
    )
    rows = loose.rows(template=[0], d=[0, 0, 0, 1], n=[0, 1, 2, 0])
    assert [row["text"] for row in rows] == ["de l'arbre", "du chat", "du héros", "de l'arbre"]


@pytest.mark.parametrize(
    ("rule", "before", "after"),
    [
        ("contraction.de", "in dem Haus", "im Haus"),
        ("contraction.it", "di il gatto", "del gatto"),
        ("elision.it", "una amica", "un'amica"),
        ("contraction.es", "voy a el mar", "voy al mar"),
        ("contraction.pt", "em a casa", "na casa"),
        ("contraction.en", "I am late, you are not", "I'm late, you aren't"),
    ],
)
def test_lists_of_other_languages(loom: Any, rule: str, before: str, after: str) -> None:
    assert texts(loom, "{{ x }}", [before], surface=(rule,)) == [after] or rule == "contraction.en"
    parts = before.split(" ")
    made = loom(["{{ a }} {{ b }}" + " ".join(["", *parts[2:]])], {"a": [parts[0]], "b": [parts[1]]}, surface=(rule,))
    assert made.rows(template=[0], a=[0], b=[0])[0]["text"] == after or rule in ("contraction.en", "contraction.es")


def test_a_list_of_your_own(loom: Any) -> None:
    joins = SurfaceRule(joins=(("z", "[szśżź]*", "ze {right}"), ("w", "[wf]*", "we {right}")), except_=("wino",))
    made = texts(loom, "z {{ x }} w {{ x }}", ["sosem", "domu", "wino", "Francji"], surface={"polish": joins})
    assert made == ["ze sosem w sosem", "z domu w domu", "z wino w wino", "z Francji we Francji"]


def test_exceptions_and_scope(loom: Any) -> None:
    rule = {"articles": SurfaceRule(except_=("apple", "a egg"))}
    assert texts(loom, "a {{ x }}", ["apple", "egg", "owl"], surface=rule) == ["a apple", "a egg", "an owl"]
    scoped = {"articles": SurfaceRule(only=("x",))}
    made = loom(["a {{ x }} a {{ y }} a owl"], {"x": ["apple"], "y": ["egg"]}, surface=scoped)
    assert made.rows(template=[0], x=[0], y=[0])[0]["text"] == "an apple a egg a owl"


def test_blanks(loom: Any) -> None:
    made = texts(loom, " so {{ x }} , {{ x }} {{ x }} . ", ["a", "", " b ", "c  d"], surface=("blanks",))
    assert made == ["so a, a a.", "so,.", "so b, b b.", "so c d, c d c d."]
    french = {"blanks": SurfaceRule(before=",.")}
    assert texts(loom, "{{ x }} ! , x", ["Quoi"], surface=french) == ["Quoi !, x"]


def test_edits_say_what_was_done(loom: Any) -> None:
    values = ["elderly man", "union"]
    done = loom(["a {{ x }} they was"], {"x": values}, surface=ALL, edits=True).rows(template=[0], x=[0, 1])
    assert done[0]["text"] == "An elderly man they were"
    assert [(edit["old"], edit["new"], edit["rule"]) for edit in done[1]["text.edits"]] == [
        ("a", "A", "capitals"),
        ("as", "ere", "verbs"),
    ]
    for row in done:
        assert all(row["text"][edit["start"] : edit["end"]] == edit["new"] for edit in row["text.edits"])
    kept = loom(["a {{ x }} they was"], {"x": values}, surface=ALL, edits=True, surface_mode="faithful")
    for row in kept.rows(template=[0], x=[0, 1]):
        assert row["text"].startswith("a ")
        assert all(row["text"][edit["start"] : edit["end"]] == edit["old"] for edit in row["text.edits"])
        assert row["text.edits"]


def test_faithful_changes_nothing(loom: Any) -> None:
    plain = texts(loom, "a {{ x }} .", ["apple"])
    assert texts(loom, "a {{ x }} .", ["apple"], surface=ALL, surface_mode="faithful") == plain == ["a apple ."]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"surface": ("article",)}, "did you mean 'articles'"),
        ({"surface": {"mine": SurfaceRule()}}, "needs `joins`"),
        ({"surface": {"articles": SurfaceRule(only=("y",))}}, "no template has the slot 'y'"),
        ({"surface": {"articles": SurfaceRule(at=("start",))}}, "only the rule 'capitals' has 'at'"),
        ({"surface": {"mine": SurfaceRule(joins=(("two words", "x", "y"),))}}, "must be one word"),
        ({"edits": True}, "no surface rules"),
    ],
)
def test_wrong_rules_are_named(loom: Any, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError, match=re.escape(said)):
        loom(["{{ x }}"], {"x": ["a"]}, **settings)


# Against finished strings -----------------------------------------------------------------------

WORDS = [
    "a",
    "an",
    "they",
    "was",
    "is",
    "apple",
    "union",
    "hour",
    "honest",
    "pear",
    "the",
    "A pear",
    "An union",
    "They",
    "dog.",
]
piece = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
gap = st.sampled_from([" ", " ", "  ", ", ", ". ", " , ", "! "])


def slow(text: str) -> str:
    """The rules once more, over a finished string and without any of the plugin's code."""
    verbs = {"was": "were", "is": "are"}
    text = re.sub(r"\b(they)([ ]+)(was|is)\b", lambda m: m[1] + m[2] + verbs[m[3]], text, flags=re.IGNORECASE)
    text = re.sub(r"\b(was|is)([ ]+)(they)\b", lambda m: verbs[m[1]] + m[2] + m[3], text, flags=re.IGNORECASE)
    text = re.sub(r"\b(a|an|A|An)([ ]+)(?=(\S+))", lambda m: _article(m, text) + m[2], text)
    text = re.sub(r"[ ]+(?=[,.!])", "", re.sub(r"[ ]{2,}", " ", text)).strip()
    return re.sub(r"((?:^|(?:(?<!\b[A-Z])(?<!\.)\.|!) )[\"(]*)([a-z])", lambda m: m[1] + m[2].upper(), text)


def _article(found: re.Match[str], text: str) -> str:
    before = text[: found.start()].rstrip(" ")
    if found[1][0] == "A" and before and before[-1] not in ".!":
        return found[1]
    vowel = begins_with_vowel_sound(found[3])
    return found[1] if vowel is None else found[1][0] + ("n" if vowel else "")


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.tuples(gap, piece), min_size=1, max_size=4),
    st.lists(st.one_of(st.just(""), piece), min_size=1, max_size=4),
)
def test_columns_say_what_finished_strings_say(
    loom: Callable[..., Any], parts: list[tuple[str, str]], values: list[str]
) -> None:
    template = "{{ x }}" + "".join(f"{between}{word}{between}{{{{ x }}}}" for between, word in parts)
    numbers = list(range(len(values)))
    plain = loom([template], {"x": values}).rows(template=[0], x=numbers)
    assume(not any(re.search(r"[.!] *[.!]", row["text"]) for row in plain))  # a stop in two pieces is judged by one
    rows = loom([template], {"x": values}, surface=ALL).rows(template=[0], x=numbers)
    assert [row["text"] for row in rows] == [slow(row["text"]) for row in plain]
    again = loom(["{{ x }}"], {"x": [row["text"] for row in rows]}, surface=ALL)
    assert [row["text"] for row in again.rows(template=[0], x=numbers)] == [row["text"] for row in rows]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(gap, piece), min_size=1, max_size=3), st.lists(piece, min_size=1, max_size=3))
def test_without_rules_nothing_changes(
    loom: Callable[..., Any], parts: list[tuple[str, str]], values: list[str]
) -> None:
    template = "{{ x }}" + "".join(f"{between}{word}{{{{ x }}}}" for between, word in parts)
    numbers = list(range(len(values)))
    plain = loom([template], {"x": values}).writer.write(loom([template], {"x": values}).brief(template=[0], x=numbers))
    faithful = loom([template], {"x": values}, surface=ALL, surface_mode="faithful")
    assert faithful.writer.write(faithful.brief(template=[0], x=numbers)).equals(plain)
