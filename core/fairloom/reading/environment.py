"""``{ env = "NAME", default = ... }``: the one way a recipe may depend on the machine it runs on.

Only a field whose metadata say ``from_env`` takes such a table. What it stood for is written into the resolved
recipe, unless the metadata also say ``secret``: then the table itself stays there.
"""

from __future__ import annotations

import os
import typing
from typing import Any, Literal

import attrs

from fairloom.problems import RecipeError
from fairloom.reading.plain import toml_value
from fairloom.reading.shapes import parts

if typing.TYPE_CHECKING:
    from collections.abc import Mapping


def is_reference(value: object) -> bool:
    """Whether ``value`` has the shape of an environment table."""
    return isinstance(value, dict) and type(value.get("env")) is str and set(value) <= {"env", "default"}


def look_up(reference: Mapping[str, Any], kind: Any = str) -> Any:
    """What a reference stands for. The variable's text is read as TOML where ``kind`` takes no string.

    Raises:
        RecipeError: If the variable is not set and there is no default.
    """
    name = reference["env"]
    if name not in os.environ and "default" not in reference:
        way = f'set it, or give a default: {{ env = "{name}", default = ... }}'
        raise RecipeError.of(f"the environment variable {name!r} is not set", suggestion=way)
    text = os.environ.get(name)
    return reference["default"] if text is None else text if _takes_text(kind) else _read(text)


def allowed(field: attrs.Attribute[Any]) -> bool:
    """Whether a field may come from the environment."""
    return bool(field.metadata.get("from_env"))


def settled(cls: type, data: Any) -> Any:
    """``data`` for ``cls`` as a manifest may keep it: references replaced by their values, secrets not.

    References that cannot be looked up stay as they are, for ``structure`` to report.
    """
    if not attrs.has(cls) or not isinstance(data, dict):
        return data
    done = dict(data)
    for field in attrs.fields(attrs.resolve_types(cls)):
        key = field.name.removesuffix("_")
        if key in done:
            done[key] = _settled(field, done[key])
    return done


def _settled(field: attrs.Attribute[Any], value: Any) -> Any:
    if allowed(field) and is_reference(value) and not field.metadata.get("secret"):
        try:
            return look_up(value, field.type)
        except RecipeError:
            return value
    inner = next((kind for kind in _kinds(field.type) if attrs.has(kind)), None)
    if inner is None:
        return value
    if _is_collection(field.type) and isinstance(value, dict):
        return {key: settled(inner, item) for key, item in value.items()}
    if isinstance(value, list):
        return [settled(inner, item) for item in value]
    return settled(inner, value)


def _kinds(kind: Any) -> list[Any]:
    """``kind`` with everything it is made of."""
    return [kind, *(inner for part in typing.get_args(kind) for inner in _kinds(part))]


def _is_collection(kind: Any) -> bool:
    return any(typing.get_origin(part) is dict for part in _kinds(kind))


def _takes_text(kind: Any) -> bool:
    return any(part in {str, Any} or typing.get_origin(part) is Literal for part in parts(kind))


def _read(text: str) -> Any:
    try:
        return toml_value(text)
    except ValueError:
        return text
