"""Template syntax, wrongly decoded characters and values that are none are counted, and clean texts raise no alarm."""

from __future__ import annotations

import pyarrow as pa
import pytest

import fairloom as fl
from fairloom.traces import DAMAGED
from fairloom_lint.marks import BRACES, MISSING, Marks


def measured(pattern, *texts):
    marks = Marks(("text",), pattern, slots=False)
    marks.observe(pa.RecordBatch.from_pydict({"text": list(texts)}))
    return marks.result()


@pytest.mark.parametrize(
    "text", ["a {{ b }}", "a {{NAME1]}", "{name} came", "{% if x %}", "{# note #}", "{street.name}"]
)
def test_braces_are_found(text):
    assert measured(BRACES, text).value == 1


@pytest.mark.parametrize("text", ["a set {1, 2}", "x = {}", "f(x) = {x : x > 0}", "\\frac{1}{2}", "100% }", "{ a }"])
def test_braces_of_other_use_are_left_alone(text):
    assert measured(BRACES, text).value == 0


@pytest.mark.parametrize("table", ["cp1252", "cp1255", "cp1250", "cp1253", "latin-1"])
@pytest.mark.parametrize("text", ["well \u2013 known", "it\u2019s", "\u201ctrue\u201d"])
def test_dashes_and_quotes_read_by_a_wrong_table_are_found(table, text):
    assert measured(DAMAGED, text.encode().decode(table, errors="replace")).value == 1


@pytest.mark.parametrize("text", ["caf\u00e9", "na\u00efve", "stra\u00dfe", "\u00e0 la carte"])
@pytest.mark.parametrize("table", ["cp1252", "latin-1"])
def test_letters_read_by_a_wrong_table_are_found(table, text):
    assert measured(DAMAGED, text.encode().decode(table, errors="replace")).value == 1


@pytest.mark.parametrize(
    "text",
    [
        "caf\u00e9, na\u00efve, stra\u00dfe, \u00c5berg, \u0160koda",
        "20\u20ac, \u20ac\u00a020, 20 \u20ac \u2013 cheap",
        "\u00bfqu\u00e9? \u00bd litre",
        "\u05d2\u05df \u05d2\u05d3\u05d5\u05dc",
        "\u0391\u039d\u0394\u03a1\u0395\u0391\u03a3",
        "SAO PAULO, S\u00c3O",
    ],
)
def test_real_letters_are_left_alone(text):
    assert measured(DAMAGED, text).value == 0


def test_values_that_are_none_are_found_in_spans(tmp_path):
    (tmp_path / "recipe.toml").write_text(
        """
[recipe]
name = "places"
[task]
kind = "text"
[factors.template]
values = [{ text = "My nan lives in {{ city }}." }]
[factors.city]
values = ["Oslo", "nan", "None", "Nantes", "N/A"]
[design]
use = "design.factorial"
[[step]]
generate = "template"
[[gate]]
metric = "lint.missing"
max = 0
on_fail = "warn"
""",
        encoding="utf-8",
    )
    gate = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "out").gates[0]
    assert (gate.value, gate.status) == (3, "failed")
    assert gate.detail["found"] == {"N/A": 1, "None": 1, "nan": 1}


def test_missing_is_the_whole_value():
    assert measured(MISSING, "nan", "nana", "none of them").value == 1


def test_a_field_that_is_not_there_is_said():
    marks = Marks(("answer",), BRACES, slots=False)
    marks.observe(pa.RecordBatch.from_pydict({"text": ["a"]}))
    assert marks.result().why == "the rows have no text field 'answer'"
