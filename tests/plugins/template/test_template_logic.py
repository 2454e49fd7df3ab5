"""Conditions, loops, variables: the same spans as plain slots, and one evaluation per distinct combination."""

from __future__ import annotations

import pytest

from fairloom.problems import RunError
from fairloom_template import logic
from fairloom_template.program import Program

PEOPLE = [
    {"given": "Ann", "gender": "f", "age": 31, "pets": ["cat", "dog", "emu"], "nick": None},
    {"given": "Bo", "gender": "m", "age": 4, "pets": [], "nick": "B"},
    {"given": "Ki", "gender": "n", "age": None, "pets": None, "nick": ""},
]


def texts(rows):
    return [row["text"] for row in rows]


def spans(row):
    return [(span["slot"], span["value"], span["start"], span["end"]) for span in row["text.spans"]]


def written(loom, template, **settings):
    return loom([template], {"person": PEOPLE, "city": ["Oslo"]}, **settings).rows(
        template=[0], person=[0, 1, 2], city=[0]
    )


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "{% if person.gender == 'f' %}she{% elif person.gender == 'm' %}he{% else %}they{% endif %}",
            ["she", "he", "they"],
        ),
        ("{{ 'she' if person.gender == 'f' else 'x' }}", ["she", "x", "x"]),
        ("a{{ 'she' if person.gender == 'f' }}", ["ashe", "a", "a"]),
        ("{{ person.given if person.gender in ['f', 'n'] else city }}", ["Ann", "Oslo", "Ki"]),
        ("{{ 1 if person.gender not in ('f', 'n') and not person.given == 'x' else 2 }}", ["2", "1", "2"]),
        ("{% if person.age is none or person.age < 18 %}minor{% else %}adult{% endif %}", ["adult", "minor", "minor"]),
        ("{{ 'y' if person.age is defined and 3 < person.age <= 4 }}", ["", "y", ""]),
        ("{{ 'y' if person.gender is equalto 'm' }}", ["", "y", ""]),
        ("{{ 'y' if 'n' in person.given }}", ["y", "", ""]),
        ("{{ 'y' if 'dog' in (person.pets or []) }}", ["y", "", ""]),
        ("{{ person.nick or person.given }}", ["Ann", "B", "Ki"]),
        ("{{ person.nick|default(person.given) }}", ["Ann", "B", ""]),
        ("{{ (person.given ~ '-' ~ city)|upper }}", ["ANN-OSLO", "BO-OSLO", "KI-OSLO"]),
        (
            "{% for pet in person.pets %}{{ pet }}{{ ', ' if not loop.last }}{% else %}none{% endfor %}",
            ["cat, dog, emu", "none", "none"],
        ),
        (
            "{% for pet in person.pets if pet != 'dog' %}{{ loop.index }}/{{ loop.length }}{{ pet }}{% endfor %}",
            ["1/2cat2/2emu", "", ""],
        ),
        ("{% for a in ['x', person.given] %}{{ a|upper }}{% endfor %}", ["XANN", "XBO", "XKI"]),
        (
            "{% for a in [1, 2] %}{% for b in [person.gender] %}{{ a ~ b }}{% endfor %}{% endfor %}",
            ["1f2f", "1m2m", "1n2n"],
        ),
        ("{% set n = person.given|upper %}{{ n }}{{ n|lower }}", ["ANNann", "BObo", "KIki"]),
        (
            "{% if person.gender == 'f' %}{% set t = 'Ms' %}{% else %}{% set t = 'Mx' %}{% endif %}{{ t }}",
            ["Ms", "Mx", "Mx"],
        ),
        ("{% set t = 1 %}{% for a in [2, 3] %}{% set t = a %}{% endfor %}{{ t }}", ["1", "1", "1"]),
        ("{{ ('a' if person.gender == 'f' else person.given)|upper }}", ["A", "BO", "KI"]),
        ("{{ person.age == 4 }}{{ -1 }}", ["false-1", "true-1", "false-1"]),
    ],
)
def test_logic_writes(loom, template, expected):
    assert texts(written(loom, template)) == expected


