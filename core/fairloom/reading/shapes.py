"""The types that settings may have: how each is recognised, how errors name it and a value."""

from __future__ import annotations

import collections.abc
import datetime as dt
import json
import types
import typing
from typing import Any, Literal

import attrs

if typing.TYPE_CHECKING:
    from collections.abc import Callable

ARRAYS: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    tuple: tuple,
    collections.abc.Sequence: tuple,
    set: set,
    frozenset: frozenset,
}
TABLES = (dict, collections.abc.Mapping)
NAMES = {str: "a string", int: "an integer", float: "a number", bool: "true or false"}
WHENS = {dt.datetime: "a date with time", dt.date: "a date", dt.time: "a time"}


def is_literal(kind: Any) -> bool:
    """Whether ``kind`` is a choice, ``Literal["a", "b"]``."""
    return typing.get_origin(kind) is Literal


def is_union(kind: Any) -> bool:
    """Whether ``kind`` is a union, ``int | None``."""
    return typing.get_origin(kind) in {typing.Union, types.UnionType}


def is_array(kind: Any) -> bool:
    """Whether ``kind`` is written as an array."""
    return kind in ARRAYS or typing.get_origin(kind) in ARRAYS


def is_fixed_tuple(kind: Any) -> bool:
    """Whether ``kind`` is a tuple whose items each have a type, ``tuple[str, int]``."""
    return typing.get_origin(kind) is tuple and typing.get_args(kind)[-1:] != (...,)


def is_table(kind: Any) -> bool:
    """Whether ``kind`` is a table with any keys."""
    return kind in TABLES or typing.get_origin(kind) in TABLES


def parts(kind: Any) -> list[Any]:
    """The members of a union without ``None``; any other type alone."""
    return [part for part in typing.get_args(kind) if part is not type(None)] if is_union(kind) else [kind]


def fits(value: Any, kind: Any) -> bool:
    """Whether ``value`` has the outer shape of ``kind``: a table, an array, or neither."""
    if kind is Any:
        return True
    if isinstance(value, dict):
        return is_table(kind) or attrs.has(kind)
    if isinstance(value, list | tuple):
        return is_array(kind)
    return not (is_table(kind) or is_array(kind) or attrs.has(kind))


def describe(kind: Any) -> str:
    """What a field of type ``kind`` takes, in words: ``an integer or 'all'``."""
    if kind in NAMES or kind in WHENS:
        return NAMES.get(kind) or WHENS[kind]
    if is_literal(kind):
        options = [show(option) for option in typing.get_args(kind)]
        return options[0] if len(options) == 1 else "one of " + ", ".join(options)
    if is_union(kind):
        return " or ".join(describe(part) for part in parts(kind))
    if is_array(kind):
        return "an array"
    return "a table" if is_table(kind) or attrs.has(kind) else getattr(kind, "__name__", str(kind))


def show(value: Any) -> str:
    """A value as an error quotes it, cut where it is long."""
    text = json.dumps(value) if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def received(value: Any) -> str:
    """What was written in place of something else: ``the string '12'``, ``a table``."""
    kinds = {bool: "", int: "the integer ", float: "the number ", str: "the string ", list: "an array", dict: "a table"}
    said = kinds.get(type(value), f"{type(value).__name__} ")
    return said if type(value) in {list, dict} else said + show(value)
