"""Gates: bounds on measurements of the final rows. What was not computed has failed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal

import attrs

from fairloom.components import Measurement
from fairloom.reading.recipespec import GateSpec

Status = Literal["passed", "failed", "not computed"]
RunStatus = Literal["passed", "held", "failed"]


@attrs.frozen(kw_only=True)
class Verdict:
    """What a gate decided, on what value, against which bounds."""

    name: str
    metric: str
    status: Status
    on_fail: Literal["stop", "hold", "warn"]
    value: float | None
    of: str | None = None
    min: float | None = None
    max: float | None = None
    n: int = 0
    why: str | None = None
    values: dict[str, float] = attrs.field(factory=dict)
    detail: Any = None

    @property
    def passed(self) -> bool:
        """Whether the bounds hold."""
        return self.status == "passed"

    def line(self) -> str:
        """One line for people: ``balance.gap = 1 (max 1): passed``."""
        bounds = ", ".join(
            f"{side} {bound:g}" for side, bound in (("min", self.min), ("max", self.max)) if bound is not None
        )
        value = "not computed" if self.value is None else f"{self.value:.4g}"
        of = f" {self.of}" if self.of else ""
        why = f" ({self.why})" if self.why else ""
        return f"{self.name}{of} = {value} ({bounds or 'no bound'}): {self.status}{why}"


def decide(spec: GateSpec, measurement: Measurement) -> Verdict:
    """Hold a measurement against the bounds of a gate."""
    value, why = _value(spec, measurement)
    if value is None:
        status: Status = "not computed"
    else:
        low = spec.min is None or value >= spec.min
        high = spec.max is None or value <= spec.max
        status = "passed" if low and high else "failed"
    return Verdict(
        name=spec.name,
        metric=spec.metric,
        status=status,
        on_fail=spec.on_fail,
        value=value,
        of=spec.of,
        min=spec.min,
        max=spec.max,
        n=measurement.n,
        why=why,
        values={name: value for name, value in measurement.values.items() if math.isfinite(value)},
        detail=measurement.detail,
    )


def _value(spec: GateSpec, measurement: Measurement) -> tuple[float | None, str | None]:
    value = measurement.value
    if spec.of is not None:
        if spec.of not in measurement.values:
            known = ", ".join(sorted(measurement.values)) or "none"
            return None, measurement.why or f"the metric has no figure {spec.of!r}; it has: {known}"
        value = measurement.values[spec.of]
    if value is None or not math.isfinite(value):
        return None, measurement.why or "the metric gave no finite number"
    return float(value), measurement.why


def outcome(verdicts: Sequence[Verdict], *, short: int, on_shortfall: str) -> RunStatus:
    """The status of a run: ``stop`` fails it, ``hold`` keeps it for review, ``warn`` only speaks.

    ``short`` counts the families that are missing and were not made up for by trimming.
    """
    failed = {verdict.on_fail for verdict in verdicts if not verdict.passed}
    if short:
        failed.add("hold" if on_shortfall == "hold" else "stop")
    if "stop" in failed:
        return "failed"
    return "held" if "hold" in failed else "passed"
