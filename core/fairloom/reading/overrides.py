"""``--set KEY=VALUE``: change single values of a merged recipe from the command line.

``KEY`` is a key path (``recipe.rows``, ``task.labels."a.b".cues``). An entry of ``[[step]]`` or ``[[gate]]`` is
addressed by its number (``step[0].max``) or its name, dots and all (``gate.balance.gap.max``). ``VALUE`` is read
as TOML; what is no TOML, such as a bare word, is taken as text.
"""

from __future__ import annotations

import re
import typing
from typing import TYPE_CHECKING, Any

import attrs

from fairloom.problems import Problem, RecipeError, did_you_mean, dotted
from fairloom.reading.keys import keys as keys_of
from fairloom.reading.origins import Layer, Origin
from fairloom.reading.plain import paths, plain, toml_value
from fairloom.reading.recipespec import RecipeSpec
from fairloom.reading.shapes import is_array, is_table, parts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fairloom.reading.locate import KeyPath

ORIGIN = Origin(note="--set")

_PART = re.compile(
    r"""\s*(?:"(?P<basic>[^"]*)"|'(?P<literal>[^']*)'|\[(?P<index>\d{1,6})\]|(?P<bare>[^\s.\[\]="']+))\s*"""
)
_NAMED_BY = {"step": ("name", "generate", "filter"), "gate": ("name", "metric")}


def entry_names(table: str, entries: Sequence[Any]) -> list[str]:
    """The name of every entry of ``[[step]]`` or ``[[gate]]`` as written: its own, or its component's.

    A gate without a name of its own whose metric has been gated before gets a number: ``balance.gap``, then
    ``balance.gap-2``. Gates change no data, so their names may follow their order. The name of a step keys its
    randomness and must not, so a step that repeats a component has to be given one (``checks`` says so).
    """
    keys = _NAMED_BY[table]
    names = [next((entry[k] for k in keys if k in entry), "") if isinstance(entry, dict) else "" for entry in entries]
    names = [name if isinstance(name, str) else "" for name in names]
    if table == "step":
        return names
    own = [isinstance(entry, dict) and "name" in entry for entry in entries]
    return _numbered(names, own)


def _numbered(names: list[str], own: list[bool]) -> list[str]:
    taken = {name for name, given in zip(names, own, strict=True) if given}
    done = []
    for name, given in zip(names, own, strict=True):
        number, free = 1, name
        while name and not given and free in taken:
            number += 1
            free = f"{name}-{number}"
        taken.add(free)
        done.append(free)
    return done


def override(layer: Layer, texts: Iterable[str]) -> Layer:
    """Apply ``KEY=VALUE`` texts in order.

    Raises:
        RecipeError: With every text that is malformed or addresses nothing.
    """
    problems: list[Problem] = []
    for text in texts:
        try:
            layer = _applied(layer, text)
        except RecipeError as error:
            problems += [attrs.evolve(problem, file="--set") for problem in error.problems]
    if problems:
        raise RecipeError(problems)
    return layer


def _applied(layer: Layer, text: str) -> Layer:
    keys, written = _split(text)
    if keys[0] == "profile" or keys[:2] == ["recipe", "extends"]:
        raise RecipeError.of("cannot be set: it decides what is read", *keys, suggestion="change the recipe file")
    path = _resolved(layer.tree, keys)
    problems: list[Problem] = []
    value = plain(_value(written, path), path, problems)
    if problems:
        raise RecipeError(problems)
    tree = _with(layer.tree, path, value)
    kept = {key: origin for key, origin in layer.origins.items() if key[: len(path)] != path}
    return Layer(tree, {key: kept.get(key, ORIGIN) for key in paths(tree)})


def _split(text: str) -> tuple[list[str | int], str]:
    """``a."b.c"[0]=1`` as ``["a", "b.c", 0]`` and ``"1"``."""
    keys: list[str | int] = []
    at = 0
    while match := _PART.match(text, at):
        keys.append(int(match["index"]) if match["index"] else str(match[match.lastgroup or 0]))
        at = match.end()
        after = text[at : at + 1]
        if after == "=" and isinstance(keys[0], str):
            return keys, text[at + 1 :].strip()
        if after not in {".", "["}:
            break
        at += after == "."
    raise RecipeError.of(f"--set takes KEY=VALUE, got {text!r}", suggestion="for example --set recipe.rows=600")


