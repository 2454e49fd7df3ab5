"""Behavioural suites: rows are tests, and the command says which a model fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

import fairloom as fl
from fairloom.cli import main

SMALL = Path(__file__).with_name("small")
MODEL = f"{SMALL / 'parts.py'}"


def model(folder: Path, body: str) -> str:
    """A model file: ``body`` computes the probability of spam of ``text``."""
    path = folder / "model.py"
    path.write_text(
        "import fairloom as fl\n\n\n@fl.predictor\ndef predict(texts: list[str]) -> list[dict[str, float]]:\n"
        f'    """Judge."""\n    spam = [{body} for text in texts]\n'
        '    return [{"ham": 1 - each, "spam": each} for each in spam]\n'
    )
    return f"{path}:predict"


def test_a_model_that_does_what_is_expected_fails_nothing() -> None:
    found = fl.probe(SMALL / "suite.toml", f"{MODEL}:spam")
    assert [(line.capability, line.test, line.n, line.failed) for line in found.capabilities] == [
        ("offers", "DIR", 15, 0),
        ("plain", "MFT", 15, 0),
    ]
    assert (found.families, found.whole, found.worst) == (30, 30, 0)


def test_a_probability_that_goes_the_wrong_way_is_a_failure(tmp_path: Path) -> None:
    found = fl.probe(SMALL / "suite.toml", model(tmp_path, "0.4 if 'free' in text else 0.45"))
    offers, plain = found.capabilities
    assert (offers.failed, plain.failed) == (15, 0)
    assert found.whole == 15
    assert found.examples[0].first is not None
    assert found.examples[0].first + " free prize" == found.examples[0].text
    tolerant = fl.probe(SMALL / "suite.toml", model(tmp_path, "0.4 if 'free' in text else 0.45"), tolerance=0.06)
    assert tolerant.worst == 0


def test_failures_are_counted_by_group(tmp_path: Path) -> None:
    found = fl.probe(SMALL / "suite.toml", model(tmp_path, "0.9 if text.startswith('she') else 0.1"))
    groups = {(line.capability, line.group): line.rate for line in found.lines if line.by == "gender"}
    assert groups["plain", "she"] == 1
    assert groups["plain", "he"] == 0


def test_rows_without_tests_are_held_to_labels_and_to_their_family(tmp_path: Path) -> None:
    """A model that looks at the gender of the recipe of twins breaks invariances, whatever the labels."""
    suite = Path(__file__).parents[2] / "docs" / "recipes" / "pairs" / "recipe.toml"
    body = "0.9 if 'she' in text.lower().split() else 0.1"
    path = Path(model(tmp_path, body).rpartition(":")[0])
    path.write_text(path.read_text().replace('"ham"', '"strong"').replace('"spam"', '"mixed"'))
    found = fl.probe(suite, f"{path}:predict")
    assert {line.test for line in found.capabilities} == {"MFT", "INV"}
    (invariance,) = (line for line in found.capabilities if line.test == "INV")
    assert invariance.n == 240
    assert invariance.rate == 1


def test_the_command_prints_a_table_and_its_exit_code_follows_the_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong = model(tmp_path, "0.9")
    assert main(["probe", str(SMALL / "suite.toml"), "--model", wrong]) == 0
    assert "plain       MFT      15      15  100.0%" in capsys.readouterr().out
    assert main(["probe", str(SMALL / "suite.toml"), "--model", wrong, "--max-failures", "0.5", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["passed"] is False
    assert {line["rate"] for line in document["lines"] if line["capability"] == "plain"} == {1.0}


def test_a_finished_run_is_a_suite_and_its_recipe_names_the_model(tmp_path: Path) -> None:
    recipe = fl.Recipe.load(SMALL / "recipe.toml", set=["recipe.rows=60"])
    recipe.run(tmp_path / "run")
    found = fl.probe(tmp_path / "run", "spam")
    (line,) = found.capabilities
    assert (line.capability, line.test, line.n) == ("all", "MFT", 60)
    with pytest.raises(fl.RecipeError, match="did you mean 'spam'"):
        fl.probe(tmp_path / "run", "span")


def test_tests_that_nothing_can_be_held_against_are_an_error(tmp_path: Path) -> None:
    text = (SMALL / "suite.toml").read_text()
    (tmp_path / "one.toml").write_text(text.replace('within=["mark"]', ""))
    (tmp_path / "two.toml").write_text(text.replace('test="DIR"', 'test="DRI"'))
    with pytest.raises(fl.RecipeError, match="DIR tests, and"):
        fl.probe(tmp_path / "one.toml", f"{MODEL}:spam")
    with pytest.raises(fl.RecipeError, match="did you mean 'DIR'"):
        fl.probe(tmp_path / "two.toml", f"{MODEL}:spam")


def gated(**settings: Any) -> dict[str, Any]:
    """The suite with the metric as a gate."""
    data = dict(fl.Recipe.load(SMALL / "suite.toml").resolved)
    data["predictors"] = {"spam": {"use": "./parts.py:spam", "base": 0.45}}
    data["gate"] = [{"metric": "predict.behaviour", "model": "spam", "max": 0.2, "on_fail": "hold", **settings}]
    return data


@pytest.mark.parametrize("rows", [1000, 14])
def test_the_gate_and_the_command_count_alike(tmp_path: Path, rows: int) -> None:
    data = {**gated(by=["gender", "word"]), "parts": {"rows": rows}}
    recipe = fl.Recipe.from_data(data, SMALL)
    run = recipe.run(tmp_path / "run")
    found = fl.probe(recipe, "spam", by=["gender", "word"])
    (gate,) = run.gates
    assert gate.value == found.worst
    assert gate.values["whole"] == found.whole / found.families
    assert gate.detail["lines"] == [{**attrs.asdict(line), "rate": line.rate} for line in found.lines]
    assert gate.values["plain:MFT:gender=she"] == gate.values["plain:MFT"] == 0
    assert gate.status == "passed"


def test_a_gate_bounds_one_capability_or_the_gap_between_groups(tmp_path: Path) -> None:
    data = gated(of="plain:MFT")
    data["predictors"]["spam"]["base"] = 0.9
    (gate,) = fl.Recipe.from_data(data, SMALL).run(tmp_path / "one").gates
    assert (gate.value, gate.status) == (1.0, "failed")
    data["gate"][0]["of"] = "gap"
    (gate,) = fl.Recipe.from_data(data, SMALL).run(tmp_path / "two").gates
    assert (gate.value, gate.status) == (0.0, "passed")


def test_what_is_no_suite_is_not_computed(tmp_path: Path) -> None:
    (gate,) = fl.Recipe.from_data(gated(by=["gendre"]), SMALL).run(tmp_path / "one").gates
    assert gate.status == "not computed"
    assert "did you mean 'gender'" in gate.why
    with pytest.raises(fl.RecipeError, match="did you mean 'spam'"):
        fl.Recipe.from_data(gated(model="span"), SMALL).run(tmp_path / "two")


HEDGED = """
[recipe]
name = "hedged"
rows = 24

