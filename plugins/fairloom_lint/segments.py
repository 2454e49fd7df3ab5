"""A template cut into what it writes itself, what it fills in, and logic: enough for lint, and never run.

Jinja's own lexer does the cutting, so a literal is what the template would write, after ``{% raw %}`` and comments.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal

import attrs
from jinja2 import Environment, TemplateSyntaxError

_ENVIRONMENT = Environment(autoescape=False, keep_trailing_newline=True)  # noqa: S701 - it only cuts, nothing is rendered
_PLAIN = re.compile(
    r"""(?P<factor>[A-Za-z_]\w*)(?:\.(?P<attribute>\w+)|\[["'](?P<item>[^"']+)["']\])?(?P<calls>\|.+)?"""
)
_NAME = re.compile(r"(?<![\w.|'\"])([A-Za-z_]\w*)(?:\.(\w+))?")
_TEXTS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")


@attrs.frozen
class Segment:
    """A piece of a template: a literal ``text``, a ``slot`` (``factor``, ``attribute``, filters), or ``logic``.

    ``depth`` counts the blocks around it: what stands in an ``{% if %}`` is not always written.
    """

    kind: Literal["text", "slot", "logic"]
    text: str
    factor: str = ""
    attribute: str | None = None
    calls: str = ""
    depth: int = 0


@lru_cache(maxsize=65_536)
def segments(text: str) -> tuple[Segment, ...]:
    """The pieces of a template in order; a template that Jinja cannot cut is one literal."""
    try:
        tokens = list(_ENVIRONMENT.lex(text))
    except TemplateSyntaxError:
        return (Segment("text", text),)
    made: list[Segment] = []
    inner: list[str] = []
    depth = 0
    for _, kind, value in tokens:
        if kind in {"variable_begin", "block_begin"}:
            inner = []
        elif kind == "variable_end":
            made.append(_slot("".join(inner), depth))
        elif kind == "block_end":
            depth = max(0, depth + _step(inner))
            made.append(Segment("logic", "".join(inner), depth=depth))
        elif kind == "data":
            made.append(Segment("text", value, depth=depth))
        elif not kind.startswith(("raw", "comment", "linecomment")):
            inner.append(value)
    return tuple(made)


def names_in(segment: Segment) -> frozenset[tuple[str, str | None]]:
    """The names that a slot or a piece of logic reads, each with its attribute."""
    bare = _TEXTS.sub("", segment.text)
    return frozenset((name, attribute or None) for name, attribute in _NAME.findall(bare))


def _slot(expression: str, depth: int) -> Segment:
    said = expression.strip()
    found = _PLAIN.fullmatch(re.sub(r"\s*([.|\[\]])\s*", r"\1", said))
    if found is None:
        return Segment("logic", said, depth=depth)
    attribute = found["attribute"] or found["item"]
    return Segment("slot", said, found["factor"], attribute, (found["calls"] or "").lstrip("|"), depth)


def _step(tokens: list[str]) -> int:
    words = "".join(tokens).split()
    opened = words[0] if words else ""
    return {"if": 1, "for": 1, "endif": -1, "endfor": -1}.get(opened, 0)
