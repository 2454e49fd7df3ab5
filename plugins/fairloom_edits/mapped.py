"""Edits by table: some characters, or short runs of them, have others that are taken for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom.draws import Ints, Words
from fairloom.utf8 import Mask
from fairloom_edits.characters import picked
from fairloom_edits.sites import Sites, apart
from fairloom_edits.texts import Texts, is_mark

Table = Mapping[str, tuple[str, ...]]


@attrs.frozen(eq=False)
class Mapped:
    """Every run of characters that the table names may become one of its others. Longer runs come first."""

    table: Table

    @cached_property
    def _runs(self) -> list[str]:
        return sorted(self.table, key=lambda run: (-len(run), run))

    @cached_property
    def _outcomes(self) -> tuple[pa.Array, Any, Any]:
        """All outcomes in a row, where those of each run begin, and how many there are."""
        each = [self.table[run] for run in self._runs]
        counts = np.array([len(outcomes) for outcomes in each], np.int64)
        return (
            pa.array([one for outcomes in each for one in outcomes], pa.large_string()),
            np.cumsum(counts) - counts,
            counts,
        )

    @cached_property
    def _single(self) -> npt.NDArray[np.int16]:
        """The number of the run of each code point, -1 where there is none; the last is for all that follow."""
        single = {ord(run): number for number, run in enumerate(self._runs) if len(run) == 1}
        numbers = np.full(max(single, default=0) + 2, -1, np.int16)
        numbers[list(single)] = list(single.values())
        return numbers

    @cached_property
    def _lengths(self) -> Ints:
        return np.array([len(run) for run in self._runs], np.int64)

    def find(self, texts: Any) -> Sites:
        """Every run of the table; where two overlap, the first, and of two at one place the longer."""
        made = Texts.of(texts)
        bare = _bare(made)
        number = self._single[np.minimum(made.points, self._single.size - 1)]
        number[~bare] = -1
        self._put_longer(made, bare, number)
        at = np.flatnonzero(number >= 0)
        key = number[at].astype(np.int64)
        start = made.places[at]
        return Sites(made.rows[at], start, start + self._lengths[key], key)

    def _put_longer(self, texts: Texts, bare: Mask, number: npt.NDArray[np.int16]) -> None:
        """Write the longer runs over those of one character that they cover."""
        found = [self._places(texts, bare, run) for run in self._runs if len(run) > 1]
        if not found:
            return
        at, which = np.concatenate(found), np.repeat(np.arange(len(found)), [each.size for each in found])
        order = np.lexsort((which, at))  # longer runs have lower numbers
        at, which = at[order], which[order]
        ends = at + self._lengths[which]
        kept = apart(Sites(np.zeros_like(at), at, ends, which))
        at, which = at[kept], which[kept]
        for step in range(1, int(self._lengths.max())):
            inside = at[self._lengths[which] > step] + step
            number[inside] = -1
        number[at] = which

    def _places(self, texts: Texts, bare: Mask, run: str) -> Ints:
        """Where a run of two characters or more begins."""
        points = texts.points
        at = np.flatnonzero(points[: max(points.size - len(run) + 1, 0)] == ord(run[0]))
        for place, character in enumerate(run[1:], 1):
            at = at[(points[at + place] == ord(character)) & texts.same_row[at + place - 1]]
        return at[bare[at + len(run) - 1]]

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """One of the outcomes."""
        outcomes, first, counts = self._outcomes
        return outcomes.take(pa.array(first[sites.key] + picked(words, counts[sites.key])))


def _bare(texts: Texts) -> Mask:
    """Characters that no mark follows."""
    bare = np.ones(texts.points.size, np.bool_)
    if texts.points.size and int(texts.points.max()) >= 0x80:
        bare[:-1] &= ~(texts.marked(is_mark)[1:] & texts.same_row[:-1])
    return bare


def cased(table: Table) -> dict[str, tuple[str, ...]]:
    """The table with its capitals beside its small letters."""
    capitals = {run.upper(): tuple(one.upper() for one in outcomes) for run, outcomes in table.items()}
    return {**{run: outs for run, outs in capitals.items() if len(run) == 1}, **table}
