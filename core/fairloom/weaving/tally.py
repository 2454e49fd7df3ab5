"""Counts of what each step saw and rejected, in total and per group: plain data that adds up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Mask = npt.NDArray[np.bool_]


@attrs.define
class StepTally:
    """The counts of one step. ``groups[axis]`` holds one pair of lists by code of the axis."""

    seen: int = 0
    rejected: int = 0
    mates: int = 0
    reasons: dict[str, int] = attrs.field(factory=dict)
    groups: dict[str, dict[str, list[int]]] = attrs.field(factory=dict)

    def take(self, rows: pa.RecordBatch, reasons: pa.Array, mates: int, axes: Sequence[str]) -> None:
        """Add a judged batch: ``reasons`` is null for kept rows."""
        out = pc.is_valid(reasons).to_numpy(zero_copy_only=False)
        self.seen += rows.num_rows
        self.rejected += int(out.sum())
        self.mates += mates
        for entry in pc.value_counts(reasons.drop_null()).to_pylist() if out.any() else ():
            self.reasons[entry["values"]] = self.reasons.get(entry["values"], 0) + entry["counts"]
        for axis in axes:
            self._group(axis, rows.column(axis), out)

    def _group(self, axis: str, column: pa.DictionaryArray, out: Mask) -> None:
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        size = len(column.dictionary)
        seen = np.bincount(codes[codes >= 0], minlength=size)
        lost = np.bincount(codes[(codes >= 0) & out], minlength=size) if out.any() else np.zeros(size, np.int64)
        group = self.groups.setdefault(axis, {"seen": [0] * size, "rejected": [0] * size})
        group["seen"] = (np.asarray(group["seen"]) + seen).tolist()
        group["rejected"] = (np.asarray(group["rejected"]) + lost).tolist()

    def add(self, other: StepTally) -> None:
        """Add the counts of ``other``."""
        self.seen += other.seen
        self.rejected += other.rejected
        self.mates += other.mates
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        for axis, theirs in other.groups.items():
            ours = self.groups.setdefault(axis, {key: [0] * len(values) for key, values in theirs.items()})
            for key, values in theirs.items():
                ours[key] = [a + b for a, b in zip(ours[key], values, strict=True)]


def to_plain(tallies: Sequence[StepTally]) -> list[dict[str, Any]]:
    """Tallies as JSON data."""
    return [attrs.asdict(tally) for tally in tallies]


def from_plain(data: Sequence[dict[str, Any]]) -> list[StepTally]:
    """Tallies from JSON data."""
    return [StepTally(**entry) for entry in data]


def total(parts: Sequence[Sequence[StepTally]], steps: int) -> list[StepTally]:
    """The sum over parts, step by step."""
    sums = [StepTally() for _ in range(steps)]
    for part in parts:
        for mine, theirs in zip(sums, part, strict=True):
            mine.add(theirs)
    return sums
