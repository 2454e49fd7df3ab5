"""BEC-Pro (English) comes out of a recipe row for row, every column, and its faults are counted."""

from __future__ import annotations

import csv
import runpy
from pathlib import Path
from typing import Any

import pytest

import fairloom as fl

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def published(shared: Path) -> list[dict[str, str]]:
    with (shared / "worked-becpro-en" / "BEC-Pro_EN.tsv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def made(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    data = shared / "worked-becpro-en"
    override = f"factors.profession.from='{data / 'professions_english.json'}'"
    recipe = fl.Recipe.load(HERE / "bec-pro" / "recipe.toml", set=[override])
    return recipe.run(tmp_path_factory.mktemp("bec-pro") / "out", allow=[data])


@pytest.fixture(scope="module")
def rows(made: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made.table.to_pylist()
    return found


COLUMNS: dict[str, str] = runpy.run_path(str(HERE / "table.py"))["BEC_PRO"]


def test_every_column_comes_out_row_for_row(rows: list[dict[str, Any]], published: list[dict[str, str]]) -> None:
    assert len(rows) == len(published) == 5_400
    for theirs, ours in COLUMNS.items():
        assert [row[ours] for row in rows] == [row[theirs] for row in published], theirs
    assert [str(int(row["id"].rpartition("-")[2])) for row in rows] == [row[""] for row in published]


def test_masks_by_construction_find_the_broken_ones(
    rows: list[dict[str, Any]], published: list[dict[str, str]]
) -> None:
    """Nothing but the published faults differs: masks inside of words, and an "of" that is no profession."""
    broken = {name: [] for name in ("Sent_TM", "Sent_AM", "Sent_TAM")}
    for row, theirs in zip(rows, published, strict=True):
        for name, found in broken.items():
            if row[name] != theirs[name]:
                found.append(theirs[name])
    assert {name: len(found) for name, found in broken.items()} == {"Sent_TM": 5, "Sent_AM": 18, "Sent_TAM": 23}
    assert all("[MASK]ager" in text for text in broken["Sent_TM"])
    assert all("position [MASK]" in text for text in broken["Sent_AM"])


def test_the_wrong_articles_are_counted_twice(made: Any, rows: list[dict[str, Any]]) -> None:
    (gate,) = [gate for gate in made.gates if gate.name == "wrong articles"]
    assert gate.value == 378
    edits = [edit for row in rows for edit in row["text.edits"]]
    assert len(edits) == 378
    assert {edit["rule"] for edit in edits} == {"articles"}
    assert made.manifest["status"] == "passed"
