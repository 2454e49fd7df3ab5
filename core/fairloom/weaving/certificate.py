"""The certificate: the balance actually reached, counted from the final rows, beside that of the plan."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom import contingency
from fairloom.batch import ATTEMPT, FAMILY, LABEL, MEMBER
from fairloom.draws import Draws, Ints
from fairloom.factors import Axis, Factor
from fairloom.recipe import DesignSpec
from fairloom.weaving.briefs import Briefs
from fairloom.weaving.weave import BATCH_ROWS

MOST_CELLS = 20_000
"""A pair with more cells than this is left out of the certificate, and named."""


def declared_axes(design: DesignSpec, factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """The label, the crossed and the independent axes, and the groups of protected factors."""
    named = [LABEL] if LABEL in factors else []
    named += [*design.cross, *(axis for pair in design.independent for axis in pair)]
    for name, factor in factors.items():
        if factor.role == "protected" and factor.sampler is None:
            named += [f"{name}.{attribute}" for attribute in factor.balance] or [name]
    levelled = [text for text in named if factors[Axis.parse(text).factor].sampler is None]
    return tuple(dict.fromkeys(levelled))


@attrs.define(eq=False)
class CertificateBuilder:
    """Counts the declared axes over the final rows, batch by batch."""

    names: dict[str, tuple[str, ...]]
    tied: frozenset[tuple[str, str]]
    draws: Draws
    tables: dict[tuple[str, str], Any] = attrs.field(factory=dict)
    counts: dict[str, Any] = attrs.field(factory=dict)
    rows: int = 0

    @classmethod
    def of(cls, design: DesignSpec, factors: Mapping[str, Factor], draws: Draws) -> CertificateBuilder:
        """A builder for the declared axes of a recipe."""
        names = {text: Axis.parse(text).codes(factors)[1] for text in declared_axes(design, factors)}
        tied = {
            pair
            for name, factor in factors.items()
            for other in factor.match.values()
            for pair in ((name, Axis.parse(other).factor), (Axis.parse(other).factor, name))
        }
        return cls(names, frozenset(tied), draws)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """The pairs of declared axes small enough to tabulate."""
        return [pair for pair in itertools.combinations(self.names, 2) if self._cells(pair) <= MOST_CELLS]

    def _cells(self, pair: tuple[str, str]) -> int:
        return len(self.names[pair[0]]) * len(self.names[pair[1]])

    def observe(self, rows: pa.RecordBatch) -> None:
        """Take in the next rows."""
        codes = {axis: _codes(rows.column(axis)) for axis in self.names}
        self.rows += rows.num_rows
        for axis, values in codes.items():
            counted = np.bincount(values[values >= 0], minlength=len(self.names[axis]))
            self.counts[axis] = self.counts.get(axis, 0) + counted
        for pair in self.pairs:
            sizes = (len(self.names[pair[0]]), len(self.names[pair[1]]))
            table = contingency.crosstab(codes[pair[0]], codes[pair[1]], sizes)
            self.tables[pair] = self.tables.get(pair, 0) + table

    def add(self, other: CertificateBuilder, times: int = 1) -> None:
        """Add the counts of ``other``, or take them away."""
        self.rows += times * other.rows
        for axis, counts in other.counts.items():
            self.counts[axis] = self.counts.get(axis, 0) + times * counts
        for pair, table in other.tables.items():
            self.tables[pair] = self.tables.get(pair, 0) + times * table

    def empty(self) -> CertificateBuilder:
        """A builder for the same axes that has seen nothing."""
        return CertificateBuilder(self.names, self.tied, self.draws)

    def balance(self) -> dict[str, Any]:
        """Counts, gap and V alone: what of a certificate costs nothing."""
        return {
            "n": self.rows,
            "axes": [
                {"axis": axis, "counts": counts.tolist(), "gap": int(contingency.gap(counts))}
                for axis, counts in self.counts.items()
            ],
            "pairs": [
                {"axes": list(pair), "gap": int(contingency.gap(table)), "v": contingency.cramers_v(table)}
                for pair, table in self.tables.items()
            ],
        }

    def result(self) -> dict[str, Any]:
        """The certificate as plain data."""
        wide = [pair for pair in itertools.combinations(self.names, 2) if self._cells(pair) > MOST_CELLS]
        return {
            "n": self.rows,
            "axes": [self._axis(axis) for axis in self.names if self.rows],
            "pairs": [self._pair(pair) for pair in self.pairs if self.rows],
            "left_out": [list(pair) for pair in wide],
        }

    def _axis(self, axis: str) -> dict[str, Any]:
        counts = self.counts[axis]
        return {
            "axis": axis,
            "levels": list(self.names[axis]),
            "counts": counts.tolist(),
            "gap": int(contingency.gap(counts)),
            "entropy": contingency.normalised_entropy(counts),
            "effective": contingency.effective_number(counts),
        }

    def _pair(self, pair: tuple[str, str]) -> dict[str, Any]:
        table = self.tables[pair]
        p, method = self._p(pair, table)
        return {
            "axes": list(pair),
            "rows": list(self.names[pair[0]]),
            "columns": list(self.names[pair[1]]),
            "table": table.tolist(),
            "gap": int(contingency.gap(table)),
            "v": contingency.cramers_v(table),
            "mi": contingency.mutual_information(table),
            "p": p,
            "p_method": method,
            "tied": (Axis.parse(pair[0]).factor, Axis.parse(pair[1]).factor) in self.tied,
        }

    def _p(self, pair: tuple[str, str], table: Any) -> tuple[float, str]:
        if table.sum() > contingency.PERMUTED_ROWS:
            return contingency.g_test(table).p, "G-test"
        return contingency.table_permutation_p(table, self.draws.stream("certificate", *pair)), "permutation"


@attrs.define(eq=False)
class PlannedBuilder:
    """The balance of the plan, from what differs between it and the final rows.

    A row of attempt 0 *is* the planned row. Only families made again are looked up in the plan, and
    those given up; so a run that rejects nothing pays nothing.
    """

    briefs: Briefs
    made: CertificateBuilder
    change: CertificateBuilder = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Start from no difference."""
        self.change = self.made.empty()

    def observe(self, rows: pa.RecordBatch) -> None:
        """Put the planned rows in the place of those of this batch that were made again."""
        again = rows.column(ATTEMPT).to_numpy() > 0
        if not again.any():
            return
        made = self.made.empty()
        made.observe(rows.filter(pa.array(again)))
        self.change.add(made, times=-1)
        # A batch may end within a family; the batch with its first member stands for all of it.
        self._plan(rows.column(FAMILY).to_numpy()[again & (rows.column(MEMBER).to_numpy() == 0)])

    def result(self, short: Ints) -> dict[str, Any]:
        """The balance of the whole plan; ``short`` are the families that were given up."""
        self._plan(short)
        planned = self.made.empty()
        planned.add(self.made)
        planned.add(self.change)
        return planned.balance()

    def _plan(self, families: Ints) -> None:
        size = max(1, BATCH_ROWS // self.briefs.plan.members)
        for start in range(0, len(families), size):
            some = families[start : start + size]
            self.change.observe(self.briefs.make(some, np.zeros_like(some)))


def _codes(column: pa.Array) -> Ints:
    """The codes of a dictionary column, -1 where null."""
    codes: Ints = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes
