"""Value tables of published lists: plain text, arrays, and rows grouped under the keys of objects."""

from __future__ import annotations

import pytest

import fairloom as fl
from fairloom.problems import RecipeError
from fairloom.tables import read_table


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode())
    return path


@pytest.mark.parametrize("content", ["a b\nc\n", "\ufeffa b\r\n\r\nc", "a b\n\nc\n\n"])
def test_text_has_one_value_per_line(tmp_path, content):
    assert read_table(written(tmp_path, "t.txt", content)).to_pydict() == {"value": ["a b", "c"]}


def test_only_line_feeds_end_a_line(tmp_path):
    assert read_table(written(tmp_path, "t.txt", "a\u2028b\x0bc\n")).to_pydict() == {"value": ["a\u2028b\x0bc"]}


def test_an_array_of_plain_values(tmp_path):
    assert read_table(written(tmp_path, "t.json", '["a", "b"]')).to_pydict() == {"value": ["a", "b"]}


def test_an_array_of_objects_keeps_types_and_order(tmp_path):
    table = read_table(written(tmp_path, "t.json", '[{"b": 1}, {"a": true, "b": 2}]'))
    assert table.to_pydict() == {"b": [1, 2], "a": [None, True]}


def test_a_list_is_a_row_by_position(tmp_path):
    path = written(tmp_path, "t.json", '{"f": [["cow", "cows"]], "m": [["bull", "bulls"], ["ox", "oxen"]]}')
    table = read_table(path, {"noun": "1", "plural": "2"}, ["gender"])
    assert table.to_pylist() == [
        {"noun": "cow", "plural": "cows", "gender": "f"},
        {"noun": "bull", "plural": "bulls", "gender": "m"},
        {"noun": "ox", "plural": "oxen", "gender": "m"},
    ]


def test_plain_values_among_objects_are_short_for_their_first_key(tmp_path):
    path = written(tmp_path, "t.json", '{"sea": {"deep": ["cod", {"word": "eel", "article": "an"}]}, "air": {"x": []}}')
    assert read_table(path, nest=["axis", "bucket"]).to_pylist() == [
        {"word": "cod", "axis": "sea", "bucket": "deep", "article": None},
        {"word": "eel", "axis": "sea", "bucket": "deep", "article": "an"},
    ]


def test_a_leaf_may_be_a_value_or_an_object(tmp_path):
    assert read_table(written(tmp_path, "a.json", '{"x": "1", "y": "2"}'), nest=["k"]).to_pydict() == {
        "value": ["1", "2"],
        "k": ["x", "y"],
    }
    path = written(tmp_path, "b.json", '{"I am {x}.": {}, "As {x},": {"noun": true}}')
    assert read_table(path, nest=["text"]).to_pylist() == [
        {"text": "I am {x}.", "noun": None},
        {"text": "As {x},", "noun": True},
    ]


def test_a_column_may_be_named_twice(tmp_path):
    path = written(tmp_path, "t.csv", "word,kind\ncat,noun\n")
    table = read_table(path, {"form": "word", "stem": "word"})
    assert table.to_pydict() == {"form": ["cat"], "kind": ["noun"], "stem": ["cat"]}
    assert read_table(path, {"word": "word", "copy": "word"}).column_names == ["word", "kind", "copy"]


def test_values_inside_objects_and_lists(tmp_path):
    rows = (
        '{"who": {"x": ["a", "b"]}}\n{"who": {"x": ["c"]}}\n{"who": {"x": null}}\n{"who": null}\n{"who": {"x": []}}\n'
    )
    table = read_table(written(tmp_path, "t.jsonl", rows), {"one": "who.x.0", "two": "who.x.1"})
    assert table.column_names == ["who", "one", "two"]
    assert table.select(["one", "two"]).to_pydict() == {
        "one": ["a", "c", None, None, None],
        "two": ["b", None, None, None, None],
    }


@pytest.mark.parametrize(
    ("path", "message"),
    [("who.y", "no key 'y'"), ("who.x.a", "has no 'a'"), ("what.x", "no column 'what.x'"), ("who.x.0.0", "string has")],
)
def test_a_wrong_path_is_refused(tmp_path, path, message):
    file = written(tmp_path, "t.jsonl", '{"who": {"x": ["a"]}}\n')
    with pytest.raises(RecipeError, match=message):
        read_table(file, {"it": path})