[task.labels]
spam = { definition = "sells something" }
ham = { definition = "sells nothing" }

[factors.thing]
values = ["prize", "book", "ticket"]

[factors.said]
values = ["plain", "louder"]

[factors.template]
match = { label = "label" }
values = [
  { label = "spam", text = "You win an old {{ thing }}." },
  { label = "ham", text = "I lost an old {{ thing }}." },
]

[design]
within = ["said"]

[[step]]
generate = "template"

[[step]]
generate = "edits.degree"
when = 'said == "louder"'
label = "DIR"
direction = "up"
"""


def test_an_edit_that_may_move_a_probability_one_way_is_a_directional_test(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(HEDGED)
    rows = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "run").table
    columns = (rows[name].to_pylist() for name in ("said", "label", "text.expect"))
    assert sorted(set(zip(*columns, strict=True)), key=str) == [
        ("louder", "ham", "up ham"),
        ("louder", "spam", "up spam"),
        ("plain", "ham", None),
        ("plain", "spam", None),
    ]
    found = fl.probe(tmp_path / "run", model(tmp_path, "0.9 - 0.1 * ('an old' not in text)"))
    assert {(line.test, line.n, line.failed) for line in found.lines} == {("DIR", 12, 6), ("MFT", 24, 12)}
    (tmp_path / "bare.toml").write_text(HEDGED.replace('"DIR"', '"INV"').replace('direction = "up"', ""))
    found = fl.probe(tmp_path / "bare.toml", model(tmp_path, "0.9 - 0.1 * ('an old' not in text)"))
    assert {line.test for line in found.lines} == {"INV", "MFT"}
