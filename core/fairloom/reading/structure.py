"""Plain data to attrs classes, strictly, with every error at once in the words of the recipe.

cattrs does the structuring; this module gives it hooks that coerce nothing (``"12"`` is no integer, a string no
array of letters) and turns its tree of errors into problems with key paths. Field metadata it knows:

- ``help``: said in the JSON Schema and the reference.
- ``from_env``, ``secret``: the field takes ``{ env = "NAME", default = ... }``; see ``environment``.
- ``rest``: the field takes all keys of its table that the class does not own.
- ``internal``: the field is no key of the recipe.

A field named ``from_`` is the key ``from``. Validators are run by ``validated``.
"""

from __future__ import annotations

import json
import math
import typing
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import attrs
from cattrs import BaseConverter, ClassValidationError, Converter, ForbiddenExtraKeysError, IterableValidationError
from cattrs.cols import list_structure_factory, mapping_structure_factory
from cattrs.errors import IterableValidationNote, StructureHandlerNotFoundError
from cattrs.gen import make_dict_structure_fn, override

from fairloom.problems import PluginError, Problem, RecipeError, did_you_mean, unknown_key
from fairloom.reading.environment import allowed, is_reference, look_up
from fairloom.reading.keys import REST, WRITTEN_AS, keys
from fairloom.reading.shapes import (
    ARRAYS,
    NAMES,
    WHENS,
    describe,
    fits,
    is_array,
    is_fixed_tuple,
    is_literal,
    is_table,
    is_union,
    parts,
    received,
)
from fairloom.reading.validated import Hook, with_validators

if typing.TYPE_CHECKING:
    from fairloom.reading.locate import KeyPath

T = TypeVar("T")


def structure(cls: type[T], data: Any, path: KeyPath = (), *, owner: type | None = None) -> T:
    """An instance of ``cls`` made of plain ``data``.

    Args:
        cls: An attrs class, or any type that may stand in one.
        data: Tables, arrays and values as TOML or JSON give them.
        path: Where ``data`` stands in the recipe.
        owner: The class that owns other keys of the same table (``StepSpec`` for the settings of a step), so that
            a misspelt key of the owner is recognised too.

    Raises:
        RecipeError: With every problem, each with its full key path.
        PluginError: If ``cls`` has a field of a type that no recipe can hold.
    """
    try:
        return _CONVERTER.structure(data, cls)
    except Exception as error:
        also = frozenset(keys(owner)) if owner else frozenset()
        raise RecipeError(list(_problems(error, path, also))) from error


class _WrongError(ValueError):
    """A value that cannot be structured; the place is added from the notes of cattrs."""

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.suggestion = suggestion


def _must_be(what: str, value: Any, suggestion: str | None = None) -> _WrongError:
    if is_reference(value):
        return _WrongError(f"must be {what}; this value cannot come from an environment variable", suggestion)
    return _WrongError(f"must be {what}, got {received(value)}", suggestion)


# -- hooks: one per kind of type ---------------------------------------------------------------------------------


def _scalar(kind: type) -> Hook:
    accepted = {int, float} if kind is float else {kind}

    def hook(value: Any, _: Any) -> Any:
        if type(value) not in accepted or (kind is float and not math.isfinite(value)):
            raise _must_be(NAMES[kind], value)
        return kind(value)

    return hook


def _when(kind: Any) -> Hook:
    def hook(value: Any, _: Any) -> Any:
        try:
            return value if type(value) is kind else kind.fromisoformat(value)
        except (TypeError, ValueError):
            raise _must_be(WHENS[kind], value, 'for example "2026-04-11"') from None

    return hook


def _literal_factory(kind: Any, _: BaseConverter) -> Hook:
    options = typing.get_args(kind)

    def hook(value: Any, _: Any) -> Any:
        if any(type(value) is type(option) and value == option for option in options):
            return value
        near = did_you_mean(value, map(str, options)) if type(value) is str and len(options) > 1 else None
        raise _must_be(describe(kind), value, near if near and near.startswith("did") else None)

    return hook


