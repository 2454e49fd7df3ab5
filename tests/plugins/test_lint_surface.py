"""``lint.surface`` counts what surface rules changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fairloom as fl

RECIPE: dict[str, Any] = {
    "recipe": {"name": "t", "rows": "all"},
    "task": {"fields": ["text"]},
    "factors": {
        "template": {"values": [{"name": "a", "text": "a {{ x }} , they was"}, {"name": "b", "text": "a {{ x }}"}]},
        "x": {"values": ["apple", "pear"]},
    },
    "design": {"use": "design.factorial"},
}


def measured(tmp_path: Path, gate: dict[str, Any] | None = None, **step: Any) -> Any:
    """The verdict over a run."""
    steps = [{"generate": "template", "surface": ["articles", "blanks", "verbs"], **step}]
    gates = [{"metric": "lint.surface", "max": 9, "on_fail": "warn", **(gate or {})}]
    run = fl.Recipe.from_data({**RECIPE, "step": steps, "gate": gates}, tmp_path).run(tmp_path / "out")
    return run.gates[0]


def test_rows_and_edits_are_counted_by_rule(tmp_path: Path) -> None:
    gate = measured(tmp_path, edits=True)
    assert gate.value == 3
    assert gate.values == {"articles": 2, "blanks": 2, "verbs": 2}


@pytest.mark.parametrize("mode", ["correct", "faithful"])
def test_one_rule_can_be_a_gate(tmp_path: Path, mode: str) -> None:
    gate = measured(tmp_path, {"rule": "articles", "max": 1}, edits=True, surface_mode=mode)
    assert (gate.value, gate.status) == (2, "failed")
    assert gate.detail["commonest"] == [{"old": "", "new": "n", "rule": "articles", "edits": 2}]


def test_without_the_column_there_is_no_number(tmp_path: Path) -> None:
    gate = measured(tmp_path)
    assert gate.value is None
    assert "sets edits = true" in gate.why
