"""Protected spans in a text that a model rewrites: marks go out in their place, and each must come back once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

_MARK = re.compile(r"\[(\d+)\]")
_BRACKETS = re.compile(r"[\[\]]")

Span = Mapping[str, Any]


@attrs.frozen
class Marked:
    """A text whose spans are marks ``[1]``, ``[2]``, ... in the order of the text."""

    text: str
    spans: tuple[Span, ...]


@attrs.frozen
class Restored:
    """A text with the values back in, and where they are now."""

    text: str
    spans: tuple[Span, ...]


def marked(text: str, spans: Sequence[Span]) -> Marked | str:
    """The text with marks for its spans, or why it cannot have them."""
    ordered = sorted(spans, key=lambda span: (span["start"], span["end"]))
    parts: list[str] = []
    end = 0
    for number, span in enumerate(ordered, start=1):
        if span["start"] < end:
            return "spans overlap"
        parts += [text[end : span["start"]], f"[{number}]"]
        end = span["end"]
    parts.append(text[end:])
    if any(_BRACKETS.search(part) for part in parts[::2]):
        return "the text has square brackets of its own"
    return Marked("".join(parts), tuple(ordered))


def remarked(text: str, spans: Sequence[Span], before: Marked) -> str:
    """A restored text with the marks of ``before`` for its spans: what had been answered."""
    left: dict[tuple[str, str], list[int]] = {}
    for number, span in enumerate(before.spans, start=1):
        left.setdefault((span["slot"], span["value"]), []).append(number)
    made, end = "", 0
    for span in sorted(spans, key=lambda span: (span["start"], span["end"])):
        made += f"{text[end : span['start']]}[{left[span['slot'], span['value']].pop(0)}]"
        end = span["end"]
    return made + text[end:]


def restored(text: str, before: Marked) -> Restored | str:
    """The rewritten text with its values, or what is wrong with its marks."""
    parts = _MARK.split(text)
    found = [int(number) for number in parts[1::2]]
    for number, span in enumerate(before.spans, start=1):
        if found.count(number) != 1:
            return f"{'lost' if number not in found else 'repeated'} the span {span['slot']}"
    if len(found) > len(before.spans) or any(_BRACKETS.search(part) for part in parts[::2]):
        return "has brackets that are no mark"
    made, spans = parts[0], []
    for number, after in zip(found, parts[2::2], strict=True):
        span = before.spans[number - 1]
        spans.append({**span, "start": len(made), "end": len(made) + len(span["value"])})
        made += span["value"] + after
    return Restored(made, tuple(spans))
