"""Edits by table: some characters, or short runs of them, have others that are taken for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom.draws import Words
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

    def find(self, texts: Any) -> Sites:
        """Every run of the table; where two overlap, the longer."""
        made = Texts.of(texts)
        bare = _bare(made)
        ones = self._of_ones(made, bare)
        longer = [self._of_run(made, bare, number) for number, run in enumerate(self._runs) if len(run) > 1]
        if not longer:
            return ones
        row, start, end, key = (
            np.concatenate([getattr(part, name) for part in [*longer, ones]]) for name in ("row", "start", "end", "key")
        )
        sites = Sites(row, start, end, key).take(np.lexsort((-end, start, row)))
        return sites.take(apart(sites))

    def _of_ones(self, texts: Texts, bare: Mask) -> Sites:
        numbers = self._single[np.minimum(texts.points, self._single.size - 1)]
        at = np.flatnonzero((numbers >= 0) & bare)
        return attrs.evolve(_at(texts, at, 1, 0), key=numbers[at].astype(np.int64))

    def _of_run(self, texts: Texts, bare: Mask, number: int) -> Sites:
        points, run = texts.points, self._runs[number]
        found = np.ones(max(points.size - len(run) + 1, 0), np.bool_)
        for place, character in enumerate(run):
            found &= points[place : place + found.size] == ord(character)
        at = np.flatnonzero(found)
        last = at + len(run) - 1
        at = at[(texts.rows[at] == texts.rows[last]) & bare[last]]
        return _at(texts, at, len(run), number)

    def write(self, texts: Any, sites: Sites, words: Words) -> pa.Array:  # noqa: ARG002 - one signature for all
        """One of the outcomes."""
        outcomes, first, counts = self._outcomes
        return outcomes.take(pa.array(first[sites.key] + picked(words, counts[sites.key])))


def _at(texts: Texts, at: Any, length: int, key: int) -> Sites:
    start = texts.places[at]
    return Sites(texts.rows[at], start, start + length, np.full(at.size, key, np.int64))


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
