"""Splitting by family: by shares, balanced in every cell, or by conditions that the rows meet."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom.batch import FAMILY
from fairloom.design import Bools, Rule
from fairloom.draws import Draws, Ints
from fairloom.factors import Factor
from fairloom.reading.exportspec import REST
from fairloom.rules import compile_rule


def split_of(ranks: Ints, cells: npt.NDArray[np.int32], shares: Mapping[str, float], draws: Draws) -> Ints:
    """The index of the split of each family.

    Rank ``r`` of a cell falls where the sequence ``frac(phase + r * golden)`` falls among the cumulated
    shares: a Kronecker sequence (Niederreiter 1992, section 3.1), whose runs of any length hold each
    share within a few rows, so each split is as balanced as the whole. The phase is drawn per cell.

    ``ranks`` and ``cells`` have one entry per family; all rows of a family share one split.
    """
    golden = (np.sqrt(5.0) - 1.0) / 2.0
    phase = draws.unit(cells.astype(np.int64))
    place = (phase + ranks * golden) % 1.0
    edges = np.cumsum(list(shares.values()))[:-1]
    found: Ints = np.searchsorted(edges, place, side="right").astype(np.int64)
    return found


@attrs.frozen(eq=False)
class Conditions:
    """The conditions of splits, each with the number of its split; ``rest`` is that of the rows that meet none."""

    rules: tuple[tuple[int, Rule], ...]
    rest: int

    @classmethod
    def of(cls, conditions: Mapping[str, str], factors: Mapping[str, Factor]) -> Conditions:
        """Compile the conditions.

        Raises:
            RecipeError: one of them is wrong, at its key.
        """
        numbers = {name: number for number, name in enumerate(conditions)}
        rest = next(numbers[name] for name, text in conditions.items() if text == REST)
        rules = tuple(
            (numbers[name], compile_rule(text, factors, where=("export", "split", name)))
            for name, text in conditions.items()
            if text != REST
        )
        return cls(rules, rest)

    def of_rows(self, rows: pa.RecordBatch) -> Ints:
        """The number of the split of each row: the first whose condition it meets.

        Families never part: where members use different factors, the first split that any of them meets takes
        all. Families must be whole.
        """
        none = len(self.rules)
        found = np.full(rows.num_rows, none, dtype=np.int64)
        for place in reversed(range(none)):
            found[_meets(self.rules[place][1], rows)] = place
        family, where = np.unique(rows.column(FAMILY).to_numpy(), return_inverse=True)
        first = np.full(family.size, none, dtype=np.int64)
        np.minimum.at(first, where, found)
        numbers = np.array([*(number for number, _ in self.rules), self.rest], dtype=np.int64)
        chosen: Ints = numbers[first[where]]
        return chosen


def _meets(rule: Rule, rows: pa.RecordBatch) -> Bools:
    """Where a condition is met; a row that does not use one of its factors does not meet it."""
    codes = {name: rows.column(name).indices.fill_null(-1).to_numpy(zero_copy_only=False) for name in rule.factors}
    used = np.logical_and.reduce([code >= 0 for code in codes.values()])
    met: Bools = rule.keep(codes) & used
    return met
