"""The filter ``near_duplicates``: no two families may say almost the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import CITES, FAMILY, REASON, SIMILARITY
from fairloom.problems import RecipeError
from fairloom_text.fields import every_field
from fairloom_text.masks import check_mask, masked
from fairloom_text.shingles import WIDEST, shingle_sets
from fairloom_text.similar import Pairs, Sets, equal_sets, similar_pairs
from fairloom_text.star import star

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.draws import Ints

SHINGLES = "shingles"


@attrs.frozen(kw_only=True)
class NearDuplicates:
    """Settings of ``text.near_duplicates``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; every field of the task together when left out"}
    )
    threshold: float = attrs.field(
        default=0.8, metadata={"help": "similarity (Jaccard) of the shingle sets from which a row is refused, up to 1"}
    )
    shingle: int = attrs.field(
        default=2, metadata={"help": "words in a shingle; a text with fewer is one shingle of all its words"}
    )
    mask: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": 'slots left out of the comparison, such as ["person"], so that a name makes no difference'},
    )


@attrs.frozen
class NearDuplicatesFilter:
    """Remembers four bytes per shingle. Every row that is refused cites one that stays and is at least as alike.

    Judging takes about 80 bytes per shingle of the rows remembered (1 GB for a million sentences of 14), and 100 MB
    for the pairs looked at together.
    """

    fields: tuple[str, ...]
    config: NearDuplicates

    def remember(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The shingles of each row; null where a text is missing."""
        shingles = shingle_sets([masked(rows, field, self.config.mask) for field in self.fields], self.config.shingle)
        return pa.RecordBatch.from_arrays([shingles], names=[SHINGLES])

    def judge(self, memory: pa.Table, priority: Ints) -> pa.Table:
        """Each row that resembles one that stays, of another family and of smaller priority, with that row.

        The column ``similarity`` says how alike the two are: the share of their shingles they have in common.
        """
        sizes = pc.fill_null(pc.list_value_length(memory.column(SHINGLES)), 0).to_numpy()
        lines = np.flatnonzero(sizes)
        flat = pc.list_flatten(memory.column(SHINGLES)).to_numpy().astype(np.int64)
        sets = Sets(np.concatenate(([0], np.cumsum(sizes[lines]))), flat)
        numbers, firsts = equal_sets(sets)
        texts = np.full(sizes.size, -1, dtype=np.int64)
        texts[lines] = numbers
        likes = _both_ways(similar_pairs(sets.take(firsts), self.config.threshold))
        found = star(texts, memory.column(FAMILY).to_numpy(), np.asarray(priority), likes)
        stays = found.cites < 0
        code = pa.array(np.zeros(stays.size, dtype=np.int8), mask=stays)
        return pa.table(
            {
                REASON: pa.DictionaryArray.from_arrays(code, ["near duplicate"]).dictionary_decode(),
                CITES: pa.array(found.cites, mask=stays),
                SIMILARITY: pa.array(found.similarity, mask=stays),
            }
        )


def build(config: NearDuplicates, tools: Tools) -> NearDuplicatesFilter:
    """The filter, or ``RecipeError`` for an unknown field or slot, or a number out of range."""
    if not 0 < config.threshold <= 1:
        raise RecipeError.of(f"threshold is above 0 and at most 1, got {config.threshold:g}", "threshold")
    if not 1 <= config.shingle <= WIDEST:
        raise RecipeError.of(f"shingle is 1 to {WIDEST} words, got {config.shingle}", "shingle")
    check_mask(config.mask, tools)
    return NearDuplicatesFilter(every_field(config.field, tools.task), config)


def _both_ways(pairs: Pairs) -> dict[int, list[tuple[int, float]]]:
    likes: dict[int, list[tuple[int, float]]] = {}
    for a, b, alike in zip(pairs.first.tolist(), pairs.second.tolist(), pairs.similarity.tolist(), strict=True):
        likes.setdefault(a, []).append((b, alike))
        likes.setdefault(b, []).append((a, alike))
    return likes
