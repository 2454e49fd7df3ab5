"""``fairloom explain``: how a row came about, and whether the recipe still makes it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import fairloom as fl
from fairloom.cli import main
from fairloom.explain import explain

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A run of a recipe with a filter that rejects some rows."""
    shutil.copytree(RECIPES / "local-filter", tmp_path / "r")
    fl.Recipe.load(tmp_path / "r" / "recipe.toml").run(tmp_path / "out")
    return tmp_path


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("pairs") / "out"
    fl.Recipe.load(RECIPES / "pairs" / "recipe.toml").run(out)
    return out


def test_a_row_is_found_by_id_address_and_place(pairs: Path) -> None:
    found = [explain(pairs, row) for row in ("pairs-00000004", "4", "#5")]
    assert {each.address for each in found} == {4}
    assert found[0].same
    assert [each["member"] for each in found[0].family] == [0, 1, 2]
    gender = next(level for level in found[0].levels if level.factor == "gender")
    assert gender.name == "man"
    assert gender.shown.keys() < gender.attributes.keys()


def test_rejected_attempts_stand_with_their_reason(place: Path) -> None:
    ledger = fl.Recipe.load(place / "r" / "recipe.toml").run(place / "out")
    again = [row["id"] for row in ledger.table.to_pylist() if row["attempt"] > 0]
    found = explain(place / "out", again[0])
    assert found.same
    assert [entry["reason"] for entry in found.ledger] == ["shouting"] * found.row["attempt"]


def test_what_changed_since_is_named(place: Path, capsys: Any) -> None:
    recipe = (place / "r" / "my_filters.py").read_text("utf-8")
    (place / "r" / "my_filters.py").write_text(recipe + "\n# changed\n", encoding="utf-8")
    assert main(["explain", str(place / "out"), "0"]) == 0
    said = capsys.readouterr().out
    assert "my_filters.py changed since the run." in said
    assert "The row is what the recipe makes." in said


def test_another_row_is_shown_column_by_column(tmp_path: Path, capsys: Any) -> None:
    path = tmp_path / "recipe.toml"
    (tmp_path / "city.csv").write_text("city\nOslo\nLyon\n", encoding="utf-8")
    path.write_text(
        '[recipe]\nname = "c"\n[factors.template]\nvalues = [{ name = "a", text = "To {{ city }}" }]\n'
        '[factors.city]\nfrom = "city.csv"\n[design]\nuse = "design.factorial"\n[[step]]\ngenerate = "template"\n',
        encoding="utf-8",
    )
    fl.Recipe.load(path).run(tmp_path / "out")
    (tmp_path / "city.csv").write_text("city\nOslo\nNice\n", encoding="utf-8")
    assert main(["explain", str(tmp_path / "out"), "1"]) == 1
    said = capsys.readouterr().out
    assert "the input city.csv changed since the run." in said
    assert "The recipe makes another row now:" in said
    assert "To Lyon" in said
    assert "To Nice" in said
    assert main(["explain", str(tmp_path / "out"), "1", "--json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert {each["column"] for each in found["differences"]} == {"text", "text.spans", "city"}
    path.unlink()
    assert main(["explain", str(tmp_path / "out"), "1"]) == 1
    assert "The row could not be made again: the recipe is no longer at" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "code", "said"),
    [
        ("x", 2, "'x' is no row of pairs; give an id (pairs-00000042), an address (42)"),
        ("999999", 3, "there is no address 999,999: the plan has 0 to 359"),
        ("9" * 30, 3, "the plan has 0 to 359"),
        ("#0", 3, "there is no row 0: the data have 360"),
    ],
)
def test_a_row_that_is_not_there_is_said(pairs: Path, capsys: Any, row: str, code: int, said: str) -> None:
    assert main(["explain", str(pairs), row]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("recorded", [True, False])
def test_edits_of_rules_are_told_whether_the_run_recorded_them_or_not(
    tmp_path: Path, recorded: Any, capsys: Any
) -> None:
    path = RECIPES / "case-forms" / "recipe.toml"
    fl.Recipe.load(path, set=[f"step.template.edits={str(recorded).lower()}"]).run(tmp_path / "out")
    found = explain(tmp_path / "out", "#3")
    assert found.same
    assert found.template == {
        "name": "here",
        "text": "{{ adjective[template.case] }} {{ noun[template.case] }} jest tutaj .",
    }
    assert found.row["text"] == "Dobra kawa jest tutaj."
    assert [(edit["rule"], edit["old"], edit["new"]) for edit in found.edits] == [
        ("capitals", "d", "D"),
        ("blanks", " ", ""),
    ]
    assert main(["explain", str(tmp_path / "out"), "#3"]) == 0
    assert "  text   capitals  0-1         'd'     'D'\n" in capsys.readouterr().out