def _union_factory(kind: Any, converter: BaseConverter) -> Hook:
    """One of several types: the error inside the only table or array that fits, else what all parts take."""
    kinds = parts(kind)
    optional = type(None) in typing.get_args(kind)

    def hook(value: Any, _: Any) -> Any:
        if value is None and optional:
            return None
        fitting = [part for part in kinds if fits(value, part)]
        if len(kinds) == 1 or (len(fitting) == 1 and isinstance(value, dict | list | tuple)):
            return converter.structure(value, (fitting or kinds)[0])  # what is wrong lies inside
        for part in fitting:
            try:
                return converter.structure(value, part)
            except Exception:  # noqa: BLE001, S112 - the next part may take it; if none does, all are named below
                continue
        raise _must_be(describe(kind), value)

    return hook


def _array_factory(kind: Any, converter: BaseConverter) -> Hook:
    made = ARRAYS[typing.get_origin(kind) or kind]
    fixed = is_fixed_tuple(kind)
    size = len(typing.get_args(kind))
    items = _fixed_tuple(kind, converter) if fixed else list_structure_factory(kind, converter)

    def hook(value: Any, wanted: Any) -> Any:
        if not isinstance(value, list | tuple):
            way = f"write [{json.dumps(value)}]" if isinstance(value, str | int | float) else None
            raise _must_be("an array", value, way)
        if fixed and len(value) != size:
            raise _WrongError(f"must have {size} items, got {len(value)}")
        return made(items(value, wanted))

    return hook


def _fixed_tuple(kind: Any, converter: BaseConverter) -> Hook:
    """Items of different types; cattrs has this only in one with the coercion of strings to arrays."""
    kinds = typing.get_args(kind)

    def hook(value: Any, _: Any) -> list[Any]:
        items, errors = [], []
        for index, (item, inner) in enumerate(zip(value, kinds, strict=True)):
            try:
                items.append(converter.structure(item, inner))
            except Exception as error:  # noqa: BLE001 - kept with its place, as cattrs does
                error.__notes__ = [IterableValidationNote("", index, inner)]
                errors.append(error)
        if errors:
            raise IterableValidationError("", errors, kind)
        return items

    return hook


def _dict_factory(kind: Any, converter: BaseConverter) -> Hook:
    items = mapping_structure_factory(kind, converter)

    def hook(value: Any, wanted: Any) -> Any:
        _check_table(value)
        return items(value, wanted)

    return hook


def _check_table(value: Any, suggestion: str | None = None) -> None:
    if type(value) is not dict:
        raise _must_be("a table", value, suggestion)
    for key in value:
        if type(key) is not str:
            raise _WrongError(f"the keys of a table are strings, got {received(key)}")


def _class_factory(cls: type, converter: BaseConverter) -> Hook:
    """A table with known keys."""
    known = keys(cls)
    rest = next((field.name for field in attrs.fields(cls) if field.metadata.get("rest")), None)
    hooks = {key: _field_hook(cls, field, converter) for key, field in known.items()}
    overrides = {field.name: override(omit=True) for field in attrs.fields(cls)}
    overrides |= {field.name: override(rename=key, struct_hook=hooks[key]) for key, field in known.items()}
    if rest:
        overrides[rest] = override(rename=REST)
    make: Hook = make_dict_structure_fn(
        cls,
        converter,
        _cattrs_forbid_extra_keys=True,
        **overrides,  # type: ignore[arg-type]  # mypy matches them with the options before
    )

    def hook(value: Any, _: Any) -> Any:
        _check_table(value, f"its keys: {', '.join(known)}" if known else None)
        data = {key: inner for key, inner in value.items() if key in known or not rest}
        if rest:
            data[REST] = {key: inner for key, inner in value.items() if key not in known}
        try:
            return make(data, cls)
        except ClassValidationError as error:
            raise with_validators(cls, data, error, hooks) from error

    return hook


def _field_hook(cls: type, field: attrs.Attribute[Any], converter: BaseConverter) -> Hook:
    def hook(value: Any, kind: Any) -> Any:
        if field.metadata.get("secret"):
            return _secret(value, kind, converter)
        if is_reference(value):
            if allowed(field):
                return converter.structure(look_up(value, kind), kind)
            if not any(fits(value, part) for part in parts(kind)):
                raise _WrongError("this value cannot come from an environment variable", _where_allowed(cls))
        return converter.structure(value, kind)

    return hook


