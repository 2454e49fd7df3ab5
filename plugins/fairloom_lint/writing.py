"""Lints of what templates write themselves: braces, control characters, blanks."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import attrs

from fairloom.lints import Finding, LintView
from fairloom.traces import DAMAGED, LETTER
from fairloom_lint.segments import Segment
from fairloom_lint.texts import Template, surface_rules, templates_of

_BRACES = re.compile(r"[{}]+")
MOJIBAKE = re.compile(DAMAGED.replace(r"\pL", LETTER))
"""Text decoded by the wrong table, for `re`."""
_KEPT = "\t\n\r"
_JOINERS = "\u200c\u200d"
"""Needed in Persian, Indic scripts and emoji."""
_DOUBLED = re.compile(r"(?<=\S)[ \u00a0]{2,}(?=\S)")
_BEFORE = re.compile(r"(?<=\S)[ ]+[,.;:!?](?=\s|$)")
_SIDE = 18


@attrs.frozen
class NoSettings:
    """No keys."""


@attrs.frozen
class Braces:
    """Braces that a row would show: ``{person}``, ``{{{ city }}}``, a slot that was never closed."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per template."""
        for template in templates_of(view):
            for segment in template.segments:
                found = _BRACES.search(segment.text) if segment.kind == "text" else None
                if found:
                    said = f"writes {around(segment.text, found.start())!r} with a brace that is no slot"
                    way = "a slot is {{ name }}; a brace that is meant, {{ '{' }}"
                    yield template.finding("error", said, way, rows_of(view, template))
                    break


@attrs.frozen
class Control:
    """Control and unassigned characters, bidirectional overrides, lone surrogates, wrongly decoded characters."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per template."""
        for template in templates_of(view):
            found = next((letter for letter in template.text if is_damage(letter)), None)
            decoded = MOJIBAKE.search(template.text)
            if decoded is not None:
                said = f"has a character read in another encoding at {around(template.text, decoded.start())!r}"
                yield template.finding("error", said, "write the character that was meant", rows_of(view, template))
            elif found is not None:
                name = unicodedata.name(found, "control character")
                where = around(template.text, template.text.index(found))
                said = f"holds U+{ord(found):04X} ({name.lower()}) at {where!r}"
                yield template.finding("error", said, "remove it", rows_of(view, template))


@attrs.frozen
class Blanks:
    """Two blanks in a row, and blanks before a punctuation mark.

    Seen across the ends of slots: a slot counts as a word.
    """

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per template and kind."""
        if "blanks" in surface_rules(view):
            return
        for template in templates_of(view):
            flat = "".join(_shown(segment) for segment in template.segments)
            for pattern, said in ((_DOUBLED, "two blanks in a row"), (_BEFORE, "a blank before a punctuation mark")):
                found = pattern.search(flat)
                if found:
                    where = around(flat, found.start()).replace("\x00", "").replace(_WORD, "{{ }}")
                    yield template.finding("warning", f"has {said} at {where!r}", None, rows_of(view, template))


_WORD = "\ue000"


def _shown(segment: Segment) -> str:
    """A literal as it is, a slot as a word, logic as nothing that a blank could lean on."""
    return segment.text if segment.kind == "text" else _WORD if segment.kind == "slot" else "\x00"


def is_damage(letter: str) -> bool:
    """Whether no text should hold the character."""
    if letter in _KEPT or letter in _JOINERS:
        return False
    if letter == "\ufffd" or "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069":
        return True
    return unicodedata.category(letter) in {"Cc", "Cs", "Cn"}


def around(text: str, place: int) -> str:
    """A short piece of ``text`` about ``place``."""
    start, end = max(0, place - _SIDE), min(len(text), place + _SIDE)
    return ("..." if start else "") + text[start:end].strip() + ("..." if end < len(text) else "")


def rows_of(view: LintView, template: Template) -> int | None:
    """How many planned rows the template writes; ``None`` for an inline one."""
    if template.factor is None or template.level is None:
        return None
    return view.planned({template.factor: [template.level]})
