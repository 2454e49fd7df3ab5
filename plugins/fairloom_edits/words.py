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
from fairloom_edits.english import is_name, may_grade
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
    alone: Mask
    """Which are no part of something longer: "th" in "15th", "based" in "UK-based", the parts of an address."""

    @property
    def follows(self) -> Mask:
        """Which are followed by another word after one blank, both alone."""
        out: Mask = np.zeros(self.row.size, np.bool_)
        out[:-1] = (self.row[1:] == self.row[:-1]) & (self.start[1:] == self.end[:-1] + 1)
        out[:-1] &= self.alone[1:] & self.alone[:-1]
        return out

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
        glued = np.append(~made.marked(_parts), [True])
        bare = made.firsts[row]
        before = (start == 0) | glued[np.maximum(bare + start - 1, 0)]
        behind = glued[np.minimum(bare + end, made.points.size)] | (bare + end >= made.firsts[row + 1])
        return cls(row, start, end, said, before & behind)

    def is_name(self, texts: Any, place: int) -> bool:
        """Whether the capital of a word says that it is part of a name."""
        return is_name(texts[int(self.row[place])].as_py(), int(self.start[place]), self.said[place].as_py())


def _of_word(character: str) -> bool:
    return character.isalpha() or (is_mark(character) and character not in "\u200b\u200c\u200d\ufe0e\ufe0f")


def _parts(character: str) -> bool:
    """Whether it joins with letters to something longer."""
    return character.isnumeric() or character in "-_/@&#\\"


