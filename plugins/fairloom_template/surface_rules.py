"""Surface rules over plain strings: where a rule finds something to change, and what it writes there.

This is the only place that knows what a rule does. The columnar side (``surface``) asks it about the
distinct strings of the pool and about the distinct places where two strings meet, never about rows.
Rules are compared by identity, so that what they said can be remembered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Protocol

import attrs

from fairloom.sounds import begins_with_vowel_sound
from fairloom_template.languages import Join

_OPENING = "\"'(\\[*_\u201c\u2018\u00ab\u201e\u00bf\u00a1"
_CLOSING = "\"')\\]*_\u201d\u2019\u00bb"
_GLUE = "\\w'\u2019\\-"
_RE2_GLUE = "\\pL\\pN_'\u2019\\-"
_CLAUSE_END = re.compile(f"[.!?:;\u2026][{_CLOSING}]*\\s+[{_OPENING}]*$")
_NOTHING = re.compile(f"[\\s{_OPENING}]*")
ABBREVIATIONS = frozenset(
    [
        "e.g",
        "i.e",
        "vs",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "st",
        "no",
        "nos",
        "fig",
        "vol",
        "ca",
        "cf",
        "approx",
        "jr",
        "sr",
    ]
)
"""Words with a full stop that ends no sentence."""


@attrs.frozen
class Change:
    """``text[start:end]`` becomes ``new``; the rule looked at ``text[first:last]`` to know it."""

    first: int
    last: int
    start: int
    end: int
    new: str


class Rule(Protocol):
    """One surface rule. The patterns are RE2's: they may let too much through, never too little."""

    @property
    def name(self) -> str:
        """As recipes call it."""

    @property
    def only(self) -> frozenset[str]:
        """The slots it is for; empty: all of the text."""

    @property
    def left(self) -> str:
        """Which strings may be on the left of a change."""

    @property
    def right(self) -> str:
        """Which strings may be on the right of one."""

    @property
    def inside(self) -> str:
        """Which strings may have a change inside."""

    @property
    def at_start(self) -> bool:
        """Whether the start of a text is a place of its own."""

    def __hash__(self) -> int:
        """By identity."""

    def changes(self, text: str, *, start: bool = False) -> Iterator[Change]:
        """The changes in a text, from left to right; ``start``: it is the start of a whole text."""


def applied(text: str, changes: Iterable[Change]) -> str:
    """The text with the changes made."""
    parts, at = [], 0
    for change in changes:
        if change.start >= at:
            parts += [text[at : change.start], change.new]
            at = change.end
    return "".join([*parts, text[at:]])


def _alternatives(words: Iterable[str]) -> str:
    return "|".join(
        re.escape(word).replace("\\ ", " ") for word in sorted(set(words), key=lambda word: (-len(word), word))
    )


@attrs.frozen(eq=False)
class Words:
    """Pairs of neighbouring words. ``joins`` by their first word in lower case."""

    name: str
    joins: Mapping[str, tuple[Join, ...]]
    spared: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    at_start: bool = False
    right: str = r"\S"

    @property
    def left(self) -> str:
        """Ends with one of the first words."""
        return f"(?i)(?:^|[^{_RE2_GLUE}])(?:{_alternatives(self.joins)})[ \\t]*$"

    @property
    def inside(self) -> str:
        """Has one of the first words before another word."""
        return f"(?i)(?:^|[^{_RE2_GLUE}])(?:{_alternatives(self.joins)})[ \\t]+\\S"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return re.compile(f"(?<![{_GLUE}])({_alternatives(self.joins)})([ \\t]+)([{_GLUE}]+)", re.IGNORECASE)

    @cached_property
    def _nexts(self) -> Mapping[str, tuple[tuple[re.Pattern[str], str], ...]]:
        return {
            word: tuple((_beginning(after), result) for _, after, result in joins) for word, joins in self.joins.items()
        }

    def changes(self, text: str, *, start: bool = False) -> Iterator[Change]:  # noqa: ARG002 # one signature for all
        """One change per pair of words, none for those that are spared."""
        at = 0
        while found := self._pattern.search(text, at):
            at = found.start(3)
            left, right = found[1].lower(), found[3].lower()
            if right in self.spared or f"{left} {right}" in self.spared:
                continue
            result = next((result for pattern, result in self._nexts[left] if pattern.fullmatch(found[3])), None)
            if result is not None:
                yield _joined(found, result)


def _beginning(word: str) -> re.Pattern[str]:
    """A next word as a pattern: letters stand for themselves, ``[...]`` for one of them, a last ``*`` for the rest."""
    parts = re.split(r"(\[[^\]]+\])", word.removesuffix("*"))
    said = "".join(f"[{re.escape(part[1:-1])}]" if part.startswith("[") else re.escape(part) for part in parts)
    return re.compile(said + ("" if not word.endswith("*") else ".*"), re.IGNORECASE)


def _joined(found: re.Match[str], result: str) -> Change:
    """The smallest change that writes ``result``: a word that stays as it is is left alone."""
    start, end, new = found.start(1), found.end(3), result
    if result.startswith("{left}"):
        start, new = found.end(1), result.removeprefix("{left}")
    elif found[1][:1].isupper():
        new = result[:1].upper() + result[1:]
    if new.endswith("{right}"):
        end, new = found.start(3), new.removesuffix("{right}")
    new = new.replace("{left}", found[1]).replace("{right}", found[3])
    blank = found[2]
    if start == found.end(1) and new.startswith(" "):
        start, new = found.start(3), new[1:]
    if end == found.start(3) and new.endswith(" "):
        end, new = end - len(blank), new[:-1]
    return Change(found.start(1), found.end(3), start, end, new)


