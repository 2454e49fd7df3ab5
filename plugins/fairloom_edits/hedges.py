"""Hedges: words that make a statement less sure, where English puts them. A question is wondered about instead."""

from __future__ import annotations

import re
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Ints, Words
from fairloom.edits import Edits, Ranges
from fairloom_edits import english
from fairloom_edits.lexicons import HEDGES, words_of
from fairloom_edits.sentences import sentences
from fairloom_edits.sites import Addresses, Amount, Sites, chosen, edits_at, touching
from fairloom_edits.step import Scope

BEHIND = (", I think", ", I guess", ", I suppose")
ASKING = ("I was wondering,", "Just curious,", "I wonder,")
_SAID = (HEDGES, ASKING, BEHIND)
_STATED, _ASKED, _BEHIND = range(len(_SAID))
_NOWHERE = -1
_ASK = english.AUXILIARY | english.QUESTIONS | {"who", "which"}

_CALLS = words_of("hi hello hey dear thanks thank please sorry ok okay yes no well welcome bye goodbye congratulations")
"""What opens a sentence that states nothing."""

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
_LAST = re.compile(r"[.!]*$")
_OPEN = re.compile(r"[.!?]\s|(?:[?,:;\u2026]|[.!?\u2026][\"'\u201d\u2019)\]]+)$")
"""More than one sentence, or an end where no hedge fits."""
_UNSURE = re.compile(
    r"\b(?:I (?:think|guess|suppose|wonder|was wondering|believe)|may ?be|perhaps|probably|possibly|it seems|"
    r"as far as I know|just curious)\b",
    re.IGNORECASE,
)


@attrs.frozen(eq=False)
class _Places:
    """Of each sentence: what may stand in front of it and behind it, if anything.

    ``front`` is where the sentence begins, ``kind`` what may be written there (``_STATED``, ``_ASKED``, ``_NOWHERE``),
    and ``small`` whether its first letter gets small by it. ``behind`` is where a hedge at its end would stand.
    """

    row: Ints
    front: Ints
    kind: Ints
    small: Ints
    behind: Ints

    @classmethod
    def of(cls, texts: Any) -> _Places:
        """Those of a string column."""
        found = [
            (row, start, *_places(text[start:end], start))
            for row, text in enumerate(texts.to_pylist())
            for start, end in sentences(text or "")
        ]
        return cls(*np.array(found, np.int64).reshape(-1, 5).T)

    def sites(self, held: Ranges) -> tuple[Sites, Ints]:
        """One site for each sentence, and what is said there. Where a span holds the first letter, it is behind."""
        fronts = Sites(self.row, self.front, self.front + self.small, self.kind)
        ahead = (self.kind != _NOWHERE) & ~(touching(fronts, held, borders=False) & (self.small == 1))
        behind = ~ahead & (self.behind != _NOWHERE)
        start = np.where(ahead, self.front, self.behind)
        end = np.where(ahead, self.front + self.small, self.behind)
        usable = np.flatnonzero(ahead | behind)
        kind = np.where(ahead, self.kind, _BEHIND)[usable]
        return Sites(self.row[usable], start[usable], end[usable], np.arange(usable.size)), kind


@attrs.frozen(eq=False)
class Hedged:
    """A hedge in front of a statement that opens with a common word, in front of a question, or else at the end.

    A question that opens with anything else stays as it is, and so does a sentence that is hedged already.
    """

    name: str
    amount: Amount
    scope: Scope

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:
        """One edit for each sentence that is hedged."""
        texts = rows.column(field)
        sites, kind = _Places.of(texts).sites(Ranges.none() if spans is None else Ranges.of_spans(spans))
        may = self.scope.free(sites, spans, borders=False)
        picked, words = chosen(sites.take(may), self.amount, addresses)
        return edits_at(picked, _said(texts, picked, kind[picked.key], words), self.name)


def _said(texts: Any, sites: Sites, kinds: Ints, words: Words) -> pa.Array:
    """What is written at each site."""
    out = []
    for row, start, end, kind, word in zip(
        *(each.tolist() for each in (sites.row, sites.start, sites.end, kinds, words)), strict=True
    ):
        hedge = _SAID[kind][word * len(_SAID[kind]) >> 32]
        out.append(hedge if kind == _BEHIND else f"{hedge} {texts[row].as_py()[start:end].lower()}")
    return pa.array(out, pa.large_string())


def _places(sentence: str, start: int) -> tuple[int, int, int]:
    """What may stand in front, whether the first letter gets small, and the place behind."""
    first = _WORD.match(sentence)
    if first is None or " " not in sentence or _UNSURE.search(sentence):
        return _NOWHERE, 0, _NOWHERE
    said, asked = first[0].lower().replace("\u2019", "'"), sentence.endswith("?")
    if said in _ASK:
        could = asked or (sentence[-1] not in ".!" and not said.endswith("n't"))
        kind = _ASKED if could else _NOWHERE
    else:
        opens = said in english.STARTERS or said.partition("'")[0] in english.PRONOUNS
        kind = _STATED if opens and not asked else _NOWHERE
    closed = asked or said in _CALLS or _OPEN.search(sentence)
    behind = _NOWHERE if closed else start + _end(sentence)
    return kind, int(kind != _NOWHERE and _gets_small(first[0])), behind


def _end(sentence: str) -> int:
    last = _LAST.search(sentence)
    return len(sentence) if last is None else last.start()


def _gets_small(word: str) -> bool:
    """Unless it is "I", or all in capitals."""
    return word[0].isupper() and word[:2] not in {"I", "I'", "I\u2019"} and (len(word) == 1 or not word.isupper())
