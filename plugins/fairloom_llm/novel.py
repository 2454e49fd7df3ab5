"""``llm.novel``: refuses a text that says almost what a seed row says.

Likeness to other new rows is the business of ``text.near_duplicates``; the seeds are fixed, so this filter judges
each row alone.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.components import Tools
from fairloom.draws import Ints
from fairloom.problems import RecipeError, did_you_mean

Likeness = npt.NDArray[np.float64]


@attrs.frozen(kw_only=True)
class NovelSettings:
    """Keys of a step with ``filter = "llm.novel"``."""

    seeds: str = attrs.field(metadata={"help": "the [reference.NAME] that no row may resemble"})
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; the task's first field when left out"}
    )
    column: str | None = attrs.field(
        default=None, metadata={"help": "the column of the seeds; the field's name when left out"}
    )
    threshold: float = attrs.field(
        default=0.7, metadata={"help": "similarity (Jaccard) of the shingle sets from which a row is refused, up to 1"}
    )
    shingle: int = attrs.field(
        default=2,
        metadata={"help": "words in a shingle; a text with fewer is one shingle of all its words"},
        validator=attrs.validators.in_(range(1, 17)),
    )


@attrs.frozen(eq=False)
class NovelFilter:
    """Holds the shingles of the seeds, by number and sorted, with the seeds that have them."""

    field: str
    threshold: float
    shingle: int
    vocabulary: pa.Array
    codes: Ints
    owners: Ints
    sizes: Ints

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """``like seed row 12``, counted from 1, or null."""
        best, seed = self.nearest(decoded(rows.column(self.field)))
        like = best >= self.threshold
        said = [
            f"like seed row {at + 1}" if out else None for out, at in zip(like.tolist(), seed.tolist(), strict=True)
        ]
        return pa.array(said, pa.string())

    def nearest(self, texts: pa.Array) -> tuple[Likeness, Ints]:
        """The largest similarity of each text to a seed, and the first seed that has it."""
        owner, shingles = shingled(texts, self.shingle)
        sizes = np.bincount(owner, minlength=len(texts))
        found = pc.index_in(shingles, value_set=self.vocabulary).fill_null(-1).to_numpy()
        known = found >= 0
        owner, found = owner[known], found[known]
        first, last = np.searchsorted(self.codes, found), np.searchsorted(self.codes, found, side="right")
        many = last - first
        row = np.repeat(owner, many)
        place = np.repeat(first - (np.cumsum(many) - many), many) + np.arange(int(many.sum()))
        pairs, common = np.unique(row * len(self.sizes) + self.owners[place], return_counts=True)
        row, seed = np.divmod(pairs, max(1, len(self.sizes)))
        alike = common / (sizes[row] + self.sizes[seed] - common)
        order = np.lexsort((seed, -alike, row))
        firsts = order[np.unique(row[order], return_index=True)[1]]
        best, nearest = np.zeros(len(texts)), np.zeros(len(texts), np.int64)
        best[row[firsts]], nearest[row[firsts]] = alike[firsts], seed[firsts]
        return best, nearest


def shingled(texts: pa.Array, width: int) -> tuple[Ints, pa.Array]:
    """The distinct shingles of each text: the row each belongs to, and its words in small letters."""
    bare = pc.replace_substring_regex(pc.utf8_lower(pc.fill_null(texts, "")), r"[^\pL\pN\s]+", "")
    words = pc.utf8_split_whitespace(pc.utf8_trim_whitespace(bare))
    counts = pc.list_value_length(words).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = words.flatten()
    owner = np.repeat(np.arange(len(texts), dtype=np.int64), counts)
    ends = np.cumsum(counts)
    size = np.minimum(counts, width)[owner]
    starts = np.flatnonzero(np.arange(len(flat)) + size <= ends[owner])
    made = flat.take(pa.array(starts))
    for step in range(1, width):
        inside = size[starts] > step
        following = flat.take(pa.array(np.where(inside, starts + step, 0)))
        longer = pc.binary_join_element_wise(made, following, " ")
        made = pc.if_else(pa.array(inside), longer, made)
    return _distinct(owner[starts], made)


def _distinct(owner: Ints, shingles: pa.Array) -> tuple[Ints, pa.Array]:
    encoded = shingles.dictionary_encode()
    codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    size = max(1, len(encoded.dictionary))
    pairs = np.unique(owner * size + codes)
    rows, kept = np.divmod(pairs, size)
    found = encoded.dictionary.take(pa.array(kept))
    worded = pc.not_equal(found, "").to_numpy(zero_copy_only=False)
    return rows[worded], found.filter(pa.array(worded))


def build(config: NovelSettings, tools: Tools) -> NovelFilter:
    """The filter.

    Raises:
        RecipeError: there are no such seeds, column or field, or the threshold is out of range.
    """
    if not 0 < config.threshold <= 1:
        raise RecipeError.of(f"threshold is above 0 and at most 1, got {config.threshold:g}", "threshold")
    field = tools.task.field_of(config.field)
    texts = _seeds(config, config.column or field, tools)
    owners, shingles = shingled(texts, config.shingle)
    vocabulary = pc.unique(shingles)
    codes = pc.index_in(shingles, value_set=vocabulary).to_numpy().astype(np.int64)
    order = np.lexsort((owners, codes))
    sizes = np.bincount(owners, minlength=len(texts)).astype(np.int64)
    return NovelFilter(field, config.threshold, config.shingle, vocabulary, codes[order], owners[order], sizes)


def _seeds(config: NovelSettings, column: str, tools: Tools) -> pa.Array:
    table = tools.reference(config.seeds, "seeds")()
    if column not in table.column_names:
        hint = did_you_mean(column, table.column_names)
        raise RecipeError.of(f"[reference.{config.seeds}] has no column {column!r}", "column", suggestion=hint)
    return table.column(column).cast(pa.string()).combine_chunks()
