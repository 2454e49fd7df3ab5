"""The metric ``roles``: are all protected and nuisance factors independent of the label?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

from fairloom.batch import LABEL
from fairloom.components import Measurement
from fairloom.factors import Axis
from fairloom.problems import RecipeError
from fairloom_balance.association import AssociationMetric
from fairloom_balance.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa

    from fairloom.components import Tools
    from fairloom.factors import Factor

ROLES = ("protected", "nuisance")


@attrs.frozen(kw_only=True)
class Roles:
    """Settings of ``balance.roles``."""

    exempt: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "factors that may say something about the label; they are listed"}
    )
    alpha: float = attrs.field(
        default=0.05, metadata={"help": "corrected p below which a relation is not put down to chance"}
    )


@attrs.define
class RolesMetric:
    """One table per factor against the label; a protected factor counts by what the recipe balances of it."""

    pairs: AssociationMetric
    exempt: dict[str, str]
    alpha: float

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        self.pairs.observe(rows)

    def result(self) -> Measurement:
        """The largest Cramer's V of any factor; ``values.significant``, the largest that chance does not explain."""
        found = self.pairs.result()
        if found.value is None:
            return found
        relations = found.detail["pairs"]
        significant = [pair["v"] for pair in relations if pair["p_corrected"] < self.alpha]
        values = {"v": found.value, "p": found.values["p"], "significant": max(significant, default=0.0)}
        listed = [{"axis": pair["pair"][1], **pair} for pair in relations]
        detail = {"factors": listed, "exempt": self.exempt, "correction": found.detail["correction"]}
        return attrs.evolve(found, values={**values, "tested": float(len(relations))}, detail=detail)


def build(config: Roles, tools: Tools) -> RolesMetric:
    """The metric, or ``RecipeError`` where there is no label, no factor to compare or an unknown exemption."""
    if LABEL not in tools.factors:
        raise RecipeError.of("the task has no labels, so no factor can give one away")
    for place, name in enumerate(config.exempt):
        if name not in tools.factors or tools.factors[name].role not in ROLES:
            raise RecipeError.of(f"{name!r} is no protected or nuisance factor", "exempt", place)
    if not 0 < config.alpha < 1:
        raise RecipeError.of(f"alpha is a probability between 0 and 1, got {config.alpha}", "alpha")
    exempt = dict.fromkeys(config.exempt, "exempt in the recipe") | _tied(tools.factors)
    axes = list(_axes(tools.factors, exempt))
    if not axes:
        raise RecipeError.of("there is no protected or nuisance factor to compare with the label")
    rounds = max(199, int(2 * len(axes) / config.alpha))
    metric = AssociationMetric(tuple(Tally((LABEL, axis)) for axis in axes), rounds, "holm", tools.draws)
    return RolesMetric(metric, exempt, config.alpha)


def _axes(factors: Mapping[str, Factor], exempt: Mapping[str, str]) -> Iterator[str]:
    for name, factor in factors.items():
        if factor.role not in ROLES or factor.sampler is not None or name in exempt:
            continue
        balanced = factor.balance if factor.role == "protected" else ()
        yield from [f"{name}.{attribute}" for attribute in balanced] or [name]


def _tied(factors: Mapping[str, Factor]) -> dict[str, str]:
    """The factors that the recipe matches to the label, directly or by way of another: they must follow it."""
    found: dict[str, str] = {}
    targets = {LABEL}
    while True:
        more = {
            name: f"matched to {text} in the recipe"
            for name, factor in factors.items()
            for text in factor.match.values()
            if name not in targets and Axis.parse(text).factor in targets
        }
        if not more:
            return {name: why for name, why in found.items() if factors[name].role in ROLES}
        found |= more
        targets |= more.keys()
