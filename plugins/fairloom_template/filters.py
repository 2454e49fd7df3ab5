"""The filters a template may use. Each maps one text to one text and is bounded by a length."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import attrs

Argument = str | bool
MAX_VOCABULARY = 16_000_000
"""How many characters one chain of filters may make of all levels of a factor."""
_WORD_START = re.compile(r"([-\s({\[<]+)")


class TooLongError(Exception):
    """A text grew past the bound."""


@attrs.frozen
class Call:
    """A filter with its constant arguments, as a template wrote them."""

    name: str
    arguments: tuple[Argument, ...] = ()


@attrs.frozen
class TextFilter:
    """One allowed filter: what it does, and how many arguments it takes at least and at most.

    ``apply(text, *arguments)``; ``optional`` is how many of the arguments may be left out.
    """

    apply: Callable[..., str]
    arguments: int = 0
    optional: int = 0

    def takes(self, count: int) -> bool:
        """Whether ``count`` arguments are right."""
        return self.arguments - self.optional <= count <= self.arguments


def _capitalize(text: str) -> str:
    return text[:1].upper() + text[1:]


def _title(text: str) -> str:
    return "".join(part[:1].upper() + part[1:].lower() for part in _WORD_START.split(text))


def _default(text: str, value: Argument, empty: Argument = False) -> str:  # noqa: FBT002 # Jinja's signature
    return text if text or not empty else as_text(value)


FILTERS: dict[str, TextFilter] = {
    "upper": TextFilter(str.upper),
    "lower": TextFilter(str.lower),
    "capitalize": TextFilter(_capitalize),
    "title": TextFilter(_title),
    "trim": TextFilter(str.strip, 1, 1),
    "strip": TextFilter(str.strip, 1, 1),
    "replace": TextFilter(str.replace, 2),
    "default": TextFilter(_default, 2, 1),
}


def as_text(value: Any) -> str:
    """A plain value as templates write it: truth values as Arrow writes them, ``true``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def applied(text: str | None, call: Call, bound: int) -> str | None:
    """The filtered text; ``None`` (a missing form) stays missing unless the filter is ``default``.

    Raises:
        TooLongError: the result would have more than ``bound`` characters.
    """
    if text is None:
        return as_text(call.arguments[0]) if call.name == "default" else None
    if call.name == "replace":
        _check_replacement(text, call.arguments, bound)
    result = FILTERS[call.name].apply(text, *call.arguments)
    if len(result) > bound:
        raise TooLongError
    return result


def filtered(texts: Iterable[str | None], calls: Iterable[Call], bound: int) -> list[str | None]:
    """A whole vocabulary through a chain of filters.

    Raises:
        TooLongError: a result has more than ``bound`` characters, or all of them more than MAX_VOCABULARY.
    """
    values = list(texts)
    for call in calls:
        values = list(_bounded((applied(text, call, bound) for text in values), MAX_VOCABULARY))
    return values


def _bounded(texts: Iterable[str | None], left: int) -> Iterator[str | None]:
    for text in texts:
        left -= len(text or "")
        if left < 0:
            raise TooLongError
        yield text


def _check_replacement(text: str, arguments: tuple[Argument, ...], bound: int) -> None:
    """Refuse a long result before it is made: a short text can ask for gigabytes."""
    old, new = str(arguments[0]), str(arguments[1])
    found = text.count(old)
    if len(text) + found * (len(new) - len(old)) > bound:
        raise TooLongError
