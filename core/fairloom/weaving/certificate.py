"""The certificate: the balance actually reached, counted from the final rows, beside that of the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom import contingency, strata
from fairloom.batch import ATTEMPT, FAMILY, LABEL, MEMBER
from fairloom.draws import Draws, Ints
from fairloom.factors import Axis
from fairloom.rules import rules_of
from fairloom.weaving.briefs import Briefs
from fairloom.weaving.counted import Counted, Group
from fairloom.weaving.possible import Bools, Possible
from fairloom.weaving.weave import BATCH_ROWS

if TYPE_CHECKING:
    from fairloom.weaving.loom import Loom

NAMED = 10
"""So many empty cells of a table are named."""


@attrs.define(eq=False)
class CertificateBuilder:
    """Counts the declared axes over rows, batch by batch."""

    counted: Counted
    possible: Possible
    draws: Draws
    tables: dict[Group, Any] = attrs.field(factory=dict)
    counts: dict[str, Any] = attrs.field(factory=dict)
    rows: int = 0
    _allowed: dict[Group, Bools | None] = attrs.field(factory=dict)

    @classmethod
    def of(cls, loom: Loom) -> CertificateBuilder:
        """A builder for the declared axes of a recipe."""
        design, factors = loom.recipe.design, loom.factors
        crossed = frozenset(Axis.parse(text).factor for text in design.cross)
        rules = rules_of(design, loom.recipe.factors, factors)
        possible = Possible(factors, rules, loom.briefs.uses, crossed)
        return cls(Counted.of(design, factors), possible, loom.draws)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Take in the next rows."""
        self.count({axis: _codes(rows.column(axis)) for axis in self.counted.names}, rows.num_rows)

    def count(self, codes: Mapping[str, Ints], rows: int) -> None:
        """Take in the codes of the next rows, by axis."""
        names = self.counted.names
        self.rows += rows
        for axis in self.counted.axes:
            values = codes[axis]
            counted = np.bincount(values[values >= 0], minlength=len(names[axis]))
            self.counts[axis] = self.counts.get(axis, 0) + counted
        for group in self.counted.tables:
            table = strata.crosstab([codes[axis] for axis in group], [len(names[axis]) for axis in group])
            self.tables[group] = self.tables.get(group, 0) + table

    def add(self, other: CertificateBuilder, times: int = 1) -> None:
        """Add the counts of ``other``, or take them away."""
        self.rows += times * other.rows
        for axis, counts in other.counts.items():
            self.counts[axis] = self.counts.get(axis, 0) + times * counts
        for group, table in other.tables.items():
            self.tables[group] = self.tables.get(group, 0) + times * table

    def empty(self) -> CertificateBuilder:
        """A builder for the same axes that has seen nothing."""
        return CertificateBuilder(self.counted, self.possible, self.draws, allowed=self._allowed)

    def balance(self) -> dict[str, Any]:
        """Counts, gaps, V, empty cells and reversals: what of a certificate costs little."""
        seen = self.rows > 0
        return {
            "n": self.rows,
            "axes": [
                {"axis": axis, "counts": counts.tolist(), "gap": int(contingency.gap(counts))}
                for axis, counts in self.counts.items()
            ],
            "pairs": [
                {**self._strength(pair), "table": self.tables[pair].tolist()} for pair in self.counted.pairs if seen
            ],
            "label_by": [self._strength(pair) for pair in self._of_label() if seen],
            "cells": [self._cells(group) for group in self._looked_at() if seen],
            "reversals": self._reversals() if seen else _no_reversals(),
        }

    def result(self) -> dict[str, Any]:
        """The certificate as plain data."""
        found = self.balance()
        return {
            **found,
            "axes": [self._axis(axis) for axis in self.counts],
            "pairs": [self._pair(pair) for pair in self.counted.pairs if self.rows],
            "left_out": [list(group) for group in self.counted.left_out],
        }

    def _of_label(self) -> list[Group]:
        """The label by every factor and declared axis."""
        return [*(pair for pair in self.counted.pairs if LABEL in pair), *self.counted.with_label]

    def _looked_at(self) -> list[Group]:
        return [*self.counted.pairs, *self.counted.cells]

    def _axis(self, axis: str) -> dict[str, Any]:
        counts = self.counts[axis]
        return {
            "axis": axis,
            "levels": list(self.counted.names[axis]),
            "counts": counts.tolist(),
            "gap": int(contingency.gap(counts)),
            "entropy": contingency.normalised_entropy(counts),
            "effective": contingency.effective_number(counts),
        }

    def _strength(self, pair: Group) -> dict[str, Any]:
        table = self.tables[pair]
        return {
            "axes": list(pair),
            "gap": int(contingency.gap(table)),
            "v": contingency.cramers_v(table),
            "tied": self.counted.is_tied(pair),
        }

    def _pair(self, pair: Group) -> dict[str, Any]:
        table = self.tables[pair]
        p, method = self._p(pair, table)
        return {
            **self._strength(pair),
            "rows": list(self.counted.names[pair[0]]),
            "columns": list(self.counted.names[pair[1]]),
            "table": table.tolist(),
            "mi": contingency.mutual_information(table),
            "p": p,
            "p_method": method,
            "tied": self.counted.is_tied(pair),
        }

    def _p(self, pair: Group, table: Any) -> tuple[float, str]:
        if table.sum() > contingency.PERMUTED_ROWS:
            return contingency.g_test(table).p, "G-test"
        return contingency.table_permutation_p(table, self.draws.stream("certificate", *pair)), "permutation"

    def _cells(self, group: Group) -> dict[str, Any]:
        """How many cells there are, are excluded by the rules, and are empty though they need not be."""
        table = self.tables[group]
        if group not in self._allowed:
            self._allowed[group] = self.possible.cells(group)
        allowed = self._allowed[group]
        empty = (table == 0) if allowed is None else (table == 0) & allowed
        return {
            "axes": list(group),
            "cells": int(table.size),
            "excluded": None if allowed is None else int(table.size - allowed.sum()),
            "empty": int(empty.sum()),
            "first": [
                [self.counted.names[axis][code] for axis, code in zip(group, place, strict=True)]
                for place in np.argwhere(empty)[:NAMED].tolist()
            ],
        }

    def _reversals(self) -> dict[str, Any]:
        """Associations of label and protected axis that turn round within the levels of another axis."""
        tables = list(self._conditioned())
        tested = sum(strata.comparisons(table) for _, _, table in tables)
        found = [
            self._reversal(axis, given, each)
            for axis, given, table in tables
            for each in strata.reversals(table, tested)
        ]
        return {**_no_reversals(), "tested": tested, "found": sorted(found, key=lambda one: one["p"])}

    def _conditioned(self) -> Iterator[tuple[str, str, Any]]:
        """Protected axis, axis it is conditioned on, and their table with the label first."""
        for group in self.counted.cells:
            for axis, given in self.counted.conditioned(group):
                order = [group.index(name) for name in (LABEL, axis, given)]
                yield axis, given, np.transpose(self.tables[group], order)

    def _reversal(self, axis: str, given: str, found: strata.Reversal) -> dict[str, Any]:
        return {
            "label": self.counted.names[LABEL][found.outcome],
            "axis": axis,
            "level": self.counted.names[axis][found.group],
            "given": given,
            "whole": found.whole,
            "within": found.within,
            "opposite": found.opposite,
            "p": found.p,
        }


def _no_reversals() -> dict[str, Any]:
    return {"tested": 0, "effect": strata.EFFECT, "alpha": strata.ALPHA, "found": []}


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
