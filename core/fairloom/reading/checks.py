"""What the parts of a recipe say of one another: names of factors, of steps, of columns.

The checks read the plain tree part by part, so that one part that is wrong hides nothing wrong with the others.
Attributes (``person.gender``) are checked later, when the value tables have been read.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from fairloom.batch import ADDRESS, ATTEMPT, CELL, CITES, FAMILY, ID, LABEL, MEMBER, REASON, SIMILARITY, STEP
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.exportspec import REST, SplitSpec
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.keys import keys
from fairloom.reading.overrides import entry_names
from fairloom.reading.recipespec import DesignSpec
from fairloom.reading.structure import structure
from fairloom.reading.validators import NAME, NAME_RULE
from fairloom.task import Task

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from fairloom.reading.locate import KeyPath

OWN_COLUMNS = (ADDRESS, FAMILY, MEMBER, ATTEMPT, CELL, ID, REASON, STEP, CITES, SIMILARITY)
"""Columns fairloom writes itself; no factor and no field may bear their names."""

# A quote that is never closed takes the rest, so that no text makes the search start over and over.
_TOKEN = re.compile(
    r"""(?P<text>"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?)|(?P<name>[^\W\d]\w*)(?:\s*\.\s*\w+)*|\d[\w.]*""", re.DOTALL
)
_WORDS = frozenset({"and", "or", "not", "in", "is", "True", "False", "None", "true", "false"})


@attrs.frozen
class _Factors:
    """The names an axis may begin with. ``drawn`` are those without levels."""

    names: frozenset[str]
    drawn: frozenset[str]
    within: frozenset[str]


def check_tree(tree: Mapping[str, Any]) -> Iterator[Problem]:
    """Every contradiction between parts of a recipe, with key paths."""
    task, design = _table(tree, "task"), _table(tree, "design")
    specs = _table(tree, "factors")
    labelled = bool(_table(task, "labels"))
    factors = _Factors(
        names=frozenset({*specs, *({LABEL} if labelled else ())}),
        drawn=frozenset(name for name in specs if "sample" in _table(specs, name)),
        within=frozenset(_sound(DesignSpec, design, "within")),
    )
    yield from _names(specs, _sound(Task, task, "fields"), labelled=labelled)
    for index, rule in enumerate(_sound(Task, task, "relabel")):
        yield from _rule(rule.when, ("task", "relabel", index, "when"), factors)
    yield from _design(design, factors)
    for name in specs:
        yield from _matches(name, _sound(FactorSpec, _table(specs, name), "match"), factors)
    yield from _split(_table(_table(tree, "export"), "split"), factors)
    for table in ("step", "gate"):
        yield from _entries(table, tree.get(table))


def condition_names(text: str) -> list[str]:
    """The factors a condition names, in order: the first part of each name outside of quotes."""
    found = [match["name"] for match in _TOKEN.finditer(text) if match["name"]]
    return [name for name in dict.fromkeys(found) if name not in _WORDS]


