"""Words and sentences that change places, in such a way that spans go with what they mark."""

from __future__ import annotations

import itertools
import re
from typing import Any, Protocol

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.edits import Edits, Ranges
from fairloom.utf8 import Utf8
from fairloom_edits.sentences import marked
from fairloom_edits.sites import Addresses, Amount, Sites, chosen, touching
from fairloom_edits.step import Scope
from fairloom_edits.words import Spelt, screened

_LINKED = re.compile(
    r"[\"'\u201c(\[]*(?:but|and|or|so|yet|however|also|then|therefore|thus|instead|otherwise|besides|moreover|still|"
    r"meanwhile|finally|again|later|even|especially|which|because)\b",
    re.IGNORECASE,
)
"""How a sentence begins that leans on the one before it."""


@attrs.frozen(eq=False)
class Pairs:
    """Two neighbouring stretches each: ``[start, middle_start)``, what is between them, ``[middle_end, end)``."""

    row: Ints
    start: Ints
    middle_start: Ints
    middle_end: Ints
    end: Ints

    def take(self, places: Any) -> Pairs:
        """Those at ``places``."""
        names = ("row", "start", "middle_start", "middle_end", "end")
        return Pairs(*(getattr(self, name)[places] for name in names))

    @property
    def first(self) -> Sites:
        """The first stretches."""
        return Sites(self.row, self.start, self.middle_start, np.arange(self.row.size))

    @property
    def second(self) -> Sites:
        """The second stretches."""
        return Sites(self.row, self.middle_end, self.end, np.arange(self.row.size))


class Pairing(Protocol):
    """Finds the pairs of a column, in order."""

    def __call__(self, texts: Any) -> Pairs:
        """Every pair."""


def words(texts: Any) -> Pairs:
    """Neighbouring words with one blank between them, both with a capital or both without.

    So the word that opens a sentence stays where it is.
    """
    spelt = Spelt.of(texts)
    known = spelt.said.dictionary.to_pylist()
    capital = np.array([word[:1].isupper() for word in known], np.bool_)[spelt.said.indices.to_numpy()]
    at = np.flatnonzero(spelt.follows[:-1] & (capital[1:] == capital[:-1]))
    return Pairs(spelt.row[at], spelt.start[at], spelt.end[at], spelt.start[at + 1], spelt.end[at + 1])


def sentences(texts: Any) -> Pairs:
    """Neighbouring sentences, both with a mark at their end, of which the second does not lean on the first."""
    found = [
        (row, *one, *other)
        for row, text in screened(texts, r"[.!?\x{2026}][^\pL\pN]*\s[^\pL\pN]*[\pL\pN]")
        for one, other in itertools.pairwise(marked(text))
        if not _LINKED.match(text, other[0]) and _closed(text[slice(*one)]) and _closed(text[slice(*other)])
    ]
    columns = np.array(found, np.int64).reshape(-1, 5)
    return Pairs(*columns.T)


def _closed(sentence: str) -> bool:
    """Whether every quotation and bracket that it opens ends in it."""
    pairs = (("(", ")"), ("[", "]"), ("\u201c", "\u201d"))
    return sentence.count('"') % 2 == 0 and all(sentence.count(one) == sentence.count(other) for one, other in pairs)


@attrs.frozen(eq=False)
class Exchange:
    """Two stretches change places: the one without spans is written on the other side, so that spans stay true.

    Pairs of which both have spans stay as they are.
    """

    name: str
    pairs: Pairing
    amount: Amount
    scope: Scope

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:
        """Two edits for each exchange, in one group."""
        texts = rows.column(field)
        pairs = self.pairs(texts)
        held = Ranges.none() if spans is None else Ranges.of_spans(spans)
        first_free, second_free = (~touching(each, held, borders=False) for each in (pairs.first, pairs.second))
        whole = Sites(pairs.row, pairs.start, pairs.end, np.arange(pairs.row.size))
        may = self.scope.free(whole, spans) & (first_free | second_free)
        picked, _ = chosen(whole.take(may), self.amount, addresses)
        return self._edits(texts, pairs.take(picked.key), second_free[picked.key])

    def _edits(self, texts: Any, pairs: Pairs, second_moves: Any) -> Edits:
        text = Utf8.of(texts)
        bounds = [
            text.bytes_at(pairs.row, each) for each in (pairs.start, pairs.middle_start, pairs.middle_end, pairs.end)
        ]
        first, between, second = (text.take(bounds[at], bounds[at + 1]) for at in range(3))
        moved = pc.if_else(
            pa.array(second_moves),
            pc.binary_join_element_wise(second, between, pa.scalar("", pa.large_string())),
            pc.binary_join_element_wise(between, first, pa.scalar("", pa.large_string())),
        )
        inserted = np.where(second_moves, pairs.start, pairs.end)
        gone = np.where(second_moves, pairs.middle_start, pairs.start)
        gone_end = np.where(second_moves, pairs.end, pairs.middle_end)
        count = pairs.row.size
        empty = pa.array([""], pa.large_string()).take(pa.array(np.zeros(count, np.int64)))
        return Edits.of(
            np.tile(pairs.row, 2),
            np.concatenate((inserted, gone)),
            np.concatenate((inserted, gone_end)),
            pa.concat_arrays([moved, empty]),
            self.name,
            np.tile(np.arange(count), 2),
        )
