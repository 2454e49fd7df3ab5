"""The article before an edited word: "a" and "an" follow what is said now."""

from __future__ import annotations

import re
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.edits import Edits
from fairloom.sounds import begins_with_vowel_sound
from fairloom.utf8 import Mask
from fairloom_edits.sites import Addresses, Amount, Sites
from fairloom_edits.step import Dose, Scope
from fairloom_edits.texts import Texts

_ARTICLE = re.compile(r"(?:^|[^\w'\u2019-])(an?) $", re.IGNORECASE)
_WORD = re.compile(r"\s*(\S+)")
_REACH = 60


@attrs.frozen(eq=False)
class Agreeing:
    """The edits of ``dose`` with the articles that agree with them."""

    dose: Dose

    @property
    def amount(self) -> Amount:
        """How many edits a row gets, articles not counted."""
        return self.dose.amount

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:
        """The edits, and those of articles in one group with them."""
        edits = self.dose.propose(rows, field, spans, addresses)
        return agreeing(rows.column(field), edits, spans, self.dose.scope)


def agreeing(texts: Any, edits: Edits, spans: Any | None, scope: Scope) -> Edits:
    """The edits, each with one of the article before it where that is another now.

    The two are of one group. An edit whose article may not be edited is left out.
    """
    near = np.flatnonzero(_behind_article(Texts.of(texts), edits))
    found = [(place, *change) for place in near.tolist() if (change := _change(texts, edits, place)) is not None]
    if not found:
        return edits
    at, start, end = np.array([each[:3] for each in found], np.int64).T
    row = edits.row[at]
    free = scope.allowed(Sites(row, start, end, at), spans)
    free &= ~((row == edits.row[at - 1]) & (at > 0) & (edits.end[at - 1] > start - 1))
    kept = np.ones(len(edits), np.bool_)
    kept[at[~free]] = False
    new = pa.array([each[3] for each, able in zip(found, free.tolist(), strict=True) if able], pa.large_string())
    extra = Edits(row[free], start[free], end[free], new, edits.rule.take(pa.array(at[free])), edits.group[at[free]])
    return _together(edits.take(kept), extra)


def _together(one: Edits, other: Edits) -> Edits:
    row, start, end, group = (
        np.concatenate([getattr(each, name) for each in (one, other)]) for name in ("row", "start", "end", "group")
    )
    new, rule = (pa.concat_arrays([getattr(each, name) for each in (one, other)]) for name in ("new", "rule"))
    return Edits.of(row, start, end, new, rule, group)


def _behind_article(made: Texts, edits: Edits) -> Mask:
    """Edits behind a blank and one of the letters of an article: a quick look that lets few texts through."""
    if not len(edits):
        return np.zeros(0, np.bool_)
    place = made.firsts[edits.row] + edits.start
    letter, blank = made.points[np.maximum(place - 2, 0)], made.points[np.maximum(place - 1, 0)]
    out: Mask = (edits.start >= 2) & (blank == ord(" ")) & np.isin(letter, [ord(each) for each in "aAnN"])
    return out


def _change(texts: Any, edits: Edits, place: int) -> tuple[int, int, str] | None:
    """What to do to the article before an edit: start, end and new text; ``None`` where it stands right."""
    text, start = texts[int(edits.row[place])].as_py(), int(edits.start[place])
    article = _ARTICLE.search(text, max(0, start - 4), start)
    said = edits.new[place].as_py() + text[int(edits.end[place]) : int(edits.end[place]) + _REACH]
    word = _WORD.match(said)
    if article is None or word is None:
        return None
    vowel = begins_with_vowel_sound(word[1])
    if vowel is None or vowel == (len(article[1]) == 2):
        return None
    if vowel:
        return (
            article.end(1),
            article.end(1),
            "N" if article[1].isupper() and text[start : start + 2].isupper() else "n",
        )
    return article.end(1) - 1, article.end(1), ""
