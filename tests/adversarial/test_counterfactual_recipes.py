"""The recipes of counterfactuals run, and show what their pages say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import fairloom as fl

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


def families(run: fl.Run, by: str) -> list[dict[str, dict[str, Any]]]:
    """The rows of each family by a factor."""
    found: dict[int, dict[str, dict[str, Any]]] = {}
    for row in run.table.to_pylist():
        found.setdefault(row["family"], {})[row[by]] = row
    return list(found.values())


def test_every_flip_is_verified_and_a_negation_of_the_wrong_verb_is_not(tmp_path: Path) -> None:
    run = fl.Recipe.load(RECIPES / "label-flips" / "recipe.toml").run(tmp_path / "out")
    assert {gate.status for gate in run.gates} == {"passed"}
    for rows in families(run, "edit"):
        assert rows["antonym"]["label"] == rows["negation"]["label"] != rows["written"]["label"]
        assert all(rows[edit]["text.edits"] for edit in ("antonym", "negation"))
        assert re.search(rf"(?:was|is) not {rows['written']['quality']}", rows["negation"]["text"])
    assert len(set(run.table["text"].to_pylist())) == run.table.num_rows, "the same sentence could be in both splits"
    rejected = pq.read_table(tmp_path / "out" / "rejected").to_pylist()
    refused = [row for row in rejected if row["reason"] == "0 of 2 models verify the label"]
    assert {row["edit"] for row in refused} == {"negation"}
    assert all(re.search("cannot see|will not tell|did not go", row["text"]) for row in refused)
    page = (RECIPES / "label-flips" / "README.md").read_text("utf-8")
    assert f"They refuse {len(refused)} of\n{run.table.num_rows + len(rejected)} candidates" in page


def test_planned_people_differ_in_their_forms_alone_and_the_model_is_caught(tmp_path: Path) -> None:
    run = fl.Recipe.load(RECIPES / "fairness-counterfactuals" / "recipe.toml").run(tmp_path / "out")
    *held, model = run.gates
    assert {gate.status for gate in held} == {"passed"}
    assert model.status == "failed"
    page = (RECIPES / "fairness-counterfactuals" / "README.md").read_text("utf-8")
    assert f"answers differently in {model.value:.1%}".replace("%", " %") in page.replace("\n", " ")
    for rows in families(run, "applicant"):
        assert sorted(rows) == ["he", "she", "they"]
        assert not re.search(r"\b[Tt]hey (?:has|was)\b", rows["they"]["text"])
        swapped = re.sub(r"\b(she|herself|her)\b", lambda match: WORDS[match[1]], rows["she"]["text"].lower())
        assert swapped.replace("from his.", "from him.") == rows["he"]["text"].lower()


WORDS = {"she": "he", "herself": "himself", "her": "his"}


def test_notes_that_exist_are_swapped_whole_or_refused(tmp_path: Path) -> None:
    run = fl.Recipe.load(RECIPES / "fairness-counterfactuals" / "existing.toml").run(tmp_path / "out")
    assert Counter(gate.status for gate in run.gates) == {"passed": 2, "failed": 1}
    for rows in families(run, "side"):
        said = [set(re.findall(r"\w+", rows[side]["text"].lower())) for side in ("written", "swapped")]
        assert not {"she", "her", "hers"} & said[0] & said[1]
        assert not {"he", "him", "his"} & said[0] & said[1]
    reasons = Counter(pq.read_table(tmp_path / "out" / "rejected")["reason"].to_pylist())
    assert {"ambiguous: her", "a fact: pregnant"} <= set(reasons)
