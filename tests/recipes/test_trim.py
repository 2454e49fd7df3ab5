"""Trimming: what one cell lacks is taken from the others, and all of it is written down."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fairloom as fl

SMALL = Path(__file__).parent / "small"
AXES = ("label", "person.gender", "person.origin")


def recipe(tmp_path: Path, share: float, attempts: int, rows: int = 600, on_shortfall: str = "trim") -> fl.Recipe:
    """The small recipe with a filter that refuses most of one label, and too few attempts to make up for it."""
    for file in SMALL.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    step = (
        f'[[step]]\nname = "unfair"\nfilter = "./my_filters.py:unfair"\ntarget = "quiet"\nshare = {share}\n\n[[gate]]'
    )
    text = (SMALL / "recipe.toml").read_text(encoding="utf-8").replace("[[gate]]", step, 1)
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    sets = [f"recipe.rows={rows}", f"design.attempts={attempts}", f'design.on_shortfall="{on_shortfall}"']
    return fl.Recipe.load(tmp_path / "recipe.toml", set=sets)


@pytest.mark.parametrize("rows", [600, 607])
def test_the_balance_holds_and_the_cost_is_said(tmp_path: Path, rows: int) -> None:
    run = recipe(tmp_path, 0.6, 3, rows).run(tmp_path / "run")
    assert run.status == "passed"
    cells = Counter(zip(*(run.table[axis].to_pylist() for axis in AXES), strict=True))
    assert len(cells) == 12
    assert max(cells.values()) - min(cells.values()) <= 1
    ledger = pq.read_table(tmp_path / "run" / "rejected").to_pylist()
    trimmed = [row for row in ledger if row["step"] == "trim"]
    missing = sum(cell["missing"] for cell in run.manifest["shortfall"])
    assert trimmed
    assert missing
    assert {row["reason"] for row in trimmed} == {"taken out so that the balance holds"}
    assert len(run.table) + len(trimmed) + missing == rows
    report = run.certificate["trimmed"]
    assert report == run.manifest["trimmed"]
    assert report["rows"] == len(trimmed)
    assert report["worst_cell"]["label"] == "quiet"
    assert 0.3 < report["part"] < 1
    assert not {row["id"] for row in trimmed} & set(run.table["id"].to_pylist())
    # The other declared margins stay even as well as whole rows allow.
    for label in ("key_lost", "late_out"):
        floors = Counter(
            f for f, own in zip(*(run.table[a].to_pylist() for a in ("floor", "label")), strict=True) if own == label
        )
        assert max(floors.values()) - min(floors.values()) <= 1


def test_a_cell_that_reached_nothing_cannot_be_made_up_for(tmp_path: Path) -> None:
    run = recipe(tmp_path, 1.1, 2).run(tmp_path / "run")
    assert run.status == "failed"
    assert "trimmed" not in run.manifest
    assert set(run.table["label"].to_pylist()) == {"key_lost", "late_out"}
    assert len(run.table) + sum(cell["missing"] for cell in run.manifest["shortfall"]) == 600


def test_without_a_shortfall_nothing_is_trimmed(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = recipe(tmp_path / "a", 0.3, 20).run(tmp_path / "one")
    other = recipe(tmp_path / "b", 0.3, 20, on_shortfall="stop").run(tmp_path / "other")
    assert one.digest == other.digest
    assert "trimmed" not in one.manifest
