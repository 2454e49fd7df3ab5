"""Hedges: words that make a statement less sure, where English puts them. A question is wondered about instead."""

from __future__ import annotations

import re
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.edits import Edits
from fairloom_edits import english
from fairloom_edits.lexicons import HEDGES
from fairloom_edits.sites import Addresses

BEHIND = (", I think", ", I guess", ", I suppose")
ASKING = ("I was wondering,", "Just curious,", "I wonder,")
_FIRST = re.compile(r"\s*([^\W\d_]+(?:['\u2019][^\W\d_]+)?)")
_LAST = re.compile(r"([.!]*)\s*$")


@attrs.frozen(eq=False)
class Hedged:
    """A hedge in front of a statement that opens with a common word, in front of a question, or else at the end.

    A question that opens with anything else stays as it is.
    """

    name: str

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:  # noqa: ARG002 - one signature for all
        """One or two edits per row, in one group."""
        words, _ = addresses.words(np.arange(rows.num_rows), np.zeros(rows.num_rows, np.int64))
        found = [
            (row, *edit)
            for row, (text, word) in enumerate(zip(rows.column(field).to_pylist(), words.tolist(), strict=True))
            for edit in _edits(text or "", word)
        ]
        row, start, end = np.array([each[:3] for each in found], np.int64).reshape(-1, 3).T
        return Edits.of(row, start, end, [each[3] for each in found], self.name, row)


def _edits(text: str, word: int) -> list[tuple[int, int, str]]:
    """Start, end and new text of the edits of one text."""
    first = _FIRST.match(text)
    if first is None:
        return []
    said = first[1].lower().replace("\u2019", "'")
    mark = _MARK.search(text)
    asked = mark is not None and mark[0] == "?"
    if said in _ASK and (asked or (mark is None and not said.endswith("n't"))):
        return _in_front(first, ASKING, word)
    if not asked and said not in _ASK and (said in english.STARTERS or said.partition("'")[0] in english.PRONOUNS):
        return _in_front(first, HEDGES, word)
    if _OPEN_END.search(text):
        return []
    last = _LAST.search(text)
    place = len(text) if last is None else last.start(1)
    return [(place, place, _one(BEHIND, word))]


_ASK = english.AUXILIARY | english.QUESTIONS | {"who", "which"}
_MARK = re.compile(r"[.!?](?=\s|$)")
_OPEN_END = re.compile(r"[?,:;]\s*$")


def _one(of: tuple[str, ...], word: int) -> str:
    return of[word * len(of) >> 32]


def _in_front(first: re.Match[str], hedges: tuple[str, ...], word: int) -> list[tuple[int, int, str]]:
    """The hedge, and the first letter small, unless it is "I" or all is in capitals."""
    place, said = first.start(1), first[1]
    hedge = _one(hedges, word)
    if not said[0].isupper() or said[:2] in {"I", "I'", "I\u2019"} or (len(said) > 1 and said.isupper()):
        return [(place, place, f"{hedge} ")]
    return [(place, place + 1, f"{hedge} {said[0].lower()}")]
