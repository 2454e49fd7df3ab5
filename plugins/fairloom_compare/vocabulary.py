"""The metric ``vocabulary``: do the texts use the words that real ones use?

The Jaccard index of two vocabularies grows with the size of the texts: two samples of one corpus have 0.26 of their
words in common at 50 texts and 0.49 at 1,000. So both sides are cut to the same number of tokens, and the index
that two parts of the reference reach at that size stands beside it.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.components import Measurement, Tools
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom.tokens import WORDS, tokens
from fairloom_compare.halves import drawn
from fairloom_compare.reference import Reference, named


@attrs.frozen(kw_only=True)
class Vocabulary:
    """Settings of ``compare.vocabulary``."""

    against: str = attrs.field(metadata={"help": "the name of the reference rows"})
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; the task's first field when left out"}
    )
    tokens: int = attrs.field(default=20_000, metadata={"help": "the largest number of tokens of each side to compare"})
    least: int = attrs.field(
        default=1_000, metadata={"help": "with fewer tokens of each side than this the measurement is undecided"}
    )


@attrs.define
class VocabularyMetric:
    """Keeps the number of every token's word, eight bytes each; rows without a text are left out."""

    config: Vocabulary
    field: str
    reference: Reference
    numbers: dict[str, int] = attrs.field(factory=dict, init=False)
    ours: _Rows = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Begin with nothing."""
        self.ours = _Rows()

    def observe(self, rows: pa.RecordBatch) -> None:
        """Take in the tokens of the next rows."""
        self.ours.take(rows.column(self.field), self.numbers)

    def result(self) -> Measurement:
        """The Jaccard index of the two vocabularies at equal size, over what two parts of the reference reach."""
        theirs = _Rows()
        try:
            theirs.take(self.reference.column(self.field), self.numbers)
        except KeyError as error:
            return Measurement(value=None, why=error.args[0])
        if not self.ours.tokens or not theirs.tokens:
            where = f"reference {self.reference.name!r}" if self.ours.tokens else "the data"
            return Measurement(value=None, n=self.ours.rows, why=f"no row of {where} has a word in {self.field!r}")
        return self._compared(self.ours.ordered("ours"), theirs.ordered("reference"), theirs.rows)

    def _compared(self, ours: Ints, theirs: Ints, rows: int) -> Measurement:
        # Half of the reference, so that its other half can be held against it at the same size.
        size = min(ours.size, theirs.size // 2, self.config.tokens)
        mine, real, again = ours[:size], theirs[:size], theirs[size : 2 * size]
        found, ceiling = jaccard(mine, real), jaccard(again, real)
        undecided = None
        if size < self.config.least:
            undecided = (
                f"undecided: {size} tokens of each side are fewer than {self.config.least}; "
                "compare more rows or lower least"
            )
        return Measurement(
            value=None if undecided else found,
            n=self.ours.rows,
            values={
                "jaccard": found,
                "real": ceiling,
                "of_real": found / ceiling if ceiling else 0.0,
                "unknown": unknown(mine, real),
                "real_unknown": unknown(again, real),
                "tokens": float(size),
                "types": float(np.unique(mine).size),
                "real_types": float(np.unique(real).size),
                "n_reference": float(rows),
            },
            detail={
                "against": self.reference.name,
                "pattern": WORDS,
                "verdict": "undecided" if undecided else "compared",
                "only_here": self._often(mine, real),
            },
            why=undecided,
        )

    def _often(self, mine: Ints, real: Ints) -> list[str]:
        """Our most frequent words that the reference lacks. Its own are not told: they are real people's."""
        codes, counts = np.unique(mine[~np.isin(mine, real)], return_counts=True)
        names = list(self.numbers)
        order = np.lexsort((codes, -counts))[:20].tolist()
        return [names[int(codes[at])] for at in order]


@attrs.define
class _Rows:
    """The tokens of one side in order, as numbers, and how many each row has."""

    codes: list[Ints] = attrs.field(factory=list)
    sizes: list[Ints] = attrs.field(factory=list)
    rows: int = 0
    tokens: int = 0

    def take(self, column: Any, numbers: dict[str, int]) -> None:
        """Add rows; a new word gets the next number."""
        found = tokens(column.drop_null(), WORDS)
        rows = len(column) - column.null_count
        translated = np.array([numbers.setdefault(name, len(numbers)) for name in found.names], dtype=np.int64)
        self.codes.append(translated[found.codes] if found.codes.size else np.zeros(0, np.int64))
        self.sizes.append(np.bincount(found.rows, minlength=rows))
        self.rows += rows
        self.tokens += found.codes.size

    def ordered(self, side: str) -> Ints:
        """All tokens, rows in drawn order and whole."""
        sizes = np.concatenate(self.sizes)
        starts = np.cumsum(sizes) - sizes
        order = drawn(sizes.size, side)
        taken = sizes[order]
        place = np.arange(int(taken.sum())) - np.repeat(np.cumsum(taken) - taken, taken)
        found: Ints = np.concatenate(self.codes)[np.repeat(starts[order], taken) + place].astype(np.int64)
        return found


def jaccard(ours: Ints, theirs: Ints) -> float:
    """Words in both over words in either (Jaccard, "The distribution of the flora in the alpine zone", 1912)."""
    one, two = np.unique(ours), np.unique(theirs)
    common = np.intersect1d(one, two, assume_unique=True).size
    return common / (one.size + two.size - common)


def unknown(ours: Ints, theirs: Ints) -> float:
    """The share of our tokens whose word the other side lacks."""
    return float((~np.isin(ours, theirs)).mean()) if ours.size else 0.0


def build(config: Vocabulary, tools: Tools) -> VocabularyMetric:
    """The metric, or ``RecipeError`` for an unknown reference or field."""
    field = tools.task.field_of(config.field)
    for key, value in (("tokens", config.tokens), ("least", config.least)):
        if value < 1:
            raise RecipeError.of(f"{key} is a whole number from 1, got {value}", key)
    return VocabularyMetric(config, field, named(config.against, tools))
