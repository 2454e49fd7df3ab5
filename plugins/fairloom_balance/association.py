"""The metric ``association``: does one column say something about another?"""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any, Literal

import attrs

from fairloom import contingency as ct
from fairloom.components import Measurement
from fairloom.draws import Draws
from fairloom.factors import Axis
from fairloom.problems import RecipeError
from fairloom_balance.tally import Tally

if TYPE_CHECKING:
    import pyarrow as pa

    from fairloom.components import Tools
    from fairloom.draws import Ints

_LARGEST = 1 << 24
"""Cells of a table that may be held at once."""


@attrs.frozen(kw_only=True)
class Association:
    """Settings of ``balance.association``; give ``between`` or ``pairs``."""

    between: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": 'columns of which every two are compared, such as ["label", "city"]'}
    )
    pairs: tuple[tuple[str, ...], ...] = attrs.field(
        default=(), metadata={"help": "pairs of columns to compare, where not every two of them are wanted"}
    )
    rounds: int = attrs.field(
        default=199, metadata={"help": "shuffles of the permutation test; raised where many pairs need more"}
    )
    correction: Literal["holm", "bonferroni"] = attrs.field(
        default="holm", metadata={"help": "how p is corrected for the number of pairs"}
    )


@attrs.define
class AssociationMetric:
    """One table per pair. Up to 20,000 rows p comes from shuffles, beyond from the G-test; ``detail`` says which."""

    tallies: tuple[Tally, ...]
    rounds: int
    correction: str
    draws: Draws

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        for tally in self.tallies:
            tally.observe(rows)

    def result(self) -> Measurement:
        """The largest Cramer's V; in ``values`` also the largest mutual information and the smallest corrected p."""
        why = [said for said in map(_hindrance, self.tallies) if said]
        if why:
            return Measurement(value=None, why="; ".join(why))
        found = [self._pair(tally) for tally in self.tallies]
        correct = ct.holm if self.correction == "holm" else ct.bonferroni
        for pair, p in zip(found, correct([pair["p"] for pair in found]).tolist(), strict=True):
            pair["p_corrected"] = p
        worst = max(pair["v"] for pair in found)
        return Measurement(
            value=worst,
            n=max(tally.n for tally in self.tallies),
            values={
                "v": worst,
                "mi": max(pair["mi"] for pair in found),
                "p": min(pair["p_corrected"] for pair in found),
                "left_out": float(max(tally.left_out for tally in self.tallies)),
            },
            detail={"correction": self.correction, "pairs": sorted(found, key=lambda pair: -pair["v"])},
        )

    def _pair(self, tally: Tally) -> dict[str, Any]:
        table = tally.table()
        shuffled = tally.n <= ct.PERMUTED_ROWS
        return {
            "pair": list(tally.axes),
            "v": ct.cramers_v(table),
            "v_corrected": ct.cramers_v(table, corrected=True),
            "mi": ct.mutual_information(table),
            "nmi": ct.normalised_mutual_information(table),
            "p": self._shuffled_p(tally.axes, table) if shuffled else ct.g_test(table).p,
            "method": f"permutation, {self.rounds} rounds" if shuffled else "G-test, asymptotic",
            "gap": ct.gap(table),
            "levels": list(table.shape),
            "smallest_expected": float(ct.expected(table).min()),
            "n": tally.n,
            "left_out": tally.left_out,
        }

    def _shuffled_p(self, axes: tuple[str, ...], table: Ints) -> float:
        return ct.table_permutation_p(table, self.draws.stream(*axes), self.rounds)


def build(config: Association, tools: Tools) -> AssociationMetric:
    """The metric, or ``RecipeError`` where the pairs are missing or not pairs, or an attribute is unknown."""
    pairs = _pairs(config)
    if config.rounds < 19:
        raise RecipeError.of(f"rounds is {config.rounds}; p cannot get below 0.05 with fewer than 19", "rounds")
    for axis in sorted(set(itertools.chain.from_iterable(pairs))):
        Axis.parse(axis).check(tools.factors, "between" if config.between else "pairs")
    enough = max(config.rounds, 20 * len(pairs) - 1)  # so that the corrected p can reach 0.05
    return AssociationMetric(tuple(Tally(pair) for pair in pairs), enough, config.correction, tools.draws)


def _pairs(config: Association) -> tuple[tuple[str, ...], ...]:
    if bool(config.between) == bool(config.pairs):
        given = "both between and pairs are given" if config.between else "neither between nor pairs is given"
        raise RecipeError.of(given, suggestion='write, say, between = ["label", "city"]')
    if len(config.between) == 1 or len(set(config.between)) < len(config.between):
        raise RecipeError.of(f"between needs two or more different columns, got {list(config.between)}", "between")
    for place, pair in enumerate(config.pairs):
        if len(set(pair)) != 2 or len(pair) != 2:
            raise RecipeError.of(f"a pair is two different columns, got {list(pair)}", "pairs", place)
    return config.pairs or tuple(itertools.combinations(config.between, 2))


def _hindrance(tally: Tally) -> str | None:
    """Why this pair cannot be measured."""
    if tally.why:
        return tally.why
    if not tally.n:
        return f"no row has both {tally.axes[0]!r} and {tally.axes[1]!r}"
    cells = math.prod(map(len, tally.seen()))
    if cells > _LARGEST:
        return f"{tally.axes[0]!r} and {tally.axes[1]!r} have {cells} combinations, too many to compare"
    return None
