"""The syntax of templates: Jinja's own parser, and what every reader of its nodes needs to ask of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import attrs
from jinja2 import Environment, TemplateSyntaxError, nodes

from fairloom.problems import did_you_mean
from fairloom_template.filters import FILTERS, as_text

MAX_DEPTH = 40
"""How deep expressions and blocks may be nested in each other."""

_SYNTAX = Environment(keep_trailing_newline=True, autoescape=False)  # noqa: S701 # never renders: only its parser is used


@attrs.frozen
class Source:
    """A template's text and where it stands: ``title`` for messages, ``path`` the key path in the recipe."""

    text: str
    title: str
    path: tuple[str | int, ...]


@attrs.frozen
class RefusedError(Exception):
    """One node that cannot be accepted."""

    message: str
    line: int
    suggestion: str | None = None


def parsed(text: str, bound: int) -> nodes.Template:
    """The nodes of a template of at most ``bound`` characters.

    Raises:
        RefusedError: it is too long, or no template.
    """
    if len(text) > bound:
        raise RefusedError(f"the template has {len(text):,} characters, more than max_characters = {bound:,}", 1)
    try:
        return _SYNTAX.parse(text)
    except TemplateSyntaxError as error:
        raise RefusedError(f"not a template: {error.message}", error.lineno) from None
    except RecursionError:
        raise RefusedError("nested too deep", 1) from None
    except ValueError as error:  # a number or an escape that Python itself will not read
        raise RefusedError(f"not a template: {error}", 1) from None


_WAYS_OUT: dict[type[nodes.Node], str] = {
    nodes.Call: "nothing can be called; use a filter, `{{ person.given|upper }}`",
    nodes.Add: "join texts with `~`",
    nodes.Mul: "write the text out",
    nodes.Slice: "put the part you need in a column of the value table",
    nodes.AssignBlock: "use `{% set name = expression %}`",
}


def not_allowed(node: nodes.Node) -> RefusedError:
    """The error for a node outside the language, with the way out where there is one."""
    kind = type(node).__name__.lower()
    return RefusedError(f"a template cannot use `{kind}`", node.lineno, _WAYS_OUT.get(type(node)))


def unknown(message: str, word: str, known: Iterable[str], node: nodes.Node) -> RefusedError:
    """The error for a name that does not exist, with the nearest one that does."""
    return RefusedError(message, node.lineno, did_you_mean(word, known))


def attribute_of(node: nodes.Node) -> tuple[nodes.Name, str] | None:
    """The name and attribute of ``person.given`` or ``person["given"]``."""
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return node.node, node.attr
    if isinstance(node, nodes.Getitem) and isinstance(node.node, nodes.Name):
        key = getattr(node.arg, "value", None)
        return (node.node, key) if isinstance(key, str) else None
    return None


def check_filter(node: nodes.Filter) -> None:
    """Whether the filter exists and has the right arguments.

    Raises:
        RefusedError: it does not, or has not.
    """
    if node.name not in FILTERS:
        raise unknown(f"there is no filter {node.name!r}", node.name, FILTERS, node)
    if has_named_arguments(node):
        raise RefusedError(f"write the arguments of {node.name} by position", node.lineno)
    if not FILTERS[node.name].takes(len(node.args)):
        most = FILTERS[node.name].arguments
        raise RefusedError(
            f"the filter {node.name} got {len(node.args)} arguments; it takes at most {most}", node.lineno
        )


def has_named_arguments(node: nodes.Filter | nodes.Test) -> bool:
    """Whether any argument is given by name or by unpacking."""
    return bool(node.kwargs or node.dyn_args or node.dyn_kwargs)


def argument_of(node: nodes.Expr) -> str | bool:
    """A constant argument of a filter."""
    value = plain_value(node)
    if value is None:
        raise RefusedError("`none` is no argument for a filter", node.lineno)
    return value if isinstance(value, bool) else as_text(value)


def plain_value(node: nodes.Node) -> Any:
    """The value of a constant, refused where it is no valid text or an enormous number."""
    value = getattr(node, "value", None)
    try:
        as_text(value).encode()
    except ValueError as error:  # half of a surrogate pair; more digits than Python will write
        raise RefusedError(f"not a text: {error}", node.lineno) from None
    return value
