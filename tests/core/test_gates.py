"""Gates hold bounds, and what was not computed has failed."""

from __future__ import annotations

import math

import pytest

from fairloom.components import Measurement
from fairloom.recipe import GateSpec
from fairloom.weaving.gates import decide, outcome


def gate(**settings: object) -> GateSpec:
    return GateSpec(**{"metric": "m.x", "name": "x", **settings})


@pytest.mark.parametrize(
    ("value", "bounds", "status"),
    [
        (1.0, {"max": 1.0}, "passed"),
        (1.1, {"max": 1.0}, "failed"),
        (0.5, {"min": 0.5, "max": 0.6}, "passed"),
        (0.4, {"min": 0.5, "max": 0.6}, "failed"),
        (None, {"max": 1.0}, "not computed"),
        (math.nan, {"max": 1.0}, "not computed"),
        (math.inf, {"min": 1.0}, "not computed"),
    ],
)
def test_bounds(value: float | None, bounds: dict[str, float], status: str) -> None:
    verdict = decide(gate(**bounds), Measurement(value=value))
    assert verdict.status == status
    assert verdict.passed is (status == "passed")


def test_a_secondary_figure_can_be_gated() -> None:
    assert decide(gate(of="z", max=4.0), Measurement(value=9.0, values={"z": 3.0})).passed
    missing = decide(gate(of="zz", max=4.0), Measurement(value=1.0, values={"z": 3.0}))
    assert missing.status == "not computed"
    assert "it has: z" in (missing.why or "")


@pytest.mark.parametrize(
    ("on_fail", "value", "short", "on_shortfall", "status"),
    [
        ("stop", 0.0, 0, "stop", "passed"),
        ("stop", 2.0, 0, "stop", "failed"),
        ("hold", 2.0, 0, "stop", "held"),
        ("warn", 2.0, 0, "stop", "passed"),
        ("warn", 0.0, 3, "stop", "failed"),
        ("warn", 0.0, 3, "hold", "held"),
        ("stop", None, 0, "hold", "failed"),
    ],
)
def test_the_status_of_a_run(on_fail: str, value: float | None, short: int, on_shortfall: str, status: str) -> None:
    verdict = decide(gate(max=1.0, on_fail=on_fail), Measurement(value=value))
    assert outcome([verdict], short=short, on_shortfall=on_shortfall) == status


def test_the_line_for_people() -> None:
    assert decide(gate(max=1.0), Measurement(value=2.0)).line() == "x = 2 (max 1): failed"
