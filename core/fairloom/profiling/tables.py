"""Counts of axes, alone and together, and what they say: the certificate of real data."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np

from fairloom import contingency
from fairloom.draws import Ints

MOST_CELLS = 20_000
"""A joint table with more cells than this is left out, and named, unless it was asked for by name."""


@attrs.define(eq=False)
class Tables:
    """Counts of every group of axes, shape by their levels."""

    sizes: Mapping[str, int]
    counts: dict[tuple[str, ...], Ints] = attrs.field(factory=dict)

    @classmethod
    def over(cls, sizes: Mapping[str, int], groups: Sequence[tuple[str, ...]]) -> Tables:
        """Empty tables of single axes and of the groups."""
        made = cls(sizes)
        for group in (*((name,) for name in sizes), *groups):
            made.counts[group] = np.zeros([sizes[name] for name in group], dtype=np.int64)
        return made

    def take(self, codes: Mapping[str, Ints]) -> None:
        """Count the next rows, given their level of each axis."""
        for group, table in self.counts.items():
            flat = np.ravel_multi_index([codes[name] for name in group], table.shape)
            self.counts[group] = table + np.bincount(flat, minlength=table.size).reshape(table.shape)


def cells(sizes: Mapping[str, int], group: Sequence[str]) -> int:
    """How many cells a table has."""
    return math.prod(sizes[name] for name in group)


def table_facts(counts: Ints, min_count: int) -> dict[str, Any]:
    """What a profile says of a joint table beside its counts: how many cells stand for a few rows only."""
    return {"small_cells": int(((counts > 0) & (counts < min_count)).sum())}


def axis_facts(axis: str, counts: Ints) -> dict[str, Any]:
    """One entry of the certificate's axes."""
    return {
        "axis": axis,
        "gap": contingency.gap(counts),
        "entropy": contingency.normalised_entropy(counts),
        "effective": contingency.effective_number(counts),
    }


def pair_facts(pair: tuple[str, ...], table: Ints) -> dict[str, Any]:
    """One entry of the certificate's pairs; ``p`` is that of a G-test."""
    return {
        "axes": list(pair),
        "gap": contingency.gap(table),
        "v": contingency.cramers_v(table),
        "v_corrected": contingency.cramers_v(table, corrected=True),
        "mi": contingency.mutual_information(table),
        "p": contingency.g_test(table).p,
    }