@attrs.frozen(eq=False)
class Articles:
    """English "a" and "an" by the sound of the next word; where both are heard, what stands stays."""

    spared: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    name: str = "articles"
    at_start: bool = False
    left: str = f"(?:^|[^{_RE2_GLUE}.])(?:a|an|A|An|AN)[ \\t]*$"
    right: str = r"\S"
    inside: str = f"(?:^|[^{_RE2_GLUE}.])(?:a|an|A|An|AN)[ \\t]+\\S"

    def changes(self, text: str, *, start: bool = False) -> Iterator[Change]:
        """One change per wrong article. A capital "A" is an article only where a sentence begins."""
        for found in _ARTICLE.finditer(text):
            article, word = found[1], found[2]
            if article[0] == "A" and not self._begins(text[: found.start()], start=start):
                continue
            wanted = begins_with_vowel_sound(word)
            if wanted is None or wanted is (len(article) == 2) or self._is_spared(article, word):
                continue
            new = (
                article[0] + ("N" if article.isupper() and word.isupper() and len(word) > 1 else "n")
                if wanted
                else article[0]
            )
            yield Change(found.start(1), found.end(2), found.start(1), found.end(1), new)

    @staticmethod
    def _begins(before: str, *, start: bool) -> bool:
        """Whether a sentence begins after this."""
        return (start and _NOTHING.fullmatch(before) is not None) or _CLAUSE_END.search(before) is not None

    def _is_spared(self, article: str, word: str) -> bool:
        bare = word.strip("\"'(),.;:!?*_").lower()
        return bare in self.spared or f"{article.lower()} {bare}" in self.spared


_ARTICLE = re.compile(f"(?<![{_GLUE}.])(a|an|A|An|AN)[ \\t]+(?=(\\S+))")


@attrs.frozen(eq=False)
class Capitals:
    """A capital at the start of a text (``start``) and after ``.``, ``!``, ``?`` and a blank (``sentence``)."""

    spared: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    at: tuple[str, ...] = ("start", "sentence")
    name: str = "capitals"
    left: str = f"[.!?][{_CLOSING}]*(?:\\s+[{_OPENING}]*)?$"
    right: str = f"^\\s*[{_OPENING}]*\\p{{Ll}}"
    inside: str = f"[.!?][{_CLOSING}]*\\s+[{_OPENING}]*\\p{{Ll}}"

    @property
    def at_start(self) -> bool:
        """Whether texts begin with a capital."""
        return "start" in self.at

    def changes(self, text: str, *, start: bool = False) -> Iterator[Change]:
        """One change per letter. Words written like iPhone keep their own capitals."""
        if start and self.at_start and (found := _FIRST.match(text)) and self._is_meant(found["word"]):
            yield _capital(found)
        if "sentence" in self.at:
            for found in _AFTER_STOP.finditer(text):
                if self._is_meant(found["word"]) and not self._is_short(found["before"]):
                    yield _capital(found)

    def _is_meant(self, word: str) -> bool:
        return word.islower() and word not in self.spared

    def _is_short(self, before: str) -> bool:
        """Whether the full stop belongs to an abbreviation, an initial or an ellipsis."""
        if not before.endswith("."):
            return False
        word = before[:-1].lower()
        initial = len(word) == 1 and before[0].isupper()
        return initial or word.endswith(".") or word in ABBREVIATIONS or f"{word}." in self.spared


_FIRST = re.compile(f"\\s*[{_OPENING}]*(?P<word>[^\\W\\d_][\\w'\u2019-]*)")
_AFTER_STOP = re.compile(
    f"(?P<before>[\\w.]{{0,20}}[.!?])[{_CLOSING}]*\\s+[{_OPENING}]*(?P<word>[^\\W\\d_][\\w'\u2019-]*)"
)


def _capital(found: re.Match[str]) -> Change:
    at = found.start("word")
    letter = found["word"][0].upper()
    return Change(found.start(), at + 1, at, at + 1, letter)


@attrs.frozen(eq=False)
class Blanks:
    """Blanks at the edges of a text, more than one in a row, and before the marks ``before``."""

    before: str = ",.;:!?"
    only: frozenset[str] = frozenset()
    name: str = "blanks"
    left: str = r"[ \t]$"
    at_start: bool = False
    inside: str = r"[ \t]"

    @property
    def right(self) -> str:
        """Begins with a mark that stands close to the word before it."""
        return f"^[ \\t]*[{re.escape(self.before)}]+(?:[\\s{_CLOSING}]|$)" if self.before else r"^\b\B"

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        close = f"[ \\t]+(?=[{re.escape(self.before)}]+(?:[\\s{_CLOSING}]|$))|" if self.before else ""
        return re.compile(f"{close}[ \\t]{{2,}}")

    def changes(self, text: str, *, start: bool = False) -> Iterator[Change]:  # noqa: ARG002 # one signature for all
        """What is too much inside a text; its edges are not looked at."""
        for found in self._pattern.finditer(text):
            follows = text[found.end() : found.end() + 1]
            new = "" if follows and follows in self.before and self._closes(text, found.end()) else " "
            yield Change(found.start(), found.end(), found.start(), found.end(), new)

    def _closes(self, text: str, at: int) -> bool:
        return re.match(self.right.removeprefix("^"), text[at:]) is not None
