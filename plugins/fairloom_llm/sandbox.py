"""The small part of Jinja that a prompt file may use, and how a value gets into a prompt.

A prompt decides its structure: lines that the author wrote. What comes from data (levels, seed rows, texts that a
model wrote) is only ever put *into* that structure: it is never read as a template, it stays on one line, and control
tokens of chat formats in it are broken up. ``quoted`` keeps the lines of a text, each behind ``> ``, so no line of
data can pass for one of the author's.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import StrictUndefined, nodes
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_CHARACTERS = 200_000
"""Of one message, and of anything a filter makes."""
MAX_LOOPS = 3
QUOTE = "> "

_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template,
    nodes.Block,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.For,
    nodes.Filter,
    nodes.Test,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.CondExpr,
    nodes.Concat,
    nodes.Tuple,
    nodes.List,
)
_FILTERS = ("capitalize", "default", "first", "join", "last", "length", "lower", "title", "trim", "upper")
_TESTS = ("defined", "undefined", "in", "none", "string")
# Tokens by which chat formats mark who speaks: <|im_start|>, <s>, </s>, [INST], <<SYS>>, <start_of_turn>, [/INST].
_CONTROL = re.compile(r"<(?=\||/?s>|<SYS>>|</SYS>>|/?(?:start|end)_of_)|\[(?=/?INST\])|(?<=\|)>", re.IGNORECASE)


class PromptFault(Exception):  # noqa: N818 - it is a fault of the prompt file, told as a problem of the recipe
    """What a prompt file may not do."""


class Quoted(str):
    """A text of several lines made safe by ``quoted``."""

    __slots__ = ()


def safe(text: str) -> str:
    """Data with the control tokens of chat formats broken up by a blank, whatever their case."""
    return _CONTROL.sub(lambda found: " >" if found.group() == ">" else f"{found.group()} ", text)


def one_line(value: object) -> str:
    """Data as it stands in a line of a prompt.

    Raises:
        PromptFault: there is no value in this row.
    """
    if value is None:
        raise PromptFault("a value it writes is missing in some row; put it under {% if %}")
    return value if isinstance(value, Quoted) else safe(" ".join(str(value).split()))


def quoted(value: object) -> Quoted:
    """Data of several lines, each behind ``> ``; every kind of line break counts."""
    lines = str(value).splitlines() or [""]
    return Quoted("\n".join(f"{QUOTE}{safe(line)}" for line in lines))


class PromptEnvironment(ImmutableSandboxedEnvironment):
    """Jinja without calls, arithmetic, imports and attributes of Python objects."""

    def __init__(self) -> None:
        super().__init__(undefined=StrictUndefined, finalize=_shown, trim_blocks=True, lstrip_blocks=True, cache_size=0)
        self.globals.clear()
        known = self.filters
        self.filters = {name: _bounded(known[name]) for name in _FILTERS} | {"quoted": quoted}
        self.tests = {name: test for name, test in self.tests.items() if name in _TESTS}

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An item of a mapping or a fact about a loop; nothing else has attributes."""
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        if isinstance(obj, LoopContext) and attribute in {"index", "index0", "first", "last", "length"}:
            return getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An item of a mapping or of a list."""
        if isinstance(obj, Mapping) and isinstance(argument, str) and argument in obj:
            return obj[argument]
        if isinstance(obj, list | tuple) and isinstance(argument, int) and argument < len(obj):
            return obj[argument]
        return self.undefined(obj=obj, name=argument)


def check_nodes(tree: nodes.Template) -> None:
    """Refuse what is not on the list, and loops in loops in loops in loops.

    Raises:
        PromptFault: names the line.
    """
    _check(tree, 0)


def _check(node: nodes.Node, loops: int) -> None:
    if not isinstance(node, _ALLOWED):
        what = type(node).__name__.lower()
        raise PromptFault(f"line {node.lineno}: a prompt may not use {what}; it has values, filters, if and for")
    loops += isinstance(node, nodes.For)
    if loops > MAX_LOOPS or (isinstance(node, nodes.For) and node.recursive):
        raise PromptFault(f"line {node.lineno}: loops may not be recursive or stand {MAX_LOOPS + 1} deep")
    for child in node.iter_child_nodes():
        _check(child, loops)


def bounded(pieces: Iterable[str]) -> str:
    """The rendered pieces as one text.

    Raises:
        PromptFault: it would be longer than ``MAX_CHARACTERS``.
    """
    found: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        if size > MAX_CHARACTERS:
            raise PromptFault(f"a message would have more than {MAX_CHARACTERS:,} characters")
        found.append(piece)
    return "".join(found).strip()


def _shown(value: Any) -> Any:
    """What an expression writes; an undefined value stays what it is, so that it is an error."""
    return value if isinstance(value, StrictUndefined) else one_line(value)


def _bounded(function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)  # Jinja marks on the function whether it wants the environment
    def filtered(*args: Any, **settings: Any) -> Any:
        made = function(*args, **settings)
        if isinstance(made, str) and len(made) > MAX_CHARACTERS:
            raise PromptFault(f"a filter would make more than {MAX_CHARACTERS:,} characters")
        return made

    return filtered