def _value(text: str, path: KeyPath) -> Any:
    try:
        return toml_value(text)
    except ValueError as error:
        if text[:1] in {"[", "{", '"', "'", ""} or "\n" in text:
            way = 'quote it for your shell: --set \'KEY=["a", "b"]\''
            way = way if text else "an empty text is '\"\"'"
            raise RecipeError.of(f"the value {text!r} is not valid TOML: {error}", *path, suggestion=way) from error
        return text


def _resolved(tree: Any, keys: list[str | int]) -> KeyPath:
    """The keys as a path: names of steps and gates replaced by numbers. Every table on the way must exist."""
    path: KeyPath = ()
    node = tree
    while keys:
        if isinstance(node, list):
            index, used = _entry(path, node, keys)
            path, keys, node = (*path, index), keys[used:], node[index]
            continue
        key, keys = keys[0], keys[1:]
        _check_key(path, node, key, last=not keys)
        path = (*path, key)
        node = node.get(key, {})
    return path


def _check_key(path: KeyPath, node: Any, key: str | int, *, last: bool) -> None:
    if not isinstance(node, dict):
        raise RecipeError.of(f"is {node!r}, which has no keys", *path, suggestion=f"set {dotted(path)}=... itself")
    if isinstance(key, int):
        raise RecipeError.of("is a table; its keys have names, not numbers", *path, suggestion=_keys(node))
    known = {*node, *_declared(path)}
    if not last and key not in known:
        way = did_you_mean(key, known) or f"set the whole table: {dotted((*path, key))}={{ ... }}"
        raise RecipeError.of(f"the recipe has no table {dotted((*path, key))!r}", *path, suggestion=way)


def _declared(table: KeyPath) -> frozenset[str]:
    """The keys that a table of any recipe may have; these can be set without being written."""
    kind: Any = RecipeSpec
    for key in table:
        kind = _inside(kind, key)
    return frozenset(keys_of(kind)) if attrs.has(kind) else frozenset()


def _inside(kind: Any, key: str | int) -> Any:
    if attrs.has(kind):
        known = keys_of(kind)
        return parts(known[str(key)].type)[0] if key in known else Any
    return typing.get_args(kind)[-1 if is_table(kind) else 0] if is_table(kind) or is_array(kind) else Any


def _keys(node: Mapping[str, Any]) -> str | None:
    return "its keys: " + ", ".join(node) if node else None


def _entry(path: KeyPath, entries: list[Any], keys: list[str | int]) -> tuple[int, int]:
    """Which entry of an array the next keys address, and how many keys that takes."""
    first = keys[0]
    if isinstance(first, int):
        if first < len(entries):
            return first, 1
        raise RecipeError.of(f"has {len(entries)} entries, counted from 0; got [{first}]", *path)
    names = entry_names(str(path[0]), entries) if len(path) == 1 and path[0] in _NAMED_BY else []
    for size in range(len(keys), 0, -1):
        name = ".".join(str(key) for key in keys[:size])
        if names.count(name) == 1:
            return names.index(name), size
    wanted = ".".join(str(key) for key in keys[:-1] or keys)
    said = f"has no entry of its own named {wanted!r}"
    raise RecipeError.of(said, *path, suggestion=did_you_mean(wanted, names) or f"use its number: {dotted(path)}[0]")


def _with(node: Any, path: KeyPath, value: Any) -> Any:
    """``node`` with ``value`` at ``path``; what it shares with the old tree is not changed."""
    if not path:
        return value
    key, rest = path[0], path[1:]
    if isinstance(node, list) and isinstance(key, int):
        return [_with(item, rest, value) if index == key else item for index, item in enumerate(node)]
    return {**node, key: _with(node.get(key, {}), rest, value)}
