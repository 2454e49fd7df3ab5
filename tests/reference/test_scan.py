"""SCAN (Lake and Baroni 2018) out of a grammar of 19 alternatives: every published pair, and the length split."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import fairloom as fl

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def scan(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fl.Recipe.load(HERE / "scan" / "recipe.toml").run(tmp_path_factory.mktemp("scan") / "out")


@pytest.fixture(scope="module")
def published(shared: Path) -> list[str]:
    return (shared / "worked-scan" / "tasks.txt").read_text("utf-8").splitlines()


def test_every_published_pair_comes_out_once(scan: Any, published: list[str]) -> None:
    """The published file is shuffled, so the two are compared as sorted lists."""
    assert len(published) == 20_910
    assert sorted(scan.table["text"].to_pylist()) == sorted(published)


def test_the_length_split_is_the_published_rule(scan: Any, published: list[str]) -> None:
    """More than 22 actions go to test: 16,990 and 3,920."""
    longer = [pair for pair in published if len(pair.partition(" OUT: ")[2].split()) > 22]
    assert scan.manifest["splits"] == {"train": 16_990, "test": 3_920}
    assert sorted(scan.split("test")["text"].to_pylist()) == sorted(longer)


def test_scan_passes_its_gates(scan: Any) -> None:
    assert [gate.name for gate in scan.gates if gate.status != "passed"] == []
