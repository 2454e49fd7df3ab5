"""Counterfactual people: pronouns by case, titles, kinship terms and names of a text change together, or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.edits import Edits
from fairloom.sounds import begins_with_vowel_sound
from fairloom_edits.doubts import FACTS, check_apart, check_facts, check_second_verb, is_person
from fairloom_edits.parsing import TellsCases
from fairloom_edits.pronouns import SETS, Place, UnsureError, agreeing, case_of
from fairloom_edits.sites import Addresses
from fairloom_edits.terms import ONE_WAY, SAID_OF_ALL, TERMS, Pair
from fairloom_edits.words import by_length, in_case, screened

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)*")
_CLITIC = re.compile(r"(she|he)['\u2019](s|ll|d)")


@attrs.frozen
class Change:
    """One word of a text and what it becomes."""

    start: int
    end: int
    new: str


@attrs.frozen(eq=False)
class People:
    """Rewrites the people of a text. ``to`` is a pronoun set, or ``swap``: she to he and he to she.

    ``names`` has a gender for each name and, for each gender, the names to draw from. ``parser`` is asked where the
    words beside a pronoun prove nothing. All edits of a row are one group: if one is refused, all are.
    """

    name: str
    to: str
    facts: frozenset[str] = FACTS
    names: Mapping[str, str] = attrs.field(factory=dict)
    parser: TellsCases | None = None
    terms: Mapping[str, Pair] = TERMS

    @cached_property
    def _screen(self) -> str:
        known = by_length([*self._terms, *SETS["she"], *SETS["he"], *self.names])
        return f"(?i)\\b(?:{'|'.join(map(re.escape, known))})"

    @cached_property
    def _terms(self) -> dict[str, tuple[str, str, str]]:
        """Of each term its gender, the term of the other one, and the open one."""
        women = {word: ("she", man, open_one) for word, (man, open_one) in {**self.terms, **ONE_WAY}.items()}
        men: dict[str, tuple[str, str, str]] = {}
        for word, (man, open_one) in self.terms.items():
            men.setdefault(man, ("he", word, open_one))
        return {**{man: each for man, each in men.items() if man not in SAID_OF_ALL}, **women}

    @cached_property
    def _drawn_from(self) -> dict[str, list[str]]:
        return {each: sorted(name for name, gender in self.names.items() if gender == each) for each in ("she", "he")}

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:  # noqa: ARG002 - one signature for all
        """The edits of every text whose people are all certain, one group per row."""
        found: list[tuple[int, Change]] = []
        words, _ = addresses.words(np.arange(rows.num_rows), np.zeros(rows.num_rows, np.int64))
        for row, text in screened(rows.column(field), self._screen):
            try:
                found += [(row, change) for change in self.changes(text, int(words[row]))]
            except UnsureError:
                continue
        owner = np.array([row for row, _ in found], np.int64)
        start, end = (np.array([getattr(one, key) for _, one in found], np.int64) for key in ("start", "end"))
        return Edits.of(owner, start, end, [one.new for _, one in found], self.name, owner)

    def why(self, texts: Any) -> list[str]:
        """Why texts were left alone."""
        return [self._why(text) for text in texts.to_pylist()]

    def _why(self, text: str | None) -> str:
        try:
            return "protected" if self.changes(text or "", 0) else "no person to change"
        except UnsureError as error:
            return str(error)

    def changes(self, text: str, word: int = 0) -> list[Change]:
        """What changes in one text; ``word`` are 32 random bits that choose names.

        Raises:
            UnsureError: Something is not certain; the message says what.
        """
        matches = list(_WORD.finditer(text))
        said = [match[0].lower().replace("\u2019", "'") for match in matches]
        check_facts(text, said, self.facts)
        changes = [change for at, match in enumerate(matches) for change in self._of_word(text, match, said[at], word)]
        if self.to == "they" and any(each.new.lower() == "they" for each in changes):
            check_second_verb(text)
        if changes:
            check_apart(said, self.to, dict(self._terms_changed(text, changes)))
        return _with_articles(text, changes)

    def _terms_changed(self, text: str, changes: Sequence[Change]) -> Iterator[tuple[str, str]]:
        """The terms and names among the changes, and what they become, in small letters."""
        for change in changes:
            old = text[change.start : change.end]
            if old.lower() in self._terms or old in self.names:
                yield old.lower(), change.new.lower()

    def _of_word(self, text: str, match: re.Match[str], said: str, word: int) -> Iterator[Change]:
        gender = next((each for each in ("she", "he") if said in SETS[each]), None)
        clitic = _CLITIC.fullmatch(said)
        if clitic is not None:
            yield from self._of_clitic(match, clitic)
        elif gender is not None:
            yield from self._of_pronoun(text, match, gender)
        elif said.removesuffix("'s") in self._terms:
            yield from self._of_term(text, match, said)
        elif match[0].removesuffix("'s") in self.names:
            yield from self._of_name(match, word)

    def _target(self, gender: str) -> str | None:
        """The set that a word of a gender goes to; ``None`` where it stays."""
        other = {"she": "he", "he": "she"}[gender] if self.to == "swap" else self.to
        return None if other == gender else other

    def _of_pronoun(self, text: str, match: re.Match[str], gender: str) -> Iterator[Change]:
        target = self._target(gender)
        if target is None:
            return
        place, parser, start = Place.of(text, match.start(), match.end()), self.parser, match.start()
        parsed = (lambda: None) if parser is None else (lambda: parser.case(text, start))
        yield Change(match.start(), match.end(), in_case(match[0], case_of(place, gender, target, parsed)))
        if place.word in {"she", "he"} and target == "they":
            beside = agreeing(place)
            if beside is not None:
                start = match.end() + 1 if beside[0] == place.after else match.start() - 1 - len(beside[0])
                verb = text[start : start + len(beside[0])]
                yield Change(start, start + len(verb), in_case(verb, beside[1]))

    def _of_clitic(self, match: re.Match[str], clitic: re.Match[str]) -> Iterator[Change]:
        target = self._target(clitic[1])
        if target is None:
            return
        if target == "they" and clitic[2] == "s":
            raise UnsureError("ambiguous: 's")
        yield Change(match.start(), match.start() + len(clitic[1]), in_case(match[0][: len(clitic[1])], target))

    def _of_term(self, text: str, match: re.Match[str], said: str) -> Iterator[Change]:
        stem = said.removesuffix("'s")
        start, end = match.start(), match.start() + len(stem)
        if not is_person(text, start, end, stem, self.names):
            return
        gender, other, open_one = self._terms[stem]
        target = self._target(gender)
        if target is None:
            return
        new = other if target in {"she", "he"} else open_one
        if not new:
            raise UnsureError(f"no open word for {stem}")
        yield Change(start, end, in_case(match[0][: len(stem)], new))

    def _of_name(self, match: re.Match[str], word: int) -> Iterator[Change]:
        name = match[0].removesuffix("'s")
        target = self._target(self.names[name])
        if target not in {"she", "he"}:
            return  # a name goes with any pronouns
        choices = self._drawn_from[target]
        if not choices:
            raise UnsureError(f"no name to stand in for {name}")
        at = (self._drawn_from[self.names[name]].index(name) + (word * len(choices) >> 32)) % len(choices)
        yield Change(match.start(), match.start() + len(name), choices[at])


def _with_articles(text: str, changes: Sequence[Change]) -> list[Change]:
    """The changes with those of "a" and "an" before words that now begin with another sound."""
    out: list[Change] = []
    for change in changes:
        article = re.search(r"(?<![\w'])(an?) $", text[: change.start], re.IGNORECASE)
        if article is not None:
            old, new = (begins_with_vowel_sound(word) for word in (text[change.start : change.end], change.new))
            if new is not None and old is not new:
                out.append(Change(article.start(1), article.end(1), in_case(article[1], "an" if new else "a")))
        out.append(change)
    return out
