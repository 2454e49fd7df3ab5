"""Shares by group: of each level of some columns, and of each combination, how many rows are marked."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.predictors import Bools

_BETWEEN = " / "
_APART = "\x1f"
"""Between the levels of a cell while it is counted: a level may be called "she / her"."""

Names = tuple[str, ...]


@attrs.define
class Groups:
    """Counts rows, and those that are marked, by the columns ``by`` and by their combinations (the cells)."""

    by: tuple[str, ...]
    counts: dict[tuple[Names, Names], list[int]] = attrs.field(factory=dict, init=False)
    rows: int = attrs.field(default=0, init=False)
    marked: int = attrs.field(default=0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def count(self, rows: pa.RecordBatch, marks: Bools) -> None:
        """Take in the next rows."""
        missing = [name for name in self.by if name not in rows.schema.names]
        if missing:
            self.why = f"the data have no column {missing[0]!r}"
            return
        self.rows += len(marks)
        self.marked += int(marks.sum())
        texts = {name: pc.fill_null(decoded(rows.column(name)).cast(pa.string()), "-") for name in self.by}
        for name, column in texts.items():
            self._add((name,), column, marks)
        if len(texts) > 1:
            self._add(tuple(texts), pc.binary_join_element_wise(*texts.values(), _APART), marks)

    def _add(self, names: Names, column: Any, marks: Bools) -> None:
        coded = column.dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        sizes = np.bincount(codes, minlength=len(coded.dictionary))
        hits = np.bincount(codes, weights=marks, minlength=len(coded.dictionary))
        for levels, size, hit in zip(coded.dictionary.to_pylist(), sizes.tolist(), hits.tolist(), strict=True):
            found = self.counts.setdefault((names, tuple(levels.split(_APART))), [0, 0])
            found[0] += size
            found[1] += int(hit)

    @property
    def share(self) -> float:
        """The share of all rows that is marked."""
        return self.marked / self.rows

    def values(self) -> dict[str, float]:
        """Under ``gap`` the largest difference between two groups, under ``gap:COLUMN`` that of each column.

        Under ``label=spam`` stands the share of a group, under ``label=spam / group=a`` that of a cell.
        """
        gaps = {f"gap:{_BETWEEN.join(names)}": max(each) - min(each) for names, each in self._shares().items()}
        shares = {_said(*group): hit / n for group, (n, hit) in sorted(self.counts.items())}
        return {"gap": max(gaps.values(), default=0.0), **gaps, **shares}

    def detail(self) -> dict[str, Any]:
        """Rows, marked rows and their share of every group."""
        return {
            "groups": [
                {"by": _BETWEEN.join(names), "group": _BETWEEN.join(levels), "n": n, "marked": hit, "share": hit / n}
                for (names, levels), (n, hit) in sorted(self.counts.items())
            ]
        }

    def _shares(self) -> dict[Names, list[float]]:
        shares: dict[Names, list[float]] = {}
        for (names, _), (n, hit) in self.counts.items():
            shares.setdefault(names, []).append(hit / n)
        return shares


def _said(names: Names, levels: Names) -> str:
    """``label=spam / group=a``."""
    return _BETWEEN.join(f"{name}={level}" for name, level in zip(names, levels, strict=True))
