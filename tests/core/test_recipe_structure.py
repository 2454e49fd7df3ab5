"""Strict structuring of any settings class, and how its errors read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs
import pytest

from fairloom.problems import PluginError, RecipeError
from fairloom.reading.environment import settled
from fairloom.reading.structure import structure
from fairloom.recipe import StepSpec


@attrs.frozen(kw_only=True)
class Inner:
    low: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    high: int = attrs.field(default=9)

    @high.validator
    def _ordered(self, _field, value):
        if value < self.low:
            raise ValueError("must not be below low")


@attrs.frozen(kw_only=True)
class Settings:
    text: str = "t"
    count: int = 1
    share: float = 0.5
    on: bool = False
    size: int | Literal["all"] = "all"
    kind: Literal["near", "exact"] = "near"
    names: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    pair: tuple[int, str] | None = None
    items: list[float] = attrs.field(factory=list)
    order: Sequence[str] = ()
    words: frozenset[str] = frozenset()
    one_or_more: str | tuple[str, ...] = "x"
    inner: Inner = Inner()
    inners: dict[str, Inner] = attrs.field(factory=dict)
    ranges: Mapping[str, tuple[int, ...]] = attrs.field(factory=dict)
    day: dt.date | None = None
    anything: Any = None
    from_: str | None = None
    url: str = attrs.field(default="u", metadata={"from_env": True})
    port: int = attrs.field(default=1, metadata={"from_env": True})
    key: str = attrs.field(default="", metadata={"from_env": True, "secret": True})


@attrs.frozen
class Needs:
    threshold: float = attrs.field(metadata={"help": "the largest share"})


def problems(cls, data, path=(), **how):
    with pytest.raises(RecipeError) as caught:
        structure(cls, data, path, **how)
    return caught.value.problems


@pytest.mark.parametrize(
    ("key", "value", "made"),
    [
        ("text", "x", "x"),
        ("share", 1, 1.0),
        ("size", 3, 3),
        ("size", "all", "all"),
        ("names", ["a"], ("a",)),
        ("rows", [["a"], []], (("a",), ())),
        ("pair", [1, "a"], (1, "a")),
        ("items", [1, 2.5], [1.0, 2.5]),
        ("order", ["a"], ("a",)),
        ("words", ["a"], frozenset("a")),
        ("one_or_more", "ab", "ab"),
        ("one_or_more", ["ab"], ("ab",)),
        ("inner", {"low": 1}, Inner(low=1)),
        ("inners", {"a": {"high": 3}}, {"a": Inner(high=3)}),
        ("ranges", {"a": [1]}, {"a": (1,)}),
        ("day", "2026-04-11", dt.date(2026, 4, 11)),
        ("anything", {"env": "X", "b": [1]}, {"env": "X", "b": [1]}),
    ],
)
def test_values_that_fit(key, value, made):
    found = getattr(structure(Settings, {key: value}), key)
    assert found == made
    assert type(found) is type(made)


@pytest.mark.parametrize(
    ("key", "value", "at", "said"),
    [
        ("text", 5, (), "must be a string, got the integer 5"),
        ("count", "12", (), "must be an integer, got the string '12'"),
        ("count", 1.0, (), "must be an integer, got the number 1.0"),
        ("count", True, (), "must be an integer, got true"),
        ("share", True, (), "must be a number, got true"),
        ("share", float("nan"), (), "must be a number, got the number nan"),
        ("on", 1, (), "must be true or false, got the integer 1"),
        ("size", "al", (), "must be an integer or 'all', got the string 'al'"),
        ("size", None, (), "must be an integer or 'all', got NoneType None"),
        ("kind", "neer", (), "must be one of 'near', 'exact', got the string 'neer'"),
        ("names", "hello", (), "must be an array, got the string 'hello'"),
        ("names", {"a": 1}, (), "must be an array, got a table"),
        ("names", ["a", 1], (1,), "must be a string, got the integer 1"),
        ("rows", [["a"], "b"], (1,), "must be an array, got the string 'b'"),
        ("rows", [["a"], ["b", 2]], (1, 1), "must be a string, got the integer 2"),
        ("pair", [1], (), "must have 2 items, got 1"),
        ("pair", [1, 2], (1,), "must be a string, got the integer 2"),
        ("items", ["a"], (0,), "must be a number, got the string 'a'"),
        ("order", "abc", (), "must be an array, got the string 'abc'"),
        ("words", "abc", (), "must be an array, got the string 'abc'"),
        ("one_or_more", 3, (), "must be a string or an array, got the integer 3"),
        ("one_or_more", ["a", 3], (1,), "must be a string, got the integer 3"),
        ("inner", 3, (), "must be a table, got the integer 3"),
        ("inner", {"low": -1}, ("low",), "must be >= 0: -1"),
        ("inner", {"low": 5, "high": 4}, ("high",), "must not be below low"),
        ("inners", {"a": {"low": "x"}}, ("a", "low"), "must be an integer, got the string 'x'"),
        ("inners", [], (), "must be a table, got an array"),
        ("inners", {3: {}}, (), "the keys of a table are strings, got the integer 3"),
        ("ranges", {"a": [1, True]}, ("a", 1), "must be an integer, got true"),
        ("day", "2026-13-01", (), "must be a date, got the string '2026-13-01'"),
        ("from", 3, (), "must be a string, got the integer 3"),
        ("from_", "x", (), "unknown key 'from_'"),
        ("text", {"env": "X"}, (), "this value cannot come from an environment variable"),
        ("names", [{"env": "X"}], (0,), "must be a string; this value cannot come from an environment variable"),
    ],
)
def test_values_that_do_not_fit(key, value, at, said):
    (problem,) = problems(Settings, {key: value}, ("step", 2))
    assert problem.path == ("step", 2, key, *at)
    assert problem.message == said


def test_every_problem_is_found_at_once():
    data = {"count": "1", "names": ["a", 2], "inner": {"low": -1, "high": "x", "hgih": 2}, "kindd": "near"}
    assert {problem.path for problem in problems(Settings, data)} == {
        ("count",),
        ("names", 1),
        ("inner", "low"),
        ("inner", "high"),
        ("inner", "hgih"),
        ("kindd",),
    }


def test_misspelt_keys_get_a_suggestion():
    (problem,) = problems(Needs, {"threshold": 1, "treshold": 1})
    assert problem.suggestion == "did you mean 'threshold'?"


def test_keys_of_the_owner_are_suggested_too():
    (problem,) = problems(Needs, {"threshold": 1, "nmae": "x"}, ("step", 0), owner=StepSpec)
    assert problem.path == ("step", 0, "nmae")
    assert problem.suggestion == "did you mean 'name'?"


def test_a_missing_key_is_a_problem_of_its_table():
    (problem,) = problems(Needs, {}, ("gate", 1))
    assert problem.path == ("gate", 1)
    assert problem.render() == "gate[1]: required key 'threshold' is missing; it is the largest share"


def test_environment(monkeypatch):
    monkeypatch.setenv("FAIRLOOM_TEST_URL", "81")
    monkeypatch.delenv("FAIRLOOM_TEST_NONE", raising=False)
    there, missing = {"env": "FAIRLOOM_TEST_URL"}, {"env": "FAIRLOOM_TEST_NONE"}
    made = structure(Settings, {"url": there, "port": there, "key": there})
    assert (made.url, made.port, made.key) == ("81", 81, "81")
    assert structure(Settings, {"port": {**missing, "default": 7}}).port == 7
    (problem,) = problems(Settings, {"url": missing})
    assert "'FAIRLOOM_TEST_NONE' is not set" in problem.message
    (problem,) = problems(Settings, {"text": there})
    assert problem.suggestion == "these can: url, port, key"


def test_settled_data_hold_the_values_but_no_secret(monkeypatch):
    monkeypatch.setenv("FAIRLOOM_TEST_URL", "81")
    there = {"env": "FAIRLOOM_TEST_URL"}
    data = {"url": there, "port": there, "key": there, "anything": there}
    assert settled(Settings, data) == {"url": "81", "port": 81, "key": there, "anything": there}


def test_secrets_are_neither_written_nor_shown(monkeypatch):
    @attrs.frozen
    class Model:
        key: str = attrs.field(
            metadata={"from_env": True, "secret": True}, validator=attrs.validators.matches_re("[a-z]+")
        )
        pin: int = attrs.field(default=1, metadata={"from_env": True, "secret": True})

    Model.__annotations__.update(key=str, pin=int)
    attrs.resolve_types(Model)
    monkeypatch.setenv("FAIRLOOM_TEST_KEY", "HUNTER2")
    for data in ({"key": "HUNTER2"}, {"key": {"env": "FAIRLOOM_TEST_NONE", "default": "HUNTER2"}}):
        (problem,) = problems(Model, data)
        assert "does not belong in a recipe" in problem.message
        assert "HUNTER2" not in problem.render()
    there = {"env": "FAIRLOOM_TEST_KEY"}
    found = problems(Model, {"key": there, "pin": there})
    assert {problem.path for problem in found} == {("key",), ("pin",)}
    assert not any("HUNTER2" in problem.render() for problem in found)


def test_a_settings_class_no_recipe_can_hold_is_the_plugins_fault():
    @attrs.frozen
    class Odd:
        number: complex = 1j

    with pytest.raises(PluginError, match="complex"):
        structure(Odd, {"number": 1})

    @attrs.frozen
    class Unknown:
        number: Nowhere = 1  # noqa: F821 - that is the point

    with pytest.raises(PluginError, match="Nowhere"):
        structure(Unknown, {"number": 1})