def _table(tree: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    table = tree.get(key)
    return table if isinstance(table, dict) else {}


def _sound(cls: type, table: Mapping[str, Any], key: str) -> Any:
    """One value of a table if it is sound, else nothing: what is wrong with it is said elsewhere."""
    kind: Any = keys(cls)[key].type
    try:
        return structure(kind, table[key]) if key in table else ()
    except RecipeError:
        return ()


def _names(specs: Iterable[str], fields: Iterable[str], *, labelled: bool) -> Iterator[Problem]:
    specs = list(specs)
    for name in specs:
        if not NAME.match(name):
            yield Problem(f"{name!r} is no usable name for a factor", ("factors", name), suggestion=NAME_RULE)
        elif name in OWN_COLUMNS:
            yield Problem(f"{name!r} is a column that fairloom writes itself", ("factors", name))
        elif name == LABEL and labelled:
            yield Problem("the labels of the task are the factor 'label' already", ("factors", name))
    for index, field in enumerate(fields):
        if field in OWN_COLUMNS or (field == LABEL and labelled):
            yield Problem(f"{field!r} is a column that fairloom writes itself", ("task", "fields", index))
        elif field in specs:
            yield Problem(f"{field!r} is a factor as well; they need different columns", ("task", "fields", index))


def _design(design: Mapping[str, Any], factors: _Factors) -> Iterator[Problem]:
    for index, text in enumerate(_sound(DesignSpec, design, "cross")):
        path: KeyPath = ("design", "cross", index)
        yield from _axis(text, path, factors)
        if Axis.parse(text).factor in factors.within:
            yield Problem(f"{text!r} varies inside each family (within), so it cannot tell cells apart", path)
    for group, axes in enumerate(_sound(DesignSpec, design, "independent")):
        for index, text in enumerate(axes):
            yield from _axis(text, ("design", "independent", group, index), factors)
    for index, name in enumerate(_sound(DesignSpec, design, "within")):
        yield from _axis(name, ("design", "within", index), factors, whole=True)
    for key in ("require", "forbid"):
        for index, rule in enumerate(_sound(DesignSpec, design, key)):
            yield from _rule(rule, ("design", key, index), factors)


def _axis(text: str, path: KeyPath, factors: _Factors, *, whole: bool = False) -> Iterator[Problem]:
    parts = text.split(".")
    if len(parts) > 2 or not all(parts):
        yield Problem(f"must be a factor or factor.attribute, got {text!r}", path)
    elif whole and len(parts) == 2 and parts[0] in factors.names:
        yield Problem(f"takes whole factors, got {text!r}", path, suggestion=f"write {parts[0]!r}")
    else:
        yield from _factor(parts[0], path, factors)


def _rule(text: str, path: KeyPath, factors: _Factors) -> Iterator[Problem]:
    found = condition_names(text)
    if not found:
        yield Problem(f"names no factor, got {text!r}", path, suggestion="for example person.origin == city.country")
    for name in found:
        yield from _factor(name, path, factors)


def _factor(name: str, path: KeyPath, factors: _Factors) -> Iterator[Problem]:
    if name not in factors.names:
        way = did_you_mean(name, factors.names) or "declare it in [factors.NAME]"
        yield Problem(f"there is no factor {name!r}", path, suggestion=way)
    elif name in factors.drawn:
        yield Problem(f"{name!r} is sampled and has no levels, so neither design nor split can speak of it", path)


def _matches(name: str, match: Mapping[str, str] | tuple[()], factors: _Factors) -> Iterator[Problem]:
    for column, text in dict(match).items():
        path: KeyPath = ("factors", name, "match", column)
        if Axis.parse(text).factor == name:
            yield Problem(f"matches the factor with itself, got {text!r}", path)
        else:
            yield from _axis(text, path, factors)


def _split(split: Mapping[str, Any], factors: _Factors) -> Iterator[Problem]:
    for index, text in enumerate(_sound(SplitSpec, split, "together")):
        if text != FAMILY:  # families never part anyway
            yield from _axis(text, ("export", "split", "together", index), factors)
    for name, text in split.items():
        if not isinstance(text, str) or text == REST or name == "together" or not condition_names(text):
            continue
        path: KeyPath = ("export", "split", name)
        yield from _rule(text, path, factors)
        for each in sorted(factors.within.intersection(condition_names(text))):
            yield Problem(f"{each!r} varies inside each family (within), and families never part", path)


def _entries(table: str, entries: Any) -> Iterator[Problem]:
    """Names of steps and gates are unique."""
    named = entry_names(table, entries) if isinstance(entries, list) else []
    counts = Counter(named)
    seen: set[str] = set()
    for index, name in enumerate(named):
        if name and counts[name] > 1 and name in seen:
            way = 'give it one: name = "..."' if "name" not in entries[index] else None
            why = "; the name keys its randomness" if table == "step" else ""
            yield Problem(f"another {table} has the name {name!r}{why}", (table, index), suggestion=way)
        seen.add(name)
