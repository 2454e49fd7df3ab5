"""Whole recipes: what is read, what is refused, and that nothing escapes as another exception."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.problems import Problem, RecipeError
from fairloom.reading.checks import condition_names
from fairloom.reading.inline import toml_inline
from fairloom.reading.plain import paths
from fairloom.recipe import FactorSpec, GateSpec, Recipe, StepSpec
from fairloom.task import Between, Label

VALID = {
    "recipe": {"name": "bank-intents", "version": "1.0.0", "seed": 20260411, "rows": 1200},
    "task": {
        "kind": "classification",
        "unit": "one message",
        "fields": ["text", "answer"],
        "labels": {
            "card_lost": {"definition": "the card is gone", "cues": ["lost", "stolen"]},
            "card_broken": {"definition": "the card does not work"},
        },
        "never": {"two_intents": "never two things"},
        "constraints": {"words": {"min": 4, "max": 40}, "must_not": ["pii"]},
    },
    "factors": {
        "template": {"from": "templates.toml", "role": "surface", "match": {"label": "label"}},
        "person": {"from": "people.csv", "role": "protected", "balance": ["gender", "origin"], "keep": ["given"]},
        "city": {"values": ["Lyon", "Oslo"], "key": "name", "rewrite": [["name", "y", "i"]], "columns": {"a": "b"}},
        "amount": {"sample": "values.integer", "min": 5, "max": 900},
    },
    "design": {
        "use": "design.balanced",
        "cross": ["label", "person.gender"],
        "independent": [["label", "city"], ["label", "template"]],
        "within": ["city"],
        "require": ["person.origin == city.country"],
        "forbid": ['city.name == "template.x" and not person.gender in ["a"]'],
        "attempts": 20,
        "on_shortfall": "hold",
        "strength": 2,
    },
    "step": [{"generate": "template"}, {"filter": "text.length", "name": "length", "max": 3}],
    "gate": [{"metric": "balance.gap", "over": ["label"], "max": 1}, {"metric": "balance.gap", "on_fail": "warn"}],
    "reference": {"banking77": {"read": "read.csv", "path": "train.csv", "columns": {"text": "text"}}},
    "export": {"to": "out/x", "formats": ["write.jsonl"], "split": {"train": 0.8, "test": 0.2}},
    "parts": {"rows": 100},
}
FREE = {  # keys that belong to components, and levels: any plain value may stand there
    ("factors", "city", "values", 0),
    ("factors", "city", "values", 1),
    ("factors", "amount", "min"),
    ("factors", "amount", "max"),
    ("design", "strength"),
    ("step", 1, "max"),
    ("gate", 0, "over"),
    ("gate", 0, "over", 0),
    ("reference", "banking77", "path"),
}
CLOSED = [path for path in paths(VALID) if path not in FREE]
TABLES = [
    (),
    ("recipe",),
    ("task",),
    ("task", "labels", "card_lost"),
    ("task", "constraints"),
    ("task", "constraints", "words"),
    ("factors", "city"),
    ("export",),
    ("parts",),
]


def written(tree):
    """The tree as TOML, one line per key of a section, entries of arrays of tables inline."""
    lines = [f"{toml_inline(key)} = {toml_inline(value)}" for key, value in tree.items() if not isinstance(value, dict)]
    for key, table in tree.items():
        if isinstance(table, dict):
            lines.append(f"[{key}]")
            lines += [f"{toml_inline(inner)} = {toml_inline(value)}" for inner, value in table.items()]
    return "\n".join(lines) + "\n"


def changed(path, value):
    tree = copy.deepcopy(VALID)
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    return tree


def at(tree, path):
    for key in path:
        tree = tree[key]
    return tree


def said(tree):
    with pytest.raises(RecipeError) as caught:
        Recipe.from_data(tree, Path())
    return [problem.render() for problem in caught.value.problems]


def outcome(call):
    """The recipe, or the problems there must be; any other exception passes through."""
    try:
        return call(), ()
    except RecipeError as error:
        return None, error.problems or pytest.fail("an error without a problem")


@pytest.fixture
def file(tmp_path):
    return tmp_path / "recipe.toml"


@pytest.fixture(scope="module")
def scratch(tmp_path_factory):
    return tmp_path_factory.mktemp("recipes") / "recipe.toml"


def load(path, tree):
    path.write_text(written(tree), encoding="utf-8")
    return Recipe.load(path)


# -- what is read ---------------------------------------------------------------------------------------------------


def test_a_recipe_is_read(file):
    recipe = load(file, VALID)
    assert recipe.recipe.rows == 1200
    assert recipe.task.labels["card_lost"] == Label(definition="the card is gone", cues=("lost", "stolen"))
    assert recipe.task.constraints.words == Between(min=4, max=40)
    assert recipe.factors["template"].from_ == "templates.toml"
    assert recipe.factors["city"] == FactorSpec(
        values=("Lyon", "Oslo"), key="name", rewrite=(("name", "y", "i"),), columns={"a": "b"}
    )
    assert recipe.factors["amount"].settings == {"min": 5, "max": 900}
    assert recipe.design.settings == {"strength": 2}
    assert recipe.step == (
        StepSpec(kind="generate", use="template", name="template"),
        StepSpec(kind="filter", use="text.length", name="length", settings={"max": 3}),
    )
    assert recipe.gate[0] == GateSpec(metric="balance.gap", name="balance.gap", max=1.0, settings={"over": ["label"]})
    assert recipe.gate[1].name == "balance.gap-2"
    assert recipe.export.split.shares == {"train": 0.8, "test": 0.2}
    assert (recipe.root, recipe.path) == (file.parent, file)
    assert str(recipe.origins["recipe", "name"]) == f"{file}:4"


def test_the_resolved_tree_makes_the_same_recipe(file):
    recipe = load(file, VALID)
    again = Recipe.from_data(json.loads(json.dumps(recipe.resolved)), file.parent)
    assert again == recipe
    assert again.source is None


def test_dates_survive_as_strings(file):
    file.write_text('[recipe]\nname = "x"\n[factors.day]\nvalues = [2026-04-11]\n')
    recipe = Recipe.load(file)
    assert recipe.factors["day"].values == ("2026-04-11",)
    assert Recipe.from_data(json.loads(json.dumps(recipe.resolved)), file.parent) == recipe


def test_python_data_may_hold_tuples_but_nothing_foreign():
    assert Recipe.from_data({"recipe": {"name": "x"}, "task": {"fields": ("a",)}}, Path()).task.fields == ("a",)
    assert "cannot stand in a recipe" in said({"recipe": {"name": b"x"}})[0]
    assert "finite" in said({"recipe": {"name": "x", "seed": float("inf")}})[0]
    assert "keys of a table" in said({"recipe": {3: "x"}})[0]


def test_set_and_profile_reach_the_model(file):
    file.write_text('[recipe]\nname = "x"\nrows = 5\n[profile.big.recipe]\nrows = 9\n')
    assert Recipe.load(file, profile="big").recipe.rows == 9
    assert Recipe.load(file, profile="big", set=["recipe.rows=all"]).recipe.rows == "all"


def test_the_output_folder_may_come_from_the_environment(file, monkeypatch):
    file.write_text('[recipe]\nname = "x"\n[export]\nto = { env = "FAIRLOOM_TEST_OUT", default = "out" }\n')
    monkeypatch.delenv("FAIRLOOM_TEST_OUT", raising=False)
    assert Recipe.load(file).export.to == "out"
    monkeypatch.setenv("FAIRLOOM_TEST_OUT", "there")
    recipe = Recipe.load(file)
    assert recipe.export.to == recipe.resolved["export"]["to"] == "there"


def test_problems_found_later_get_their_place(file):
    recipe = load(file, VALID)
    (placed,) = recipe.place([Problem("too small", ("step", 1, "max"))])
    assert (placed.file, placed.line) == (str(file), 1)
    assert Recipe.from_data(recipe.resolved, Path()).place([Problem("x")]) == [Problem("x")]


# -- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("recipe", "rows"), 0, "recipe.rows: must be at least 1, got 0"),
        (("recipe", "rows"), "12", "recipe.rows: must be an integer or 'all', got the string '12'"),
        (("recipe", "seed"), -1, "recipe.seed: must be at least 0, got -1"),
        (("recipe", "version"), 1.0, "recipe.version: must be a string, got the number 1.0"),
        (("recipe", "name"), " ", "recipe.name: must be text on one line, got ' '"),
        (("task", "fields"), [], "task.fields: must not be empty"),
        (("task", "fields"), ["text", "text"], "task.fields: holds 'text' twice"),
        (("task", "fields"), ["a b"], "task.fields[0]: 'a b' is no usable name"),
        (("task", "fields"), ["family"], "task.fields[0]: 'family' is a column that fairloom writes itself"),
        (("task", "fields"), ["city"], "task.fields[0]: 'city' is a factor as well"),
        (("task", "constraints", "words"), {}, "task.constraints.words: needs min, max or both"),
        (("task", "constraints", "words", "min"), 50, "task.constraints.words.max: must not be below min = 50"),
        (("factors", "city", "from"), "x.csv", "factors.city: a factor needs exactly one of"),
        (("factors", "template", "from"), "", "factors.template.from: must be text on one line"),
        (("factors", "city", "values"), [], "factors.city.values: must not be empty"),
        (("factors", "city", "wieght"), 3, "factors.city.wieght: unknown key 'wieght'"),
        (("factors", "city", "digest"), "x", "factors.city.digest: goes with from and table only"),
        (("factors", "amount", "keep"), ["x"], "factors.amount.keep: speaks of levels"),
        (("factors", "amount", "role"), "label", "factors.amount.role: a sampled factor has no levels"),
        (("factors", "label"), {"values": [1]}, "factors.label: the labels of the task are the factor 'label'"),
        (("factors", "attempt"), {"values": [1]}, "factors.attempt: 'attempt' is a column that fairloom writes"),
        (("factors", "a.b"), {"values": [1]}, "factors.a.b: 'a.b' is no usable name"),
        (("factors", "city", "rewrite"), [["a", "b"]], "factors.city.rewrite[0]: must have 3 items, got 2"),
        (("factors", "template", "match"), {"a": "persn.x"}, "factors.template.match.a: there is no factor 'persn'"),
        (("factors", "template", "match"), {"a": "amount"}, "factors.template.match.a: 'amount' is sampled"),
        (("factors", "template", "match"), {"a": "template.b"}, "factors.template.match.a: matches the factor with"),
        (("design", "cross"), ["persn.gender"], "design.cross[0]: there is no factor 'persn'; did you mean 'person'?"),
        (("design", "cross"), ["amount"], "design.cross[0]: 'amount' is sampled and has no levels"),
        (("design", "cross"), ["city"], "design.cross[0]: 'city' varies inside each family"),
        (("design", "cross"), ["a.b.c"], "design.cross[0]: must be a factor or factor.attribute, got 'a.b.c'"),
        (("design", "cross"), ["label", "label"], "design.cross: holds 'label' twice"),
        (("design", "independent"), [["label", "cty"]], "design.independent[0][1]: there is no factor 'cty'"),
        (("design", "independent"), [["label"]], "design.independent[0]: names one axis"),
        (("design", "within"), ["person.gender"], "design.within[0]: takes whole factors"),
        (("design", "within"), ["cty"], "design.within[0]: there is no factor 'cty'"),
        (("design", "require"), ["persn.a == 'person'"], "design.require[0]: there is no factor 'persn'"),
        (("design", "forbid"), ["1 == 2"], "design.forbid[0]: names no factor"),
        (("design", "attempts"), 0, "design.attempts: must be at least 1, got 0"),
        (("step", 0, "filter"), "x", "step[0]: a step needs exactly one of generate and filter, got both"),
        (("step", 0), {"use": "x"}, "step[0]: a step needs exactly one of generate and filter, got neither; write"),
        (
            ("step", 0),
            {"filtre": "x"},
            "step[0]: a step needs exactly one of generate and filter, got neither; write filter",
        ),
        (("step", 1, "name"), "template", "step[1]: another step has the name 'template'; the name keys its"),
        (("gate", 0, "min"), 2, "gate[0].max: must not be below min = 2, got 1"),
        (("gate", 1), {"max": 2}, "gate[1]: required key 'metric' is missing"),
        (("export", "split"), {"a": 0.5, "b": 0.4}, "export.split: the shares must sum to 1, got 0.9"),
        (("export", "split"), {"a": 1.5, "b": -0.5}, "export.split.b: a share must be above 0, got -0.5"),
        (("export", "split"), {"../a": 1.0}, "export.split.../a: '../a' is no name for a folder"),
        (("parts", "rows"), 0, "parts.rows: must be at least 1, got 0"),
    ],
)
def test_one_mistake_is_one_clear_problem(path, value, message):
    (problem,) = said(changed(path, value))
    assert problem.startswith(message)


def test_two_gates_may_not_be_given_one_name():
    tree = changed(("gate",), [{"metric": "a", "name": "x"}, {"metric": "b", "name": "x"}])
    assert said(tree) == ["gate[1]: another gate has the name 'x'"]


def test_a_numbered_gate_makes_way_for_a_given_name():
    gates = [{"metric": "a"}, {"metric": "a"}, {"metric": "b", "name": "a-2"}]
    recipe = Recipe.from_data(changed(("gate",), gates), Path())
    assert [gate.name for gate in recipe.gate] == ["a", "a-3", "a-2"]


def test_an_empty_recipe_says_what_is_needed(file):
    file.write_text("")
    with pytest.raises(RecipeError, match=r":1:1: required key 'recipe' is missing"):
        Recipe.load(file)


def test_problems_of_different_parts_are_found_together_in_the_order_of_the_file(file):
    tree = changed(("design", "cross"), ["persn.gender", 3])
    tree["design"]["attempts"] = True
    tree["factors"]["template"] |= {"match": {"label": "lable"}, "rewrite": "x"}
    tree["step"][1]["name"] = "template"
    with pytest.raises(RecipeError) as caught:
        load(file, tree)
    found = caught.value.problems
    assert [problem.line for problem in found] == sorted(problem.line for problem in found)
    assert {problem.path for problem in found} == {
        ("design", "cross", 1),
        ("design", "attempts"),
        ("factors", "template", "match", "label"),
        ("factors", "template", "rewrite"),
        ("step", 1),
    }


def test_names_in_conditions_are_read_without_running_anything():
    text = """person.origin == city . country and not (a1 in ["b.c", 'd\\'e'] or x_y < 3.5e2)"""
    assert condition_names(text) == ["person", "city", "a1", "x_y"]


# -- whatever is wrong, it is a problem with a place ----------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(table=st.sampled_from(TABLES), key=st.text(st.characters(codec="utf-8"), max_size=5).map("zz{}".format))
def test_an_unknown_key_is_named_with_its_line(scratch, table, key):
    with pytest.raises(RecipeError) as caught:
        load(scratch, changed((*table, key), 1))
    (problem,) = [each for each in caught.value.problems if each.path == (*table, key)]
    assert "unknown key" in problem.message
    assert problem.file == str(scratch)
    assert problem.line is not None


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(CLOSED))
def test_a_wrong_type_is_named_with_its_line(scratch, path):
    wrong = 1.5 if isinstance(at(VALID, path), list | dict) else {"zz": [1]}
    with pytest.raises(RecipeError) as caught:
        load(scratch, changed(path, wrong))
    assert path in {problem.path for problem in caught.value.problems}
    assert all(problem.line is not None for problem in caught.value.problems)


_plain = st.recursive(
    st.text(max_size=4) | st.integers(-3, 2**63 - 1) | st.booleans() | st.floats(-9, 9),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["env", "name", "from"]), inner, max_size=2)
    ),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None)
@given(path=st.sampled_from(list(paths(VALID))), value=_plain)
def test_any_value_anywhere_is_taken_or_refused_with_a_place(scratch, path, value):
    recipe, problems = outcome(lambda: load(scratch, changed(path, value)))
    assert all(problem.file and problem.line for problem in problems)
    assert recipe is None or Recipe.from_data(json.loads(json.dumps(recipe.resolved)), scratch.parent) == recipe


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_to_the_text_is_taken_or_refused_with_its_file(scratch, data):
    text = written(VALID)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 20)))
    scratch.write_text(text[:start] + data.draw(st.sampled_from(["", "[", '"', "=", "\n", "{", "x"])) + text[end:])
    _, problems = outcome(lambda: Recipe.load(scratch))
    assert all(problem.file for problem in problems)


@pytest.mark.parametrize("text", ['"\\' * 200_000, "'" * 200_001, "a." * 200_000, "a . " * 100_000, " " * 400_000])
def test_no_condition_is_slow_to_read(text):
    assert len(condition_names(text)) <= 1
