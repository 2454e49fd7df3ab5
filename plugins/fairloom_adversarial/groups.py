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


@attrs.define
class Groups:
    """Counts rows, and those that are marked, by the columns ``by`` and by their combinations (the cells)."""

    by: tuple[str, ...]
    counts: dict[tuple[str, str], list[int]] = attrs.field(factory=dict, init=False)
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
        for name, column in {**texts, **self._cells(texts)}.items():
            self._add(name, column, marks)

    def _cells(self, texts: dict[str, Any]) -> dict[str, Any]:
        if len(texts) < 2:
            return {}
        return {_BETWEEN.join(texts): pc.binary_join_element_wise(*texts.values(), _BETWEEN)}

    def _add(self, name: str, column: Any, marks: Bools) -> None:
        coded = column.dictionary_encode()
        codes = coded.indices.to_numpy(zero_copy_only=False)
        sizes = np.bincount(codes, minlength=len(coded.dictionary))
        hits = np.bincount(codes, weights=marks, minlength=len(coded.dictionary))
        for level, size, hit in zip(coded.dictionary.to_pylist(), sizes.tolist(), hits.tolist(), strict=True):
            found = self.counts.setdefault((name, level), [0, 0])
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
        gaps = {f"gap:{name}": max(each) - min(each) for name, each in self._shares().items()}
        shares = {_said(name, level): hit / n for (name, level), (n, hit) in sorted(self.counts.items())}
        return {"gap": max(gaps.values(), default=0.0), **gaps, **shares}

    def detail(self) -> dict[str, Any]:
        """Rows, marked rows and their share of every group."""
        return {
            "groups": [
                {"by": name, "group": level, "n": n, "marked": hit, "share": hit / n}
                for (name, level), (n, hit) in sorted(self.counts.items())
            ]
        }

    def _shares(self) -> dict[str, list[float]]:
        shares: dict[str, list[float]] = {}
        for (name, _), (n, hit) in self.counts.items():
            shares.setdefault(name, []).append(hit / n)
        return shares


def _said(names: str, levels: str) -> str:
    """``label=spam / group=a``."""
    pairs = zip(names.split(_BETWEEN), levels.split(_BETWEEN), strict=False)
    return _BETWEEN.join(f"{name}={level}" for name, level in pairs)
