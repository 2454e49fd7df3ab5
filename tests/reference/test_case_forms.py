"""The recipe with case forms: agreement, surface rules of its own, and combinations that have no form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fairloom as fl

RECIPE = Path(__file__).parents[2] / "docs" / "recipes" / "case-forms" / "recipe.toml"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fl.Recipe.load(RECIPE).run(tmp_path_factory.mktemp("case-forms") / "out")


def test_combinations_without_a_form_are_excluded_and_counted(made: Any) -> None:
    assert made.manifest["status"] == "passed"
    assert made.manifest["shortfall"] == []
    assert made.manifest["unwritable"] == {"families": 2, "rows": 2}
    rejected = pq.read_table(made.path / "rejected").to_pylist()
    assert {(row["template"], row["noun"], row["reason"]) for row in rejected} == {
        ("here", "perfumy", "missing form noun.nominative")
    }
    assert {row["attempt"] for row in rejected} == {0}
    assert made.table.num_rows == 3 * 5 * 2 - 2


def test_adjective_and_noun_agree(made: Any) -> None:
    texts = {(row["template"], row["noun"], row["adjective"]): row for row in made.table.to_pylist()}
    assert texts["want", "kawa", "dobra (f)"]["text"] == "Chcę dobrą kawę. Z kawy?"
    assert texts["without", "perfumy", "francuskie (pl)"]["text"] == "Nie ma francuskich perfum."
    assert texts["here", "chleb", "dobry (m)"]["text"] == "Dobry chleb jest tutaj."
    assert texts["want", "śmietana", "francuska (f)"]["text"] == "Chcę francuską śmietanę. Ze śmietany?"
    assert texts["want", "śmietana", "francuska (f)"]["masked"] == "Chcę francuską ___. Ze ___?"
    for row in texts.values():
        for span in row["text.spans"]:
            assert row["text"][span["start"] : span["end"]] == span["value"]
