"""Conditions and rules: what may be said, how values compare, and what is refused."""

from __future__ import annotations

import contextlib

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.design import design_task
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.reading.expressions import ExpressionError, UnknownNameError, compile_condition
from fairloom.recipe import DesignSpec, FactorSpec
from fairloom.rules import compile_rule, rules_of

TABLE = pa.table(
    {
        "word": ["hug", "hate", "cis", ""],
        "age": ["7", "30", "", "100"],
        "count": [1, 2, None, 4],
        "flag": [True, False, None, True],
        "tags": [["a"], [], ["b"], None],
    }
)


def resolve(name, attribute):
    if attribute or name not in TABLE.column_names:
        raise UnknownNameError(f"no column {name!r}")
    return "t", TABLE.column(name).combine_chunks()


def rows(text):
    return compile_condition(text, resolve)({"t": np.arange(4)}).astype(int).tolist()


HOLDS = [
    ('word == "hug"', [1, 0, 0, 0]),
    ('word != "hug" and not word == ""', [0, 1, 1, 0]),
    ('word in ["hug", "cis"]', [1, 0, 1, 0]),
    ('word not in ["hug", "cis"]', [0, 1, 0, 1]),
    ("age > 8", [0, 1, 0, 1]),
    ("7 <= age < 100", [1, 1, 0, 0]),
    ("age in [7, 100]", [1, 0, 0, 1]),
    ("age == '7'", [1, 0, 0, 0]),
    ("count >= 2", [0, 1, 0, 1]),
    ("count > -1", [1, 1, 0, 1]),
    ("flag == True", [1, 0, 0, 1]),
    ("age > count", [1, 1, 0, 1]),
    ('word < "d"', [0, 0, 1, 1]),
    ('word == "hug" or age == 30 and count == 2', [1, 1, 0, 0]),
]


@pytest.mark.parametrize(("text", "expected"), HOLDS)
def test_what_holds(text, expected):
    assert rows(text) == expected


REFUSED = [
    ("word", "is no comparison", 1),
    ("word = 'a'", "to compare write ==", 6),
    ("len(word) > 2", "cannot be used here", 1),
    ("__import__('os').system('x') == 0", "cannot be used here", 1),
    ("word == 'hug' and wrod == 'b'", "no column 'wrod'", 19),
    ("word == 'hugg'", "no value of 'word' is 'hugg'; did you mean 'hug'?", 9),
    ("word in ['hug', 'his']", "no value of 'word' is 'his'; did you mean 'cis'?", 17),
    ("'hte' != word", "no value of 'word' is 'hte'; did you mean 'hate'?", 1),
    ("age == '07'", "no value of 'age' is '07'; did you mean '7'?", 8),
    ("word > 3", "holds 'hug'", 1),
    ("1 == 1", "two constants", 1),
    ("word in 'abc'", "must be a list of constants", 9),
    ("word in [age]", "in a list of constants", 1),
    ("word is 'a'", "only the signs", 1),
    ("tags == 'a'", "lists or tables", 1),
    ("count < 'a'", "compare it with a number", 1),
    ("(" * 900 + "word" + ")" * 900, "not a condition", None),
    ("word == 'a' " * 400, "longer than 2000", 1),
    ("word == 1 + 1", "cannot be used here", 9),
    ("lambda: 1", "is no comparison", 1),
]


@pytest.mark.parametrize(("text", "message", "column"), REFUSED)
def test_what_is_refused_and_where(text, message, column):
    with pytest.raises(ExpressionError) as caught:
        rows(text)
    fault = caught.value.faults[0]
    assert message in fault.message
    assert column is None or fault.column == column


def test_every_fault_is_found():
    with pytest.raises(ExpressionError) as caught:
        rows("a == 1 and f(b) == 2 or word == 'x' and c in ['d']")
    assert [fault.column for fault in caught.value.faults] == [1, 12, 33, 41]


@settings(max_examples=60)
@given(st.text(max_size=60))
def test_any_text_is_compiled_or_refused(text):
    with contextlib.suppress(ExpressionError):
        assert len(rows(text)) == 4


def factor(title, /, **columns):
    table = pa.table(columns)
    names = tuple(str(value) for value in next(iter(columns.values())))
    return Factor(title, "nuisance", table, names)


FACTORS = {
    "label": Factor("label", "label", pa.table({"name": ["good", "bad"]}), ("good", "bad")),
    "template": factor("template", name=["t1", "t2"], toxicity=["bad", "good"]),
    "verb": factor("verb", word=["hug", "hate"], connotation=["good", "bad"]),
    "amount": Factor("amount", "nuisance", pa.table({}), ()),
}


def test_match_becomes_a_rule_between_factors():
    specs = {
        "template": FactorSpec(from_="templates.csv", match={"toxicity": "label"}),
        "verb": FactorSpec(from_="verbs.csv", match={"connotation": "template.toxicity"}),
    }
    design = DesignSpec(require=("verb != template",), forbid=("label == 'bad' and verb.word == 'hug'",))
    rules = rules_of(design, specs, FACTORS)
    assert [rule.text for rule in rules] == [
        "template.toxicity == label",
        "verb.connotation == template.toxicity",
        "verb != template",
        "not (label == 'bad' and verb.word == 'hug')",
    ]
    assert rules[1].where == ("factors", "verb", "match", "connotation")
    levels = {"template": np.array([0, 0, 1, -1]), "verb": np.array([0, 1, 0, 1])}
    assert rules[1].keep(levels).tolist() == [False, True, True, True], "an unused factor breaks no rule"
    assert rules[3].keep({"label": np.array([1, 1, 0]), "verb": np.array([0, 1, 0])}).tolist() == [False, True, True]


def test_every_fault_of_every_rule_is_reported():
    design = DesignSpec(require=("verb.tone == 'x'", "verv == 'hug'"), forbid=("amount > 3", "bad == verb"))
    with pytest.raises(RecipeError) as caught:
        rules_of(design, {}, FACTORS)
    lines = str(caught.value).splitlines()
    assert len(lines) == 4
    assert "draws its values" in lines[0]
    assert "text is written in quotes: 'bad'" in lines[1]
    assert "no column 'tone'" in lines[2]
    assert "did you mean 'verb'" in lines[3]


def test_a_rule_with_numbers():
    people = {"a": factor("a", age=["9", "10"]), "b": factor("b", age=["9", "10"])}
    rule = compile_rule("a.age < b.age", people)
    assert rule.keep({"a": np.array([0, 1]), "b": np.array([1, 0])}).tolist() == [True, False]


def test_axes_of_a_design_are_checked_together():
    spec = DesignSpec(
        cross=("labl", "verb.tone", "amount", "template"),
        independent=(("label", "verb.word", "nobody"),),
        within=("template", "verb.word"),
    )
    with pytest.raises(RecipeError) as caught:
        design_task(spec, FACTORS, rows=0, rules=(), uses=None, draws=Draws(1))
    said = str(caught.value)
    for part in (
        "design.cross[0]: no factor 'labl'; did you mean 'label'?",
        "design.cross[1]: 'verb' has no column 'tone'",
        "design.cross[2]: factor 'amount' draws its values",
        "design.independent[0][2]: no factor 'nobody'",
        "design.within[0]: 'template' is crossed inside every family",
        "design.within[1]: 'verb.word': a whole factor",
        "recipe.rows: needs at least 1 row",
    ):
        assert part in said


def test_a_design_task_leaves_out_factors_that_draw_values():
    task = design_task(DesignSpec(cross=("label",)), FACTORS, rows=4, rules=(), uses=None, draws=Draws(1))
    assert list(task.factors) == ["label", "template", "verb"]
