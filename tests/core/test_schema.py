"""The schema accepts what the recipe model accepts and finds the mistakes an editor can find."""

from __future__ import annotations

import copy
import json
import re
from typing import Any, Literal

import attrs
import pytest

from fairloom.components import Filter, Generator, Metric, Reader, Sampler, Writer
from fairloom.reading.schema import config_schema, recipe_schema


@attrs.frozen(kw_only=True)
class Length:
    min: int | None = attrs.field(default=None, metadata={"help": "the fewest"})
    unit: Literal["words", "characters"] = "words"


@attrs.frozen(kw_only=True)
class Over:
    over: tuple[str, ...]
    pair: tuple[int, str] = (1, "a")
    url: str = attrs.field(default="u", metadata={"from_env": True})


@attrs.frozen
class Nothing:
    pass


def _component(kind, name, config=Nothing, **more):
    return kind(name=name, summary="A summary.", config=config, build=lambda _config, _tools: None, **more)


COMPONENTS = {
    "template.template": _component(Generator, "template"),
    "text.length": _component(Filter, "length", Length),
    "balance.gap": _component(Metric, "gap", Over),
    "design.balanced": _component(Sampler, "balanced"),
    "design.factorial": _component(Sampler, "factorial", Length),
    "values.integer": _component(Sampler, "integer", Length, plans="value"),
    "read.csv": _component(Reader, "csv", Length),
    "write.jsonl": _component(Writer, "jsonl"),
}
RECIPE = {
    "recipe": {"name": "x", "rows": "all"},
    "task": {"labels": {"a": {"definition": "d"}}, "constraints": {"words": {"min": 1}}},
    "factors": {"city": {"values": ["a", {"name": "b"}]}, "amount": {"sample": "values.integer", "min": 1}},
    "design": {"cross": ["label"], "independent": [["label", "city"]]},
    "step": [{"generate": "template"}, {"filter": "text.length", "min": 3}, {"filter": "./own.py:f", "free": 1}],
    "gate": [{"metric": "balance.gap", "over": ["a"], "max": 1, "url": {"env": "X"}}],
    "reference": {"real": {"read": "read.csv", "columns": {"a": "b"}, "unit": "words"}},
    "export": {"to": {"env": "OUT", "default": "o"}, "formats": ["write.jsonl"], "split": {"train": 1.0}},
    "profile": {"smoke": {"recipe": {"rows": 3}}},
}
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool}


def errors(schema: Any, value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths at which ``value`` breaks ``schema``: the few words of JSON Schema that fairloom writes."""
    if isinstance(schema, bool):
        return [] if schema else [path]
    found = [] if _shape_fits(schema, value) else [path]
    for option in schema.get("allOf", ()):
        found += errors(option, value, path)
    if "anyOf" in schema and all(errors(option, value, path) for option in schema["anyOf"]):
        found.append(path)
    if "not" in schema and not errors(schema["not"], value, path):
        found.append(path)
    if "if" in schema and not errors(schema["if"], value, path):
        found += errors(schema["then"], value, path)
    if isinstance(value, dict):
        found += _table_errors(schema, value, path)
    if isinstance(value, list):
        for index, item in enumerate(value):
            prefix = schema.get("prefixItems", [])
            inner = prefix[index] if index < len(prefix) else schema.get("items", True)
            found += errors(inner, item, (*path, index))
    return found


def _table_errors(schema, value, path):
    found = [path for key in schema.get("required", ()) if key not in value]
    for key, item in value.items():
        inner = schema.get("properties", {}).get(key, schema.get("additionalProperties", True))
        found += errors(inner, item, (*path, key))
    return found


def _shape_fits(schema, value):
    kind = schema.get("type")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    right = {"number": number, "integer": number and value == int(value)}.get(kind)
    right = isinstance(value, TYPES.get(kind, object)) if right is None else right
    size = len(value) if isinstance(value, list) else 0
    return (
        right
        and ("enum" not in schema or value in schema["enum"])
        and ("const" not in schema or value == schema["const"])
        and ("pattern" not in schema or bool(isinstance(value, str) and re.search(schema["pattern"], value)))
        and schema.get("minItems", 0) <= size <= schema.get("maxItems", size)
    )


@pytest.fixture(scope="module")
def schema():
    return json.loads(json.dumps(recipe_schema(COMPONENTS)))


def test_a_recipe_is_accepted(schema):
    assert errors(schema, RECIPE) == []
    assert errors(schema, {"recipe": {"extends": "base.toml"}}) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("zz",), 1),
        (("recipe", "rows"), "al"),
        (("recipe", "sed"), 1),
        (("task", "kind"), "classificaton"),
        (("task", "labels", "a", "zz"), 1),
        (("task", "constraints", "words", "min"), "x"),
        (("factors", "city", "zz"), 1),
        (("factors", "amount", "zz"), 1),
        (("factors", "amount", "sample"), "design.balanced"),
        (("design", "zz"), 1),
        (("design", "use"), "values.integer"),
        (("step", 0, "zz"), 1),
        (("step", 1, "min"), "x"),
        (("step", 1, "mni"), 1),
        (("step", 1, "filter"), "template"),
        (("gate", 0, "over"), "a"),
        (("gate", 0, "pair"), [1]),
        (("gate", 0, "metric"), "balance.gop"),
        (("gate", 0, "on_fail"), "stopp"),
        (("reference", "real", "zz"), 1),
        (("export", "formats", 0), "write.xml"),
        (("export", "split", "train"), [1]),
    ],
)
def test_a_mistake_is_found_once_and_in_its_table(schema, path, value):
    tree = copy.deepcopy(RECIPE)
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert errors(schema, tree) == [path] or errors(schema, tree) == [path[:-1]]


@pytest.mark.parametrize(
    ("path", "value"), [(("recipe",), {}), (("step", 0), {}), (("gate", 0), {"metric": "balance.gap"})]
)
def test_what_is_missing_is_found(schema, path, value):
    tree = copy.deepcopy(RECIPE)
    node = tree
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = value
    assert set(errors(schema, tree)) == {path}


def test_another_design_takes_other_keys(schema):
    tree = {**RECIPE, "design": {"use": "design.factorial", "min": 3}}
    assert errors(schema, tree) == []
    assert errors(schema, {**RECIPE, "design": {"min": 3}}) == [("design", "min")]


def test_settings_carry_their_help_and_defaults():
    assert config_schema(Length) == {
        "type": "object",
        "properties": {
            "min": {"description": "the fewest", "type": "integer"},
            "unit": {"enum": ["words", "characters"], "default": "words"},
        },
        "additionalProperties": False,
    }
    assert config_schema(Over)["required"] == ["over"]


def test_every_key_of_the_core_is_explained(schema):
    missing = [path for path, node in _described(schema, ()) if "description" not in node]
    assert missing == []


def _described(node, path):
    """Every property the core declares, with its schema."""
    for key, inner in node.get("properties", {}).items():
        yield (*path, key), inner
        yield from _described(inner, (*path, key))
    for word in ("items", "additionalProperties"):
        if isinstance(node.get(word), dict):
            yield from _described(node[word], (*path, "*"))
