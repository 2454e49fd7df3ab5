"""Edits of form: accents, Unicode normal forms, case, blanks, invisible characters, punctuation."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cached_property
from typing import Any, Literal

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Words
from fairloom.edits import Edits, Ranges
from fairloom.utf8 import Mask, Utf8
from fairloom_edits.characters import picked, sites_of
from fairloom_edits.sites import Addresses, Sites, edits_at
from fairloom_edits.step import Scope
from fairloom_edits.tables import INVISIBLE
from fairloom_edits.texts import Texts, is_mark

NormalForm = Literal["NFC", "NFD", "NFKC", "NFKD"]


_EARLY = 0x3000


@attrs.frozen(eq=False)
class Differing:
    """Which characters a change changes, each asked about once."""

    change: Callable[[str], str]

    @cached_property
    def _early(self) -> Mask:
        """Of the first code points; the later ones are asked about as they occur."""
        return np.fromiter((self.change(chr(point)) != chr(point) for point in range(_EARLY)), np.bool_, _EARLY)

    def __call__(self, points: Any) -> Mask:
        """One flag per code point."""
        if not points.size or int(points.max()) < _EARLY:
            early: Mask = self._early[points]
            return early
        late = np.flatnonzero(points >= _EARLY)
        differs: Mask = self._early[np.minimum(points, _EARLY - 1)]
        known, code = np.unique(points[late], return_inverse=True)
        differs[late] = np.array([self.change(chr(point)) != chr(point) for point in known], np.bool_)[code]
        return differs


def changed(texts: Any, sites: Sites, change: Callable[[str], str]) -> pa.Array:
    """What the change makes of what stands at each of the sites."""
    text = Utf8.of(texts)
    bounds = (text.bytes_at(sites.row, place) for place in (sites.start, sites.end))
    said = text.take(*bounds).dictionary_encode()
    return pa.array([change(each) for each in said.dictionary.to_pylist()], pa.large_string()).take(said.indices)


@attrs.frozen(eq=False)
class Everywhere:
    """All characters that ``change`` changes become that, one edit for each run of them; it goes by single characters.

    A run ends where a span begins or ends, so that no edit reaches across a border.
    """

    name: str
    change: Callable[[str], str]
    scope: Scope

    @cached_property
    def _differs(self) -> Differing:
        return Differing(self.change)

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:  # noqa: ARG002 - one signature for all
        """One edit per run; nothing is drawn."""
        texts = rows.column(field)
        sites = self._runs(Texts.of(texts), spans)
        sites = sites.take(self.scope.allowed(sites, spans))
        return edits_at(sites, changed(texts, sites, self.change), self.name)

    def _runs(self, made: Texts, spans: Any | None) -> Sites:
        differs = self._differs(made.points)
        parted = np.zeros(made.points.size + 1, np.bool_)
        parted[made.firsts] = True
        if spans is not None:
            marked = Ranges.of_spans(spans)
            for border in (marked.start, marked.end):
                parted[made.firsts[marked.row] + border] = True
        begins, ends = differs.copy(), differs.copy()
        begins[1:] &= ~differs[:-1] | parted[1:-1]
        ends[:-1] &= ~differs[1:] | parted[1:-1]
        first, last = np.flatnonzero(begins), np.flatnonzero(ends)
        row = np.searchsorted(made.firsts, first, side="right") - 1
        start = first - made.firsts[row]
        return Sites(row, start, start + (last - first) + 1, first)


@attrs.frozen(eq=False)
class Clusters:
    """A character with the marks that belong to it becomes ``change`` of it, where that is something else."""

    change: Callable[[str], str]

    def find(self, texts: Any) -> Sites:
        """Every cluster that the change changes."""
        made = Texts.of(texts)
        begins = _begins(made)
        first = np.flatnonzero(begins)
        last = np.concatenate((first[1:], np.array([made.points.size], np.int64)))
        single = last - first == 1
        differs = np.zeros(first.size, np.bool_)
        differs[single] = self._single(made.points[first[single]])
        long = np.flatnonzero(~single)
        clusters = [_text(made, first[at], last[at]) for at in long]
        differs[long] = [self.change(cluster) != cluster for cluster in clusters]
        first, last = first[differs], last[differs]
        start = made.places[first]
        return Sites(made.rows[first], start, start + (last - first), first)

    @cached_property
    def _single(self) -> Differing:
        return Differing(self.change)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """What the change makes of each."""
        return changed(texts, sites, self.change)


def _begins(texts: Texts) -> Mask:
    """Where a character begins that is no mark of the one before. Jamo that compose belong together too."""
    begins = np.ones(texts.points.size, np.bool_)
    if texts.points.size and int(texts.points.max()) >= 0x80:
        begins = ~texts.marked(_joins)
        begins[texts.firsts[:-1][np.diff(texts.firsts) > 0]] = True
    return begins


def _joins(character: str) -> bool:
    return is_mark(character) or "\u1160" <= character <= "\u11ff"


def _text(texts: Texts, first: int, last: int) -> str:
    return texts.points[first:last].astype("<u4").tobytes().decode("utf-32-le", "surrogatepass")


def without_marks(cluster: str) -> str:
    """``é`` as ``e``: the letter without the marks that were composed with it. Other writings are left alone."""
    parts = unicodedata.normalize("NFD", cluster)
    if not parts[:1].isascii():
        return cluster
    return "".join(part for part in parts if not unicodedata.combining(part)) or cluster


def normal(form: NormalForm) -> Callable[[str], str]:
    """The change that writes a normal form of Unicode (UAX 15)."""
    return lambda cluster: unicodedata.normalize(form, cluster)


@attrs.frozen(eq=False)
class Blanks:
    """Blanks between words: doubled, dropped, or another white space."""

    outcomes: tuple[str, ...]

    def find(self, texts: Any) -> Sites:
        """Every single space between two characters that are none."""
        made = Texts.of(texts)
        blank = made.points == 32
        inner = blank & made.same_row
        inner[:-1] &= ~blank[1:]
        inner[1:] &= ~blank[:-1] & made.same_row[:-1]
        inner[:1] = False
        return sites_of(made, inner)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """One of the outcomes."""
        return _one_of(self.outcomes, words)


@attrs.frozen(eq=False)
class Between:
    """Something between two letters of a word."""

    outcomes: tuple[str, ...] = INVISIBLE

    def find(self, texts: Any) -> Sites:
        """Every place between two letters."""
        made = Texts.of(texts)
        inner = made.letters & made.same_row
        inner[:-1] &= made.letters[1:]
        return sites_of(made, inner, 0, 1)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """One of the outcomes."""
        return _one_of(self.outcomes, words)


@attrs.frozen(eq=False)
class Marks:
    """Punctuation marks: dropped, doubled, or exchanged for another."""

    outcome: Literal["drop", "repeat", "change"]

    def find(self, texts: Any) -> Sites:
        """Every mark that closes a clause or sentence: not the point in 3.5 or an apostrophe in a word."""
        made = Texts.of(texts)
        marks = np.isin(made.points, [ord(mark) for mark in _MARKS])
        glued = made.marked(str.isalnum)
        marks[:-1] &= ~(glued[1:] & made.same_row[:-1])
        return sites_of(made, marks)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """Nothing, the mark twice, or another mark."""
        if self.outcome == "drop":
            return _one_of(("",), words)
        if self.outcome == "repeat":
            return pa.array([chr(key) * 2 for key in sites.key], pa.large_string())
        others = picked(words, len(_MARKS) - 1)
        own = np.array([_MARKS.index(chr(key)) for key in sites.key], np.int64)
        return pa.array(list(_MARKS), pa.large_string()).take(pa.array(others + (others >= own)))


_MARKS = ".,;:!?"


def _one_of(outcomes: tuple[str, ...], words: Words) -> pa.Array:
    return pa.array(outcomes, pa.large_string()).take(pa.array(picked(words, len(outcomes))))
