"""A parser for "her" and "his": asked where the words beside them prove nothing, and allowed to say nothing as well.

The parser is a spaCy pipeline that is installed under its own name; it is imported when a recipe names it. What it says
is taken only where tag, relation and neighbours agree. A possessive behind a verb that may take a person and a thing
("gave her advice") is left open, since parsers are wrong there more often than anywhere else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from typing import Any, Protocol

import attrs

from fairloom.components import Tools
from fairloom.problems import RecipeError, did_you_mean
from fairloom_edits.lexicons import words_of

PIP = 'pip install "fairloom[parser]"'
_GROUP = "spacy_models"
"""The entry points by which spaCy's pipelines make themselves known; no other package is imported."""
_NEEDED = ("tagger", "parser")
_REMEMBERED = 256

_PERSON_AND_THING = words_of(
    "advance afford allot allow appoint ask assign award bear believe bet bring build buy call cause charge choose "
    "christen consider cook cost crown cut deal declare deem deny designate do draw dub earn elect enable envy favor "
    "favour feed feel fetch find fine forgive gain get give grant guarantee hand have hear help hire hold introduce "
    "judge keep kick label land leave lend let loan mail make name nickname notice observe offer order owe pass "
    "pay permit play pour prefer prepare present proclaim procure promise pronounce prove provide quote rate read "
    "rechristen refuse render rent repay reserve save secure see sell send serve show sing slip spare style supply "
    "teach tell term think throw tip title toast toss vote want watch win wish write yield"
)
"""What may be followed by a person and then by a thing, a name or what the person does."""


class TellsCases(Protocol):
    """What knows the case of a pronoun in its text."""

    def case(self, text: str, start: int) -> str | None:
        """The case (``pronouns.CASES``) of the pronoun that begins at ``start``; ``None`` where that is not certain."""


@attrs.frozen(eq=False)
class Parsed:
    """A spaCy pipeline as the judge of cases. Texts are parsed one by one, so no text sways another."""

    pipeline: Any
    _cases: Callable[[str], Mapping[int, str]] = attrs.field(init=False)

    @_cases.default
    def _remembering(self) -> Callable[[str], Mapping[int, str]]:
        return lru_cache(maxsize=_REMEMBERED)(self._read)

    def case(self, text: str, start: int) -> str | None:
        """The case of "her" or "his"."""
        return self._cases(text).get(start)

    def _read(self, text: str) -> Mapping[int, str]:
        tokens = [token for token in self.pipeline(text) if token.lower_ in {"her", "his"}]
        found = {token.idx: _case(token) for token in tokens}
        return {start: case for start, case in found.items() if case is not None}


def _case(token: Any) -> str | None:
    doc, last = token.doc, len(token.doc) - 1
    before = doc[token.i - 1] if token.i else None
    after = doc[token.i + 1] if token.i < last else None
    if after is not None and after.lower_ in {"and", "or", "&"}:
        return None  # "about her and his work": whose?
    if _possessive(token):
        return None if token.lower_ == "her" and _takes_both(before) else "their"
    return "them" if _object(token, before, after) else None


def _possessive(token: Any) -> bool:
    noun = token.head
    ahead = noun.i > token.i and noun.pos_ in {"NOUN", "PROPN", "ADJ", "NUM"}
    return bool(token.tag_ == "PRP$" and token.dep_ == "poss" and ahead)


def _takes_both(before: Any | None) -> bool:
    return before is not None and before.pos_ in {"VERB", "AUX"} and before.lemma_.lower() in _PERSON_AND_THING


def _object(token: Any, before: Any | None, after: Any | None) -> bool:
    if token.tag_ != "PRP":
        return False
    if token.dep_ == "nsubj":  # "let her go"
        verb = token.head
        return verb.i > token.i and verb.tag_ == "VB" and before is not None and before.pos_ in {"VERB", "AUX"}
    return token.head.i < token.i and token.dep_ in {"dobj", "pobj", "dative"} and not _noun_ahead(after)


def _noun_ahead(after: Any | None) -> bool:
    if after is None:
        return False
    return after.pos_ in {"NOUN", "PROPN", "ADJ", "NUM"} or after.tag_ in {"VBG", "VBN", "``"} or after.text == '"'


def parser_of(said: str, tools: Tools, key: str = "parser") -> Parsed:
    """The installed pipeline ``NAME``, or ``NAME==VERSION``; its version and spaCy's become part of the run's identity.

    Raises:
        RecipeError: spaCy or the pipeline is not installed, is of another version, or neither tags nor parses.
    """
    name, _, version = (part.strip() for part in said.partition("=="))
    found = _installed(name, key)
    at_hand = found.dist.version if found.dist is not None else ""
    if version and at_hand != version:
        way = f'install that version, or write parser = "{name}=={at_hand}"'
        raise RecipeError.of(f"{name} {version} is asked for, and {at_hand} is installed", key, suggestion=way)
    pipeline = found.load().load(exclude=["ner"])
    missing = [each for each in _NEEDED if each not in pipeline.pipe_names]
    if missing:
        raise RecipeError.of(f"the pipeline {name!r} has no {missing[0]}", key, suggestion="name one that has both")
    for package in ("spacy", found.dist.name if found.dist is not None else name):
        tools.version_of(package)
    return Parsed(pipeline)


def _installed(name: str, key: str) -> EntryPoint:
    way = f"{PIP} and python -m spacy download {name}"
    if find_spec("spacy") is None:
        raise RecipeError.of(f"parser = {name!r} needs spaCy, which is not installed", key, suggestion=way)
    known = {each.name: each for each in entry_points(group=_GROUP)}
    if name not in known:
        hint = did_you_mean(name, known) or way
        raise RecipeError.of(f"no spaCy pipeline {name!r} is installed", key, suggestion=hint)
    return known[name]
