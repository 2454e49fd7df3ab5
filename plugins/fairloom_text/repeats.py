"""The metric ``duplicate_share``: how many rows say again what an earlier row has said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fairloom.batch import decoded
from fairloom.components import Measurement
from fairloom.draws import Words
from fairloom_text.fields import every_field
from fairloom_text.signature import Normalise, signatures

if TYPE_CHECKING:
    import pyarrow as pa

    from fairloom.components import Tools
    from fairloom.draws import Ints
    from fairloom.utf8 import Mask

EXAMPLES = 10
_REMEMBERED = 1_000
"""Texts kept as candidates for the examples."""


@attrs.frozen(kw_only=True)
class DuplicateShare:
    """Settings of ``text.duplicate_share``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; every field of the task together when left out"}
    )
    normalise: Normalise = attrs.field(
        default="exact",
        metadata={"help": '"exact", or "text": letter case, punctuation, blanks and Unicode forms do not count'},
    )


@attrs.define
class Seen:
    """A growing set of 64-bit words: sorted runs, merged when the last is half as long as the one before."""

    runs: list[Words] = attrs.field(factory=list)

    def holds(self, words: Words) -> Mask:
        """Which of the words are in the set."""
        found = np.zeros(words.size, dtype=np.bool_)
        for run in self.runs:
            places = np.minimum(np.searchsorted(run, words), run.size - 1)
            found |= run[places] == words
        return found

    def add(self, words: Words) -> None:
        """Put in words that the set does not hold, sorted."""
        if words.size:
            self.runs.append(words)
        while len(self.runs) > 1 and self.runs[-2].size <= 2 * self.runs[-1].size:
            merged = np.concatenate((self.runs.pop(), self.runs.pop()))
            merged.sort(kind="stable")
            self.runs.append(merged)


@attrs.define
class DuplicateShareMetric:
    """Remembers eight bytes per distinct text, and the texts of the first thousand that come back."""

    fields: tuple[str, ...]
    normalise: Normalise
    seen: Seen = attrs.field(factory=Seen, init=False)
    rows: int = attrs.field(default=0, init=False)
    repeats: int = attrs.field(default=0, init=False)
    examples: dict[int, list[Any]] = attrs.field(factory=dict, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Look the next rows up; rows without a text are left out."""
        first, second, present = signatures([rows.column(field) for field in self.fields], self.normalise)
        kept = np.flatnonzero(present)
        keys = _folded(first[kept], second[kept])
        distinct, where = np.unique(keys, return_index=True)
        known = self.seen.holds(distinct)
        self.seen.add(distinct[~known])
        again = np.ones(keys.size, dtype=np.bool_)
        again[where[~known]] = False
        self.rows += keys.size
        self.repeats += int(again.sum())
        self._remember(rows, kept[again], keys[again])

    def _remember(self, rows: pa.RecordBatch, lines: Ints, keys: Words) -> None:
        """Count the repeats of each text, with the text itself as long as there is room."""
        distinct, where, times = np.unique(keys, return_index=True, return_counts=True)
        columns = [decoded(rows.column(field)) for field in self.fields]
        for place in np.argsort(where):
            key = int(distinct[place])
            if key in self.examples:
                self.examples[key][1] += int(times[place])
            elif len(self.examples) < _REMEMBERED:
                line = int(lines[where[place]])
                text = " | ".join(column[line].as_py() for column in columns)
                self.examples[key] = [text, int(times[place]) + 1]

    def result(self) -> Measurement:
        """The share of rows that repeat an earlier one."""
        if not self.rows:
            return Measurement(value=None, why="no row has a text")
        shown = sorted(self.examples.values(), key=lambda example: (-example[1], example[0]))[:EXAMPLES]
        return Measurement(
            value=self.repeats / self.rows,
            n=self.rows,
            values={"repeats": float(self.repeats), "distinct": float(self.rows - self.repeats)},
            detail={"examples": [{"text": text, "rows": count} for text, count in shown]},
        )


def build(config: DuplicateShare, tools: Tools) -> DuplicateShareMetric:
    """The metric, or ``RecipeError`` for an unknown field."""
    return DuplicateShareMetric(every_field(config.field, tools.task), config.normalise)


def _folded(first: Words, second: Words) -> Words:
    """Both hashes in one word: enough to count by (a false pair among 10**6 rows has a chance of about 10**-7)."""
    mixed = first ^ (second * np.uint64(0x9E3779B97F4A7C15))
    folded: Words = mixed ^ (mixed >> np.uint64(32))
    return folded
