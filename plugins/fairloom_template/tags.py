"""Tokens of a text and their BIO tags, from the spans that are known by construction.

A token is a run of letters, marks and digits, joined by hyphens and apostrophes inside (``mother-in-law``,
``don't``), or a single other character that is no blank. Writing without blanks between words comes out as whole runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded

WORDS_AND_MARKS = "[\\pL\\pM\\pN_]+(?:[-'\u2019][\\pL\\pM\\pN_]+)*|[^\\pL\\pM\\pN_\\pZ\\s]"
"""A token, as RE2 writes it."""
OUTSIDE = "O"
_MARK = "\x1f"

Index = npt.NDArray[np.int64]


@attrs.frozen(eq=False)
class Tokens:
    """The tokens of all rows: their texts, where each begins in its row (in characters), and the bounds of rows."""

    texts: Any
    starts: Index
    offsets: Index

    @classmethod
    def of(cls, texts: Any) -> Tokens:
        """Every token of a text column; none where a text is null.

        A mark is set before and after each, and the texts are split there.
        """
        plain = pc.replace_substring(pc.fill_null(texts, ""), _MARK, " ")
        marked = pc.replace_substring_regex(plain, pattern=f"({WORDS_AND_MARKS})", replacement=f"{_MARK}\\1{_MARK}")
        parts = pc.split_pattern(marked, _MARK)
        bounds = parts.offsets.to_numpy().astype(np.int64)
        sums = np.zeros(bounds[-1] - bounds[0] + 1, dtype=np.int64)
        values = parts.flatten()
        np.cumsum(pc.utf8_length(values).to_numpy(), out=sums[1:])
        place = np.arange(len(values)) - np.repeat(bounds[:-1], np.diff(bounds))
        odd = np.flatnonzero(place % 2)  # what stands between two marks
        begin = np.repeat(sums[bounds[:-1]], np.diff(bounds))
        offsets = np.searchsorted(odd, bounds)
        return cls(values.take(pa.array(odd)), sums[odd] - begin[odd], offsets)

    def column(self, blank: Any | None) -> Any:
        """One list of tokens per row."""
        return pa.ListArray.from_arrays(pa.array(self.offsets.astype(np.int32)), self.texts, mask=blank)


def tags(tokens: Tokens, spans: Any, types: Mapping[str, str], blank: Any | None) -> Any:
    """One list of tags per row: ``B-TYPE`` where a span begins, ``I-TYPE`` further on in it, ``O`` elsewhere.

    A token belongs to the span in which it begins. ``types`` names the types of slots, or of all slots of a factor.
    """
    kinds = list(dict.fromkeys(types.values()))
    span_row, start, end, kind = _chosen(spans, types, kinds)
    row = np.repeat(np.arange(len(tokens.offsets) - 1), np.diff(tokens.offsets))
    width = int(max(end.max(initial=0), tokens.starts.max(initial=0))) + 1
    at = row * width + tokens.starts
    found = np.searchsorted(span_row * width + start, at, side="right") - 1
    inside = (found >= 0) & (at < np.append(span_row * width + end, -1)[found])
    found = np.where(inside, found, -1)
    first = inside & (found != np.append(-1, found[:-1]))
    codes = np.where(inside, 1 + 2 * np.append(kind, 0)[found] + ~first, 0)
    names = [OUTSIDE, *(f"{mark}-{name}" for name in kinds for mark in "BI")]
    values = pa.array(names, pa.string()).take(pa.array(codes))
    return pa.ListArray.from_arrays(pa.array(tokens.offsets.astype(np.int32)), values, mask=blank)


def _chosen(spans: Any, types: Mapping[str, str], kinds: list[str]) -> tuple[Index, Index, Index, Index]:
    """Row, start, end and number of the type of every span that has one."""
    flat = spans.flatten()
    slots = flat.field("slot").dictionary.to_pylist()
    codes = flat.field("slot").indices.to_numpy(zero_copy_only=False)
    numbers = [kinds.index(name) if (name := type_of(slot, types)) is not None else -1 for slot in slots]
    kind = np.array([*numbers, -1], dtype=np.int64)[codes]
    at = np.flatnonzero(kind >= 0)
    rows = pc.list_parent_indices(spans).to_numpy(zero_copy_only=False).astype(np.int64)
    start, end = (
        decoded(flat.field(name)).to_numpy(zero_copy_only=False).astype(np.int64) for name in ("start", "end")
    )
    return rows[at], start[at], end[at], kind[at]


def type_of(slot: str, types: Mapping[str, str]) -> str | None:
    """The type of a slot: its own, else that of its factor."""
    return types.get(slot, types.get(slot.partition(".")[0]))
