"""Edits by table: some characters, or short runs of them, have others that are taken for them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import numpy as np
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
    def _single(self) -> tuple[Any, Any]:
        """The runs of one character in order of code point, and their numbers."""
        pairs = sorted((ord(run), number) for number, run in enumerate(self._runs) if len(run) == 1)
        return np.array([point for point, _ in pairs], np.int64), np.array([number for _, number in pairs], np.int64)

    def find(self, texts: Any) -> Sites:
        """Every run of the table; where two overlap, the longer."""
        made = Texts.of(texts)
        parts = [self._of_run(made, number, run) for number, run in enumerate(self._runs) if len(run) > 1]
        row, start, end, key = (
            np.concatenate([getattr(part, name) for part in [*parts, self._of_ones(made)]])
            for name in ("row", "start", "end", "key")
        )
        order = np.lexsort((-end, start, row))
        sites = Sites(row, start, end, key).take(order)
        return sites.take(apart(sites)) if parts else sites

    def _of_ones(self, texts: Texts) -> Sites:
        points, numbers = self._single
        if not points.size:
            return _at(texts, np.zeros(0, np.int64), 1, 0)
        place = np.minimum(np.searchsorted(points, texts.points), points.size - 1)
        at = np.flatnonzero((points[place] == texts.points) & _bare(texts))
        sites = _at(texts, at, 1, 0)
        return attrs.evolve(sites, key=numbers[place[at]])

    def _of_run(self, texts: Texts, number: int, run: str) -> Sites:
        points = texts.points
        last = points.size - len(run) + 1
        found = np.ones(max(last, 0), np.bool_)
        for place, character in enumerate(run):
            found &= points[place : place + found.size] == ord(character)
        at = np.flatnonzero(found)
        at = at[texts.rows[at] == texts.rows[at + len(run) - 1]]
        at = at[_bare(texts)[at + len(run) - 1]]
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
