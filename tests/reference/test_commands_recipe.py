"""The cookbook's grammar: even over intent and depth, longer sequences tested only, actions that fit the text."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import fairloom as fl

RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "commands" / "recipe.toml"


@pytest.fixture(scope="module")
def commands(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fl.Recipe.load(RECIPE).run(tmp_path_factory.mktemp("commands") / "out")


def test_every_gate_holds_and_every_cell_is_full(commands: Any) -> None:
    assert commands.status == "passed"
    rows = commands.table.to_pylist()
    cells = Counter((row["sentence.intent"], row["sentence.depth"], row["template"]) for row in rows)
    assert set(cells.values()) == {50}
    assert len(cells) == 24


def test_longer_sequences_are_tested_only(commands: Any) -> None:
    lengths = {
        name: [len(actions.split()) for actions in commands.split(name)["actions"].to_pylist()]
        for name in ("train", "test")
    }
    assert max(lengths["train"]) <= 9 < min(lengths["test"])
    assert len(lengths["test"]) > 100


def test_actions_fit_the_text(commands: Any) -> None:
    """As many actions as tasks, and places nested as deep."""
    for row in commands.table.to_pylist():
        text, actions = row["request"].lower(), row["actions"]
        if "close everything" not in text:  # which says its place twice
            assert text.count("next to") == actions.count("NEXT(")
        assert text.count("turn on") == actions.split().count("ON")
        tasks = text.count("turn o") + 2 * text.count("close everything")
        assert tasks == sum(word in {"ON", "OFF"} for word in actions.split())
