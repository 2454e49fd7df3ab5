"""Validators of attrs, run one by one, so that all of them are heard.

One that looks at a field which is itself wrong is passed over. A validator may raise ``RecipeError`` with paths
relative to the table it checks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import attrs
from cattrs import ClassValidationError, ForbiddenExtraKeysError
from cattrs.errors import AttributeValidationNote

from fairloom.problems import RecipeError
from fairloom.reading.keys import REST, keys

Hook = Callable[[Any, Any], Any]


def with_validators(
    cls: type, data: dict[str, Any], error: ClassValidationError, hooks: dict[str, Hook]
) -> ClassValidationError:
    """The same error with those of all validators; attrs alone stops at the first.

    ``hooks`` structure the value of each key once more, for an instance of which only what is sound is set.
    """
    noted, bare = error.group_exceptions()
    extra = [each for each in bare if isinstance(each, ForbiddenExtraKeysError)]
    found = list(_validator_errors(cls, data, {note.name for _, note in noted}, hooks))
    raised = [] if found else [each for each in bare if each not in extra]
    return ClassValidationError(error.message, [*(each for each, _ in noted), *extra, *found, *raised], cls)


def _validator_errors(cls: type, data: dict[str, Any], wrong: set[str], hooks: dict[str, Hook]) -> Iterator[Exception]:
    partial: Any = object.__new__(cls)
    for key, field in keys(cls).items():
        if field.name not in wrong:
            with suppress(AttributeError):  # a default made of a field that is wrong
                value = hooks[key](data[key], field.type) if key in data else _default(field, partial)
                object.__setattr__(partial, field.name, value)
    for field in attrs.fields(cls):
        if field.metadata.get("rest"):
            object.__setattr__(partial, field.name, data[REST])
    for field in attrs.fields(cls):
        if field.validator is not None and hasattr(partial, field.name):
            yield from _validated(partial, field)


def _default(field: attrs.Attribute[Any], partial: Any) -> Any:
    if isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # typed as a function, is a class
        factory: Any = field.default
        return factory.factory(partial) if factory.takes_self else factory.factory()
    return field.default


def _validated(partial: Any, field: attrs.Attribute[Any]) -> Iterator[Exception]:
    try:
        field.validator(partial, field, getattr(partial, field.name))  # type: ignore[misc]  # checked by the caller
    except AttributeError:
        return  # it looks at a field that is itself wrong, and that has been said
    except RecipeError as error:  # says its own paths
        yield error
    except Exception as error:  # noqa: BLE001 - whatever a plugin's validator raises is a problem of the value
        shown = ValueError("the environment variable holds nothing valid") if field.metadata.get("secret") else error
        shown.__notes__ = [AttributeValidationNote("", field.name, field.type)]
        yield shown