@attrs.frozen(eq=False)
class Vocabulary:
    """Whole words: ``change`` says what one may become, nothing where it stays. It is asked once per distinct word.

    Words in names stay.
    """

    change: Callable[[str], Outcomes]

    def find(self, texts: Any) -> Sites:
        """Every word that may become something else."""
        spelt = Spelt.of(texts)
        known = spelt.said.dictionary.to_pylist()
        able = np.array([bool(self.change(word)) for word in known], np.bool_)
        capital = np.array([word[:1].isupper() for word in known], np.bool_)
        code = spelt.said.indices.to_numpy()
        at = np.flatnonzero(able[code]) if able.size else np.zeros(0, np.int64)
        names = [place for place in at[capital[code[at]]].tolist() if spelt.is_name(texts, place)]
        at = at[~np.isin(at, names)]
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

    ``pattern`` is Python's, ``screen`` an RE2 pattern that finds every row with a match. ``fits`` looks at what stands
    around a match.
    """

    pattern: re.Pattern[str]
    screen: str
    change: Callable[[str], Outcomes]
    fits: Callable[[re.Match[str]], bool] = bool

    def find(self, texts: Any) -> Sites:
        """Every match that may become something else."""
        found = list(self._matches(texts))
        columns = np.array(found, np.int64).reshape(-1, 3)
        return Sites(columns[:, 0], columns[:, 1], columns[:, 2], np.arange(len(found)))

    def _matches(self, texts: Any) -> Iterator[tuple[int, int, int]]:
        for row, text in screened(texts, self.screen):
            for match in self.pattern.finditer(text):
                if match.end() > match.start() and self.change(match[0]) and self.fits(match):
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


def phrases(table: Mapping[str, Outcomes], fits: Callable[[re.Match[str]], bool] = bool, behind: str = "") -> Patterned:
    """Phrases of a table of small letters, capitals kept; ``behind`` is a look-ahead that must hold.

    Words joined by a hyphen are one word, of which no part is changed. A phrase that becomes nothing stays, and so do
    the words in it.
    """
    either = alternatives(table)
    pattern = re.compile(f"(?<![\\w'\u2019-]){either}(?![\\w'\u2019]|-\\w){behind}", re.IGNORECASE)
    return Patterned(pattern, f"(?i){either}", listed(table), fits)


def alternatives(texts: Iterable[str]) -> str:
    """A pattern of any of these texts, the longest first; what several begin with is written, and tried, once."""
    heads: dict[str, list[str]] = {}
    for text in sorted(set(texts)):
        heads.setdefault(text[:1], []).append(text[1:])
    ended = heads.pop("", None) is not None
    parts = [f"{_escaped(head)}{alternatives(rest) if rest != [''] else ''}" for head, rest in heads.items()]
    return f"(?:{'|'.join(parts)}){'?' if ended else ''}"


def _escaped(character: str) -> str:
    if character in APOSTROPHES:
        return f"[{APOSTROPHES}]"
    return character if character == " " else re.escape(character)


def by_length(texts: Iterable[str]) -> list[str]:
    """Longest first, so that a pattern of alternatives takes the longest."""
    return sorted(set(texts), key=lambda text: (-len(text), text))


@attrs.frozen(eq=False)
class Graded:
    """Before an adjective of the list that another word precedes: a degree word, with a blank behind it."""

    outcomes: Outcomes
    before: frozenset[str]

    def find(self, texts: Any) -> Sites:
        """Before every such adjective in small letters, where the words around it let it be graded."""
        spelt = Spelt.of(texts)
        follows = spelt.follows
        at = np.flatnonzero(np.append([False], follows[:-1]) & _among(spelt.said, self.before))
        around = spelt.said.take(pa.array(np.stack([at - 1, at, np.minimum(at + 1, spelt.row.size - 1)], 1).ravel()))
        words = around.to_pylist()
        fits = [
            words[3 * number + 1].islower()
            and may_grade(words[3 * number].lower(), words[3 * number + 2].lower() if follows[place] else "")
            for number, place in enumerate(at.tolist())
        ]
        at = at[np.array(fits, np.bool_)]
        return Sites(spelt.row[at], spelt.start[at], spelt.start[at], at)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """One of the outcomes and a blank."""
        return one_of(tuple(f"{one} " for one in self.outcomes), words)


@attrs.frozen(eq=False)
class Pauses:
    """Behind a word that another follows: something said in between, with a comma before it."""

    outcomes: Outcomes

    def find(self, texts: Any) -> Sites:
        """Behind every word that another follows after one blank."""
        spelt = Spelt.of(texts)
        at = np.flatnonzero(spelt.follows)
        return Sites(spelt.row[at], spelt.end[at], spelt.end[at], at)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """A comma, a blank and one of the outcomes."""
        return one_of(tuple(f", {one}" for one in self.outcomes), words)


def one_of(outcomes: Outcomes, words: Words) -> pa.Array:
    """One of the outcomes for each of the random words."""
    return pa.array(outcomes, pa.large_string()).take(pa.array(picked(words, len(outcomes))))


def _among(said: pa.DictionaryArray, names: frozenset[str]) -> Mask:
    known = np.array([word.lower() in names for word in said.dictionary.to_pylist()], np.bool_)
    held: Mask = known[said.indices.to_numpy()] if known.size else np.zeros(0, np.bool_)
    return held


@attrs.frozen(eq=False)
class Dropped:
    """A word is left out, with the blank behind it; only words of the list, where there is one.

    Where it opened a sentence with a capital, the next word does.
    """

    names: frozenset[str] | None

    def find(self, texts: Any) -> Sites:
        """Every word that another follows after one blank; the key is the capital to write, or 0."""
        spelt, made = Spelt.of(texts), Texts.of(texts)
        follows = spelt.follows
        if self.names is not None:
            follows = follows & _among(spelt.said, self.names)
        at = np.flatnonzero(follows)
        begins = made.firsts[spelt.row[at]]
        first, second = (made.points[begins + spelt.start[place]].astype(np.int64) for place in (at, at + 1))
        opening = (spelt.start[at] == 0) | np.isin(made.points[np.maximum(begins + spelt.start[at] - 2, 0)], _STOPS)
        risen = np.where(opening & _between("A", first, "Z") & _between("a", second, "z"), second - 32, 0)
        return Sites(spelt.row[at], spelt.start[at], spelt.start[at + 1] + (risen > 0), risen)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """Nothing, or the capital."""
        return pa.array([chr(key) if key else "" for key in sites.key.tolist()], pa.large_string())


_STOPS = [ord(mark) for mark in ".!?"]


def _between(least: str, points: Ints, most: str) -> Mask:
    found: Mask = (points >= ord(least)) & (points <= ord(most))
    return found


@attrs.frozen(eq=False)
class Doubled:
    """A word is said twice: it is inserted again, with a blank, before itself."""

    def find(self, texts: Any) -> Sites:
        """Before every word that is no part of something longer."""
        spelt = Spelt.of(texts)
        at = np.flatnonzero(spelt.alone)
        return Sites(spelt.row[at], spelt.start[at], spelt.start[at], spelt.end[at])

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """The word and a blank."""
        said = said_at(texts, attrs.evolve(sites, end=sites.key))
        twice = pa.array([f"{word} " for word in said.dictionary.to_pylist()], pa.large_string())
        return twice.take(said.indices)
