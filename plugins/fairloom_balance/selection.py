"""The metric ``selection``: did a step keep every group alike?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from fairloom import contingency as ct
from fairloom.components import Audit, Measurement
from fairloom.problems import RecipeError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa

    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Selection:
    """Settings of ``balance.selection``; what is left out is every step, every axis."""

    step: str | None = attrs.field(
        default=None, metadata={"help": "the name of the step to look at; every step when left out"}
    )
    axis: str | None = attrs.field(
        default=None, metadata={"help": "the label or protected axis to compare by; every one when left out"}
    )


@attrs.define
class SelectionMetric:
    """Reads the filter audit: the rows that stayed say nothing about those that went."""

    audit: Audit
    config: Selection

    def observe(self, rows: pa.RecordBatch) -> None:
        """Nothing: what was rejected is not among the final rows."""

    def result(self) -> Measurement:
        """The smallest selection rate over the largest, of the step and axis where that is lowest."""
        chosen = [entry for entry in self.audit.entries if self._asked(entry)]
        compared = [entry for entry in chosen if _groups(entry) > 1]
        seen = sum(group["seen"] for group in chosen[0]["groups"]) if chosen else 0
        if not compared:
            return Measurement(value=None, n=seen, why=self._why(chosen))
        found = [_found(entry) for entry in compared]
        for entry, p in zip(found, ct.holm([entry["p"] for entry in found]).tolist(), strict=True):
            entry["p_corrected"] = p
        found.sort(key=lambda entry: entry["ratio"])
        lowest = found[0]
        return Measurement(
            value=lowest["ratio"],
            n=max(entry["seen"] for entry in found),
            values={
                "ratio": lowest["ratio"],
                "p": min(entry["p_corrected"] for entry in found),
                "lowest_rate": lowest["lowest"]["rate"],
                "highest_rate": lowest["highest"]["rate"],
                "rejected": float(max(entry["rejected"] for entry in found)),
                "compared": float(len(found)),
            },
            detail={"lowest": f"{lowest['step']} by {lowest['axis']}", "compared": found},
        )

    def _asked(self, entry: Mapping[str, Any]) -> bool:
        return self.config.step in (None, entry["step"]) and self.config.axis in (None, entry["axis"])

    def _why(self, chosen: list[Mapping[str, Any]]) -> str:
        if not self.audit.axes:
            return "the recipe has neither labels nor a protected factor to compare by"
        if not chosen:
            return f"no row reached {self.config.step or 'any step'}"
        return f"the rows that reached {self.config.step or 'the steps'} are all of one group"


def build(config: Selection, tools: Tools) -> SelectionMetric:
    """The metric, or ``RecipeError`` for a step that is not there or an axis that is not audited."""
    _known(config.step, tools.audit.steps, "step", "names no step")
    _known(config.axis, tools.audit.axes, "axis", "is neither the label nor a group of a protected factor")
    return SelectionMetric(tools.audit, config)


def _known(given: str | None, known: tuple[str, ...], key: str, what: str) -> None:
    if given is not None and given not in known:
        raise RecipeError.of(f"{given!r} {what}", key, suggestion=did_you_mean(given, known))


def _groups(entry: Mapping[str, Any]) -> int:
    return sum(group["seen"] > 0 for group in entry["groups"])


def _found(entry: Mapping[str, Any]) -> dict[str, Any]:
    groups: Iterable[Mapping[str, Any]] = entry["groups"]
    rates = sorted((group for group in groups if group["seen"]), key=lambda group: (group["rate"], group["name"]))
    return {
        "step": entry["step"],
        "use": entry["use"],
        "axis": entry["axis"],
        "ratio": entry["ratio"],
        "p": entry["p"],
        "seen": sum(group["seen"] for group in rates),
        "rejected": sum(group["rejected"] for group in rates),
        "lowest": dict(rates[0]),
        "highest": dict(rates[-1]),
    }
