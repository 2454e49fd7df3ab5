"""Edits of whole texts: something written around them, or all of them in another encoding."""

from __future__ import annotations

import base64
import codecs
from collections.abc import Callable
from typing import Any, Protocol

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import LABEL, decoded
from fairloom.draws import Words
from fairloom.edits import Edits, Ranges
from fairloom.utf8 import Mask, Utf8, characters, plain
from fairloom_edits.characters import picked
from fairloom_edits.sites import Addresses, Sites, edits_at, touching
from fairloom_edits.step import Scope
from fairloom_edits.words import said_at


class Wrapping(Protocol):
    """Says what is written before and behind each row."""

    def __call__(self, rows: pa.RecordBatch, words: Words) -> tuple[list[str], list[str]]:
        """One text each per row."""


@attrs.frozen(eq=False)
class Around:
    """Text before and behind the whole text. Rows without text, or that ``avoid`` (RE2) finds, stay as they are.

    What is written behind stands before the blanks at the end of the text. With ``sentence`` it is a sentence of its
    own, so a text without a mark at its end gets a full stop.
    """

    name: str
    wrapping: Wrapping
    avoid: str | None = None
    sentence: bool = False

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:  # noqa: ARG002 - one signature for all
        """One or two edits per row, in one group."""
        texts = plain(rows.column(field))
        words, _ = addresses.words(np.arange(rows.num_rows), np.zeros(rows.num_rows, np.int64))
        end = characters(pc.utf8_rtrim_whitespace(texts))
        usable = end > 0
        if self.avoid is not None:
            usable &= ~_found(texts, self.avoid)
        before, behind = self.wrapping(rows, words)
        if self.sentence:
            unmarked = ~_found(texts, _MARKED_END)
            behind = [f".{one}" if one and bare else one for one, bare in zip(behind, unmarked.tolist(), strict=True)]
        parts = [
            (row, place, side[row])
            for side, at in ((before, np.zeros_like(end)), (behind, end))
            for row, place in zip(np.flatnonzero(usable).tolist(), at[usable].tolist(), strict=True)
            if side[row]
        ]
        row, place = np.array([part[:2] for part in parts], np.int64).reshape(-1, 2).T
        return Edits.of(row, place, place, [part[2] for part in parts], self.name, row)


_MARKED_END = r"[\p{P}\p{S}]\s*$"


def _found(texts: pa.Array, pattern: str) -> Mask:
    found: Mask = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


@attrs.frozen
class OneOf:
    """One of these pairs of a beginning and an end."""

    pairs: tuple[tuple[str, str], ...]

    def __call__(self, rows: pa.RecordBatch, words: Words) -> tuple[list[str], list[str]]:  # noqa: ARG002 - one signature for all
        """By the random word of the row."""
        each = [self.pairs[at] for at in picked(words, len(self.pairs))]
        return [before for before, _ in each], [behind for _, behind in each]


@attrs.frozen
class Behind:
    """So many of these sentences behind the text, none of them twice."""

    sentences: tuple[str, ...]
    count: int

    def __call__(self, rows: pa.RecordBatch, words: Words) -> tuple[list[str], list[str]]:
        """Those that follow each other in the list, from the one that the random word of the row picks."""
        size = len(self.sentences)
        runs = ["".join(f" {self.sentences[(at + step) % size]}" for step in range(self.count)) for at in range(size)]
        return [""] * rows.num_rows, [runs[at] for at in picked(words, size)]


@attrs.frozen
class Canary:
    """An instruction, with a harmless word that shows whether it was followed."""

    instructions: tuple[str, ...]

    def __call__(self, rows: pa.RecordBatch, words: Words) -> tuple[list[str], list[str]]:
        """Behind the text; ``{canary}`` is ``CANARY-`` and eight digits of the row's own."""
        at = picked(words, len(self.instructions))
        said = [
            " " + self.instructions[one].replace("{canary}", f"CANARY-{int(word):08x}")
            for one, word in zip(at, words, strict=True)
        ]
        return [""] * rows.num_rows, said


@attrs.frozen
class Leak:
    """The name of a label behind the text: the row's own, or another."""

    labels: tuple[str, ...]
    own: bool
    form: str

    def __call__(self, rows: pa.RecordBatch, words: Words) -> tuple[list[str], list[str]]:
        """Rows without a label have none."""
        held = decoded(rows.column(LABEL)).to_pylist() if LABEL in rows.schema.names else [None] * rows.num_rows
        said = [self._said(label, int(word)) for label, word in zip(held, words, strict=True)]
        return [""] * rows.num_rows, said

    def _said(self, label: str | None, word: int) -> str:
        others = [other for other in self.labels if other != label]
        if label is None or (not self.own and not others):
            return ""
        named = label if self.own else others[word * len(others) >> 32]
        return " " + self.form.replace("{label}", named.replace("_", " "))


ENCODINGS: dict[str, Callable[[str], str]] = {
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "rot13": lambda text: codecs.encode(text, "rot13"),
    "hex": lambda text: text.encode().hex(),
}


@attrs.frozen(eq=False)
class Encoded:
    """The whole text, or the spans of the slots ``only``, in another encoding. Protected spans are left out of it."""

    name: str
    change: Callable[[str], str]
    scope: Scope

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:  # noqa: ARG002 - one signature for all
        """One edit per row, or per span."""
        texts = rows.column(field)
        ranges = self.scope.inside(spans) if self.scope.only else _wholes(texts)
        sites = Sites(ranges.row, ranges.start, ranges.end, np.arange(ranges.row.size))
        sites = sites.take(np.lexsort((sites.start, sites.row)))
        sites = sites.take((sites.end > sites.start) & ~touching(sites, self.scope.protected(spans)))
        said = said_at(texts, sites)
        changed = [self.change(text) for text in said.dictionary.to_pylist()]
        return edits_at(sites, pa.array(changed, pa.large_string()).take(said.indices), self.name)


def _wholes(texts: Any) -> Ranges:
    length = np.diff(Utf8.of(texts).firsts)
    return Ranges(np.arange(length.size), np.zeros(length.size, np.int64), length)
