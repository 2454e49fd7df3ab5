"""What the signature of a decorated function says: the columns it reads, and its settings.

Positional parameters are inputs, keyword-only parameters are settings. The settings become an attrs
class, so a ten-line component is configured, checked and documented like any other.
"""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, get_type_hints

import attrs

from fairloom.problems import PluginError

_ARG = re.compile(r"^\s+(\w+): (.+)$", re.MULTILINE)


@attrs.frozen
class Signature:
    """A decorated function, read: its name, its summary, its inputs with their types, its settings."""

    title: str
    function: Callable[..., Any]
    summary: str
    inputs: Mapping[str, Any]
    config: type

    def settings(self, config: Any) -> dict[str, Any]:
        """The keyword arguments for one call, from an instance of ``config``."""
        return {field.name: getattr(config, field.name) for field in attrs.fields(self.config)}


def read(function: Callable[..., Any], kind: str, name: str) -> Signature:
    """The signature of a function that is to become a component, or ``PluginError``."""
    title = f"{kind} {name!r}"
    inputs: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    parameters = inspect.signature(function).parameters
    types = _types(function, title, parameters)
    helps = dict(_ARG.findall(function.__doc__ or ""))
    for each in parameters.values():
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            raise _said(title, f"takes {each}; name every column and every setting")
        if each.kind is each.KEYWORD_ONLY:
            settings[each.name] = _setting(each, types, helps, title)
        elif each.default is not each.empty:
            raise _said(title, f"gives the input {each.name!r} a default; settings stand after a bare *")
        else:
            inputs[each.name] = types.get(each.name, Any)
    return Signature(title, function, _summary(function, title), inputs, _config(function, name, settings))


def returned(function: Callable[..., Any]) -> Any:
    """The return annotation, resolved; ``None`` where there is none or it cannot be resolved."""
    try:
        return get_type_hints(function).get("return")
    except NameError:
        return None


def _types(function: Callable[..., Any], title: str, names: Mapping[str, Any]) -> dict[str, Any]:
    written = {name: kind for name, kind in function.__annotations__.items() if name in names}
    holder = SimpleNamespace(__annotations__=written)
    try:
        return get_type_hints(holder, globalns=function.__globals__)
    except NameError as error:
        raise _said(
            title, f"has an annotation that cannot be resolved: {error}; import it outside `if TYPE_CHECKING`"
        ) from error


def _setting(each: inspect.Parameter, types: Mapping[str, Any], helps: Mapping[str, str], title: str) -> Any:
    if each.name not in types:
        raise _said(title, f"gives its setting {each.name!r} no type")
    about = {"help": helps[each.name]} if each.name in helps else {}
    if each.default is each.empty:
        return attrs.field(type=types[each.name], metadata=about)
    if isinstance(each.default, (list, dict, set)):
        return attrs.field(type=types[each.name], metadata=about, factory=lambda: copy.deepcopy(each.default))
    return attrs.field(type=types[each.name], metadata=about, default=each.default)


def _config(function: Callable[..., Any], name: str, settings: dict[str, Any]) -> type:
    title = "".join(word.capitalize() for word in name.split("_")) + "Settings"
    made = attrs.make_class(title, settings, frozen=True, kw_only=True)
    made.__module__, made.__doc__ = function.__module__, f"Settings of ``{name}``."
    return made


def _summary(function: Callable[..., Any], title: str) -> str:
    lines = inspect.cleandoc(function.__doc__ or "").splitlines()
    if not lines:
        raise _said(title, "needs a docstring; its first line is the summary that users see")
    return lines[0]


def _said(title: str, what: str) -> PluginError:
    return PluginError(f"{title} {what}")