@pytest.mark.parametrize(
    ("content", "nest", "message"),
    [
        ('{"a": ["x"]}', [], r"expected an array, found an object \(a\).*nest"),
        ('{"a": ["x"]}', ["axis", "bucket"], r"nest says 'bucket' is an object of groups, found list below 'a'"),
        ('{"a": [{"axis": "x"}]}', ["axis"], "have a column 'axis' already"),
        ('{"a": 1, "a": 2}', ["axis"], "two values for 'a'"),
        ("[1, ", [], "not JSON"),
        ("[]", [], "the table is empty"),
        ('["a", 1]', [], "mixes types"),
    ],
)
def test_wrong_json_is_refused(tmp_path, content, nest, message):
    with pytest.raises(RecipeError, match=message):
        read_table(written(tmp_path, "t.json", content), nest=nest)


def test_nest_needs_a_json_file(tmp_path):
    with pytest.raises(RecipeError, match=r"only the keys of a \.json file"):
        read_table(written(tmp_path, "t.csv", "a\n1\n"), nest=["x"])


def test_nest_needs_a_file():
    data = {"recipe": {"name": "x"}, "factors": {"a": {"values": ["x"], "nest": ["k"]}}}
    with pytest.raises(RecipeError, match="goes with from only"):
        fl.Recipe.from_data(data, root=fl.__file__)


def test_a_factor_of_nested_lists(tmp_path):
    written(tmp_path, "nouns.json", '{"f": [["cow", "cows"]], "m": [["bull", "bulls"]]}')
    recipe = written(
        tmp_path,
        "recipe.toml",
        """
[recipe]
name = "nouns"
[task]
kind = "text"
[factors.template]
values = [{ text = "a {{ noun }}, two {{ noun.plural }}" }]
[factors.noun]
from = "nouns.json"
nest = ["gender"]
columns = { noun = "1", plural = "2" }
where = 'gender == "f"'
[design]
use = "design.factorial"
[[step]]
generate = "template"
""",
    )
    made = fl.Recipe.load(recipe).run(tmp_path / "out")
    assert made.table.column("text").to_pylist() == ["a cow, two cows"]


def run(tmp_path, factors):
    head = '[recipe]\nname = "x"\n[task]\nkind = "text"\n[design]\nuse = "design.factorial"\n'
    factors = f'[[step]]\ngenerate = "template"\n{factors}'
    return fl.Recipe.load(written(tmp_path, "recipe.toml", head + factors)).run(tmp_path / "out").table


def test_every_row_has_its_own_list(tmp_path):
    written(
        tmp_path, "t.csv", 'text,names\n"{{ who.names }} ran.","[Ann, Bo]"\n{{ who.names }} sat.,[Cy]\nIt rained.,\n'
    )
    factors = """
[factors.template]
from = "t.csv"
index = "place"
[factors.who]
from = "t.csv"
index = "place"
rewrite = [["names", '[\\[\\]]', '']]
split = { names = "," }
match = { place = "template.place" }
"""
    made = run(tmp_path, factors)
    assert made.column("text").to_pylist() == ["Ann ran.", "Bo ran.", "Cy sat.", "It rained."]


def test_derived_columns_stand_before_rewrite(tmp_path):
    factors = """
[factors.template]
values = [{ one = "It is late.", two = "Go." }, { one = "It is {{ c }}.", two = "Stay." }]
derive = { text = "<one>{% if c == 'wet' %} <two>{% endif %} X", fixed = "same" }
rewrite = [["text", " X$", ""]]
keep = ["fixed"]
[factors.c]
values = ["wet", "dry"]
"""
    made = run(tmp_path, factors)
    assert made.column("text").to_pylist() == ["It is late. Go.", "It is late.", "It is wet. Stay.", "It is dry."]
    assert set(made.column("template.fixed").to_pylist()) == {"same"}


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ('index = "value"', "has a column 'value' already"),
        ('derive = { value = "x" }', "has a column 'value' already"),
        ('derive = { x = "<valu>" }', "no column 'valu'"),
        ('split = { valu = "," }', "no column 'valu'"),
        ('split = { value = "" }', "nothing stands between the values"),
    ],
)
def test_wrong_keys_are_refused(tmp_path, key, message):
    with pytest.raises(RecipeError, match=message):
        run(tmp_path, f'[factors.template]\nvalues = [{{ text = "x" }}]\n[factors.a]\nvalues = ["a"]\n{key}\n')
