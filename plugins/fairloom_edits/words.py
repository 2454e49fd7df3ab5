"""Finders of words and phrases: whole words by what they become, phrases by pattern."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints, Words
from fairloom.utf8 import Mask, Utf8, plain
from fairloom_edits.characters import picked
from fairloom_edits.sites import Sites
from fairloom_edits.texts import Texts, is_mark

APOSTROPHES = "'\u2019"
Outcomes = tuple[str, ...]


@attrs.frozen(eq=False)
class Spelt:
    """Every word of a column: where it is, and what it says."""

    row: Ints
    start: Ints
    end: Ints
    said: pa.DictionaryArray

    @classmethod
    def of(cls, column: Any) -> Spelt:
        """Runs of letters and their marks, apostrophes between letters included."""
        made = Texts.of(column)
        inside = made.marked(_of_word)
        links = np.isin(made.points, [ord(mark) for mark in APOSTROPHES])
        links[:-1] &= inside[1:] & made.same_row[:-1]
        links[1:] &= inside[:-1] & made.same_row[:-1]
        links[:1] = links[-1:] = False
        inside |= links
        edge = inside.copy()
        edge[1:] &= ~(inside[:-1] & made.same_row[:-1])
        first = np.flatnonzero(edge)
        stop = inside & ~np.append(inside[1:], [False]) | inside & ~made.same_row
        last = np.flatnonzero(stop)
        row, start, end = made.rows[first], made.places[first], made.places[last] + 1
        text = Utf8.of(column)
        said = text.take(text.bytes_at(row, start), text.bytes_at(row, end)).dictionary_encode()
        return cls(row, start, end, said)


def _of_word(character: str) -> bool:
    return character.isalpha() or (is_mark(character) and character not in "\u200b\u200c\u200d\ufe0e\ufe0f")


@attrs.frozen(eq=False)
class Vocabulary:
    """Whole words: ``change`` says what one may become, nothing where it stays. It is asked once per distinct word."""

    change: Callable[[str], Outcomes]

    def find(self, texts: Any) -> Sites:
        """Every word that may become something else."""
        spelt = Spelt.of(texts)
        able = np.array([bool(self.change(word)) for word in spelt.said.dictionary.to_pylist()], np.bool_)
        at = np.flatnonzero(able[spelt.said.indices.to_numpy()]) if able.size else np.zeros(0, np.int64)
        return Sites(spelt.row[at], spelt.start[at], spelt.end[at], at)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:
        """One of the outcomes, in the case of the word."""
        return drawn(said_at(texts, sites), self.change, words)


def said_at(texts: Any, sites: Sites) -> Any:
    """What stands at the sites, as a dictionary array."""
    text = Utf8.of(texts)
    bounds = (text.bytes_at(sites.row, place) for place in (sites.start, sites.end))
    return text.take(*bounds).dictionary_encode()


def drawn(said: Any, change: Callable[[str], Outcomes], words: Words) -> pa.Array:
    """One of the outcomes of each text."""
    each = [change(text) for text in said.dictionary.to_pylist()]
    counts = np.array([len(outcomes) for outcomes in each], np.int64)
    first, code = np.cumsum(counts) - counts, said.indices.to_numpy()
    flat = pa.array([one for outcomes in each for one in outcomes], pa.large_string())
    return flat.take(pa.array(first[code] + picked(words, counts[code])))


def in_case(model: str, text: str) -> str:
    """``text`` with the capitals of ``model``: none, the first letter, or all of two letters and more."""
    if len(model) > 1 and model.isupper():
        return text.upper()
    return text[:1].upper() + text[1:] if model[:1].isupper() else text


def listed(table: Mapping[str, Outcomes]) -> Callable[[str], Outcomes]:
    """The change that a table of small words makes, capitals kept."""

    def change(word: str) -> Outcomes:
        plain_word = word.replace(APOSTROPHES[1], APOSTROPHES[0])
        return tuple(in_case(word, other) for other in table.get(plain_word.lower(), ()))

    return change


@attrs.frozen(eq=False)
class Patterned:
    """Matches of a pattern, in the rows where it has any. ``change`` gets what matched.

    ``pattern`` is Python's, ``screen`` an RE2 pattern that finds every row with a match.
    """

    pattern: re.Pattern[str]
    screen: str
    change: Callable[[str], Outcomes]

    def find(self, texts: Any) -> Sites:
        """Every match that may become something else."""
        found = list(self._matches(texts))
        columns = np.array(found, np.int64).reshape(-1, 3)
        return Sites(columns[:, 0], columns[:, 1], columns[:, 2], np.arange(len(found)))

    def _matches(self, texts: Any) -> Iterator[tuple[int, int, int]]:
        for row, text in screened(texts, self.screen):
            for match in self.pattern.finditer(text):
                if match.end() > match.start() and self.change(match[0]):
                    yield row, match.start(), match.end()

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:
        """One of the outcomes."""
        return drawn(said_at(texts, sites), self.change, words)


def screened(texts: Any, screen: str) -> Iterator[tuple[int, str]]:
    """The rows, and their texts, that match an RE2 pattern."""
    column = plain(texts)
    hits: Mask = pc.match_substring_regex(column, screen).to_numpy(zero_copy_only=False)
    rows = np.flatnonzero(hits)
    yield from zip(rows.tolist(), column.take(pa.array(rows)).to_pylist(), strict=True)


def phrases(table: Mapping[str, Outcomes], behind: str = "") -> Patterned:
    """Phrases of a table of small letters, capitals kept; ``behind`` is a look-ahead that must hold."""
    either = "|".join(re.escape(phrase).replace("\\ ", " ") for phrase in by_length(table))
    pattern = re.compile(f"(?<![\\w'\u2019])(?:{either})(?![\\w'\u2019]){behind}", re.IGNORECASE)
    return Patterned(pattern, f"(?i)(?:{either})", listed(table))


def by_length(texts: Iterable[str]) -> list[str]:
    """Longest first, so that a pattern of alternatives takes the longest."""
    return sorted(set(texts), key=lambda text: (-len(text), text))


@attrs.frozen(eq=False)
class Gaps:
    """Between two words, before the second: text that is inserted with a blank behind it."""

    outcomes: Outcomes
    before: frozenset[str] | None = None
    never_after: frozenset[str] = frozenset()

    def find(self, texts: Any) -> Sites:
        """Before every word but the first of a text; of listed words, where there is a list."""
        spelt = Spelt.of(texts)
        follows = np.zeros(spelt.row.size, np.bool_)
        # One blank between them: no mark, no digit.
        follows[1:] = (spelt.row[1:] == spelt.row[:-1]) & (spelt.start[1:] == spelt.end[:-1] + 1)
        if self.before is not None:
            follows &= _among(spelt.said, self.before)
        follows[1:] &= ~_among(spelt.said, self.never_after)[:-1]
        at = np.flatnonzero(follows)
        return Sites(spelt.row[at], spelt.start[at], spelt.start[at], at)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """One of the outcomes and a blank."""
        return pa.array([f"{one} " for one in self.outcomes], pa.large_string()).take(
            pa.array(picked(words, len(self.outcomes)))
        )


def _among(said: pa.DictionaryArray, names: frozenset[str]) -> Mask:
    known = np.array([word.lower() in names for word in said.dictionary.to_pylist()], np.bool_)
    held: Mask = known[said.indices.to_numpy()] if known.size else np.zeros(0, np.bool_)
    return held


@attrs.frozen(eq=False)
class Dropped:
    """A word is left out, with the blank behind it; only words of the list, where there is one."""

    names: frozenset[str] | None

    def find(self, texts: Any) -> Sites:
        """Every word that another follows after one blank."""
        spelt = Spelt.of(texts)
        follows = np.zeros(spelt.row.size, np.bool_)
        follows[:-1] = (spelt.row[1:] == spelt.row[:-1]) & (spelt.start[1:] == spelt.end[:-1] + 1)
        if self.names is not None:
            follows &= _among(spelt.said, self.names)
        at = np.flatnonzero(follows)
        return Sites(spelt.row[at], spelt.start[at], spelt.end[at] + 1, at)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """Nothing."""
        return pa.array([""], pa.large_string()).take(pa.array(np.zeros(words.size, np.int64)))


@attrs.frozen(eq=False)
class Doubled:
    """A word is said twice: it is inserted again, with a blank, before itself."""

    def find(self, texts: Any) -> Sites:
        """Before every word."""
        spelt = Spelt.of(texts)
        return Sites(spelt.row, spelt.start, spelt.start, spelt.end)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """The word and a blank."""
        said = said_at(texts, attrs.evolve(sites, end=sites.key))
        twice = pa.array([f"{word} " for word in said.dictionary.to_pylist()], pa.large_string())
        return twice.take(said.indices)