def test_spans_go_to_what_came_from_a_slot(loom):
    template = (
        "{% set n = person.given %}{{ 'I' if city == 'Oslo' else city }} {{ n }}"
        "{% for pet in person.pets %} {{ pet|upper }}{% endfor %} {{ (n ~ '/' ~ city)|lower }}{{ city if n }}"
    )
    assert spans(written(loom, template)[0]) == [
        ("person.given", "Ann", 2, 5),
        ("person.pets", "CAT", 6, 9),
        ("person.pets", "DOG", 10, 13),
        ("person.pets", "EMU", 14, 17),
        ("person.given ~ city", "ann/oslo", 18, 26),
        ("city", "Oslo", 26, 30),
    ]


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("{{ person.nick if city == 'Oslo' }}", "missing form person.nick"),
        ("{% set x = person.nick %}{{ x }}", "missing form person.nick"),
        ("{{ (person.nick ~ 'x')|upper }}", "missing form person.nick"),
        ("{{ none }}", "missing form none"),
        ("{% if city != 'Oslo' %}{% set x = 1 %}{% endif %}{{ x }}", "missing form none"),
    ],
)
def test_a_missing_form_in_logic_leaves_the_row_unwritten(loom, template, reason):
    assert written(loom, template)[0] == {"text": None, "text.spans": None, "reason": reason}


def test_a_missing_form_that_is_not_chosen_does_no_harm(loom):
    assert texts(written(loom, "{{ person.nick if person.gender == 'm' else 'x' }}")) == ["x", "B", "x"]


def test_logic_over_drawn_values(loom):
    made = loom(["{{ amount }} {{ 'euro' if amount == 1 else 'euros' }}"], drawn=("amount",))
    rows = made.rows(template=[0], amount=[1, 2, 1, None])
    assert texts(rows) == ["1 euro", "2 euros", "1 euro", None]
    assert rows[3]["reason"] == "missing form amount"


def test_logic_in_computed_columns(loom):
    rows = written(
        loom, "x", columns={"who": "{% if person.gender == 'f' %}woman{% else %}{{ person.given }}{% endif %}"}
    )
    assert [row["who"] for row in rows] == ["woman", "Bo", "Ki"]


def test_each_distinct_combination_is_worked_out_once(loom, monkeypatch):
    people = [{"given": f"P{n}", "gender": "fm"[n % 2]} for n in range(50)]
    made = loom(
        [
            "{% if person.gender == 'f' %}Ms{% else %}Mr{% endif %} {{ person.given }} {{ city }}",
            "{{ 1 if city == 'b' }}",
        ],
        {"person": people, "city": list("abcdefgh")},
    )
    runs, run = [], Program.pieces
    monkeypatch.setattr(Program, "pieces", lambda self, scope: runs.append(self.title) or run(self, scope))
    rows = made.rows(
        template=[0] * 400 + [1] * 400, person=list(range(50)) * 16, city=[n for n in range(8) for _ in range(100)]
    )
    assert texts(rows)[51] == "Mr P1 a"
    assert sorted(runs) == ["template 't0', column 'text'"] * 2 + ["template 't1', column 'text'"] * 4


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ 1 if person.gender == 3 }}", r"compares a text with something else: person.gender \('f'\) and '3'"),
        ("{{ 1 if person.age < 'x' }}", "cannot order person.age"),
        ("{% for a in person.given %}{% endfor %}", r"person.given \('Ann'\) is not a list"),
        ("{% set x = person.pets %}{{ x }}", "person.pets is a list and cannot be written"),
        ("{{ (person.pets ~ 'x')|upper }}", "person.pets is a list and cannot be written as text"),
        ("{{ 1 if person.pets == ['a'] }}", "lists cannot be compared, only searched with `in`"),
        ("{{ person.given|replace('n', person.nick) }}", "an argument of replace is missing: person.nick"),
    ],
)
def test_logic_that_cannot_go_on_says_where_and_why(loom, template, message):
    with pytest.raises(RunError, match=f"template 't0', column 'text': {message}"):
        written(loom, template)


def test_more_combinations_than_a_number_can_count(loom, monkeypatch):
    monkeypatch.setattr(logic, "_LARGEST", 3)
    template = "{% if a == 'x' and b == 'y' and c == 'z' %}{{ a }}{% else %}{{ a ~ b|lower ~ c }}{% endif %}"
    letters = ["x", "y", "z"]
    made = loom([template, "-"], {"a": letters, "b": letters, "c": letters})
    rows = [(a, b, c) for a in range(3) for b in range(3) for c in range(3)]
    a, b, c = (list(each) for each in zip(*rows, strict=True))
    written = texts(made.rows(template=[0], a=a, b=b, c=c))
    assert written == ["x" if row == (0, 1, 2) else "".join(letters[n] for n in row) for row in rows]