def _secret(value: Any, kind: Any, converter: BaseConverter) -> Any:
    """A value no message may show."""
    if not is_reference(value) or value.get("default"):
        way = 'write { env = "NAME" } and set that environment variable'
        raise _WrongError("a secret does not belong in a recipe", way)
    found = look_up(value, kind)
    try:
        return converter.structure(found, kind)
    except Exception:  # noqa: BLE001 - its message would show the value
        raise _WrongError(f"the environment variable {value['env']!r} must hold {describe(kind)}") from None


def _where_allowed(cls: type) -> str:
    takers = [key for key, field in keys(cls).items() if allowed(field)]
    return f"these can: {', '.join(takers)}" if takers else "no key of this table can; write the value itself"


# -- cattrs' errors to problems -----------------------------------------------------------------------------------


def _problems(error: BaseException, path: KeyPath, also: frozenset[str] = frozenset()) -> Iterator[Problem]:
    if isinstance(error, ClassValidationError):
        yield from _class_problems(error, path, also)
    elif isinstance(error, IterableValidationError):
        for inner, note in error.group_exceptions()[0]:
            yield from _problems(inner, (*path, note.index))
    elif isinstance(error, RecipeError):
        for problem in error.problems:
            yield attrs.evolve(problem, path=(*path, *problem.path))
    elif isinstance(error, PluginError):
        raise error
    elif isinstance(error, StructureHandlerNotFoundError):
        raise PluginError(f"settings have a field of a type that no recipe can hold: {error.type_!r}") from error
    elif isinstance(error, _WrongError):
        yield Problem(error.message, path, suggestion=error.suggestion)
    else:
        yield Problem(_said(error), path)


def _class_problems(error: ClassValidationError, path: KeyPath, also: frozenset[str]) -> Iterator[Problem]:
    known = keys(error.cl)
    noted, bare = error.group_exceptions()
    for inner, note in noted:
        key = note.name.removesuffix("_")
        if type(inner) is KeyError and inner.args == (key,):
            yield Problem(f"required key {key!r} is missing", path, suggestion=_help(known[key]))
        else:
            for problem in _problems(inner, (*path, key)):  # attrs' own validators begin with the name: "'max' must"
                yield attrs.evolve(problem, message=problem.message.removeprefix(f"{note.name!r} "))
    for each in bare:
        if isinstance(each, ForbiddenExtraKeysError):
            for key in sorted(each.extra_fields):
                yield unknown_key(key, {*known, *also}, path)
        else:
            yield from _problems(each, path)


def _help(field: attrs.Attribute[Any]) -> str | None:
    said = field.metadata.get("help")
    return f"it is {said}" if said else None


def _said(error: BaseException) -> str:
    """The message of an exception of attrs, which carries the field and options after it, or of a plugin."""
    if isinstance(error, ValueError | TypeError) and error.args and isinstance(error.args[0], str):
        return error.args[0]
    return f"{type(error).__name__}: {error}"


def _make() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=True)
    for kind in NAMES:
        converter.register_structure_hook(kind, _scalar(kind))
    for kind in WHENS:
        converter.register_structure_hook(kind, _when(kind))
    for predicate, factory in (
        (is_literal, _literal_factory),
        (is_union, _union_factory),
        (is_array, _array_factory),
        (is_table, _dict_factory),
    ):
        converter.register_structure_hook_factory(predicate, factory)
    converter.register_structure_hook_factory(attrs.has, _class_factory)
    return converter


_CONVERTER = _make()


def register(cls: type[T], table: type[Any], make: Callable[[Any], T]) -> None:
    """Say that recipes write ``cls`` with the keys of ``table``, of which ``make`` makes the instance."""
    WRITTEN_AS[cls] = table
    _CONVERTER.register_structure_hook(cls, lambda data, _: make(_CONVERTER.structure(data, table)))
