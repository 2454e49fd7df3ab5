"""What surface rules changed, row by row: the column ``<field>.edits``.

``start`` and ``end`` are those of the edit in the text that was written, ``old`` and ``new`` its two sides.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import NAMES
from fairloom.edits import EDIT, EDITS
from fairloom_template.pieces import Pieces
from fairloom_template.pool import Ids, Index, Pool
from fairloom_template.surface import Surface


@attrs.frozen
class _Trimmed:
    """Two strings without what they have in common at both ends; ``at``: how long the common start is."""

    at: int
    old: str
    new: str

    @classmethod
    def of(cls, old: str, new: str) -> _Trimmed:
        start = _alike(old, new)
        end = _alike(old[start:][::-1], new[start:][::-1])
        return cls(start, old[start : len(old) - end], new[start : len(new) - end])


def edits_column(before: Ids, pieces: Pieces, pool: Pool, surface: Surface, blank: Any) -> Any:
    """The edits of all rows.

    Args:
        before: The number of every piece before the rules.
        pieces: The pieces after them.
        pool: The pool that has both.
        surface: The rules, in the order of the bits of ``pieces.touched``, and whether the texts have the edits.
        blank: Marks rows (boolean) that are null.
    """
    after, correct, rules = pieces.ids, surface.correct, [rule.name for rule in surface.rules]
    at = np.flatnonzero(before != after)
    pairs = pa.array(before[at].astype(np.int64) * len(pool.strings) + after[at]).dictionary_encode()
    keys, code = pairs.dictionary.to_numpy(), pairs.indices.to_numpy()
    sides = [
        pool.strings.take(pa.array(each)).to_pylist() for each in (keys // len(pool.strings), keys % len(pool.strings))
    ]
    trimmed = [_Trimmed.of(old, new) for old, new in zip(*sides, strict=True)]
    start = _places(after if correct else before, pieces.offsets, pool)[at] + _array(each.at for each in trimmed)[code]
    end = start + _array(len(each.new if correct else each.old) for each in trimmed)[code]
    values = pa.StructArray.from_arrays(
        [
            pa.array(start.astype(np.int32)),
            pa.array(end.astype(np.int32)),
            *(_names([getattr(each, side) for each in trimmed], code) for side in ("old", "new")),
            _rules(pieces, at, rules),
        ],
        fields=list(EDIT),
    )
    offsets = np.searchsorted(at, pieces.offsets).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=EDITS, mask=blank)


def _alike(one: str, other: str) -> int:
    """How many characters both begin with."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _places(ids: Ids, offsets: Index, pool: Pool) -> Index:
    """Where every piece starts in its text, in characters."""
    sums = np.zeros(len(ids) + 1, dtype=np.int64)
    np.cumsum(pool.characters[ids], out=sums[1:])
    return sums[:-1] - np.repeat(sums[offsets[:-1]], np.diff(offsets))


def _array(numbers: Any) -> Index:
    return np.fromiter(numbers, dtype=np.int64)


def _names(texts: list[str], code: Any) -> Any:
    return pa.array(texts, pa.string()).take(pa.array(code)).dictionary_encode().cast(NAMES)


def _rules(pieces: Pieces, at: Index, rules: list[str]) -> Any:
    """The rules that touched every changed piece, joined by ``+``."""
    touched = pa.array(pieces.touched[at]).dictionary_encode()  # type: ignore[index]  # there where edits are asked for
    said = [
        "+".join(name for place, name in enumerate(rules) if mask >> place & 1)
        for mask in touched.dictionary.to_pylist()
    ]
    return _names(said, touched.indices.to_numpy())
