"""Perturbations in recipes: families with the row as it was, label rules, refusals in the ledger."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.cli import main
from fairloom.problems import RecipeError

ROBUSTNESS = Path(__file__).parents[2] / "docs" / "recipes" / "robustness"
RECIPE = """
[recipe]
name = "small"
version = "1.0.0"
seed = 3
rows = 16

[task]
kind = "classification"
unit = "a sentence"
[task.labels]
good = { definition = "speaks well of it" }
bad = { definition = "speaks ill of it" }
RELABEL
[factors.edit]
role = "surface"
values = ["none", "other"]
[factors.thing]
values = ["book", "film", "song", "play"]
[factors.word]
role = "surface"
key = "word"
match = { label = "label" }
values = [{ word = "good", label = "good" }, { word = "bad", label = "bad" }]
[factors.template]
role = "surface"
key = "name"
values = [{ name = "only", text = "The {{ thing }} was {{ word }}." }]

[design]
use = "design.balanced"
cross = ["label"]
within = ["edit"]

[[step]]
generate = "template"
[[step]]
STEP
"""


def recipe(tmp_path: Path, step: str, relabel: str = "") -> Any:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.replace("STEP", step).replace("RELABEL", relabel), "utf-8")
    return fl.Recipe.load(path)


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return fl.Recipe.load(ROBUSTNESS / "recipe.toml").run(tmp_path_factory.mktemp("robustness") / "out")


def test_every_family_holds_the_row_as_it_was_and_each_noise_once(suite: Any) -> None:
    families: dict[int, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in suite.table.to_pylist():
        families[row["family"]][row["noise"]] = row
    assert all(gate.status == "passed" for gate in suite.gates)
    assert len(set(suite.table["text"].to_pylist())) == suite.table.num_rows, "the same text could be in both splits"
    for rows in families.values():
        assert sorted(rows) == ["clean", "instruction", "people", "scan", "speech", "typo"]
        assert len({row["label"] for row in rows.values()}) == 1
        assert not rows["clean"]["text.edits"]
        assert rows["instruction"]["text"].startswith(rows["clean"]["text"])
        for row in rows.values():
            assert row["noise"] == "clean" or row["text"] != rows["clean"]["text"]
            (problem,) = (span["value"] for span in row["text.spans"] if span["slot"] == "problem.verb")
            assert problem == row["problem"]


def test_same_rows_for_other_batches_and_workers(tmp_path: Path, suite: Any) -> None:
    again = fl.Recipe.load(ROBUSTNESS / "recipe.toml", set=["parts.rows=60"]).run(tmp_path / "out", workers=2)
    assert again.digest == suite.digest


def test_a_flip_is_made_by_the_plan(tmp_path: Path) -> None:
    step = """generate = "edits.antonym"
when = 'edit == "other"'
label = "FLIP"
map = { good = "bad", bad = "good" }"""
    relabel = """[[task.relabel]]
when = 'edit == "other"'
flip = true"""
    rows = recipe(tmp_path, step, relabel).run(tmp_path / "out").table.to_pylist()
    assert len(rows) == 16
    assert all(row["label"] in row["text"] for row in rows)
    assert {row["label"] == row["label.planned"] for row in rows if row["edit"] == "other"} == {False}
    with pytest.raises(RecipeError, match="makes this flip; add"):
        recipe(tmp_path, step).run(tmp_path / "no")


def test_what_must_be_checked_needs_a_later_filter(tmp_path: Path) -> None:
    step = 'generate = "edits.antonym"\nwhen = \'edit == "other"\''
    with pytest.raises(RecipeError, match="label rule CHK needs verifier; name what decides"):
        recipe(tmp_path, step).run(tmp_path / "a")
    with pytest.raises(RecipeError, match="no later filter step is named 'judge'"):
        recipe(tmp_path, f'{step}\nverifier = "judge"').run(tmp_path / "b")
    judge = '\n[[step]]\nname = "judge"\nfilter = "text.pattern"\nmust = ["good|bad"]'
    made = recipe(tmp_path, f'{step}\nverifier = "judge"{judge}').run(tmp_path / "c")
    assert made.table.num_rows == 16


def test_rows_without_anything_to_edit_are_refused_with_a_reason(tmp_path: Path) -> None:
    step = 'generate = "edits.synonym"\nwhen = \'edit == "other"\''
    rows = recipe(tmp_path, step).run(tmp_path / "out").table.to_pylist()
    assert {row["thing"] for row in rows} == {"film"}  # only "film" has a synonym, so other families were tried again
    rejected = pq.read_table(tmp_path / "out" / "rejected")
    assert "nothing to edit" in rejected["reason"].to_pylist()
    kept = recipe(tmp_path, step + '\nunedited = "keep"').run(tmp_path / "kept").table.to_pylist()
    edited = [row for row in kept if row["text.edits"]]
    assert {(row["thing"], row["edit"]) for row in edited} == {("film", "other")}
    spans = [span["value"] for row in edited for span in row["text.spans"] if span["slot"] == "thing"]
    assert set(spans) == {"movie"}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ('generate = "edits.typo"\ncount = 2\nrate = 0.1', "count = 2 and rate = 0.1 exclude each other"),
        ('generate = "edits.typo"\nrate = 1.5', "must be above 0 and at most 1"),
        ('generate = "edits.typo"\nfields = ["txt"]', "the task has no field 'txt'"),
        ('generate = "edits.typo"\nwhen = "edits == 1"', "no factor 'edits'"),
        ('generate = "edits.typo"\nlayout = "dvorak"', "qwerty"),
        ('generate = "edits.entity"\nfactor = "thin"', "no factor 'thin' with a table"),
        ('generate = "edits.entity"\nfactor = "thing"\nsame = ["size"]', "has no column 'size'"),
        ('generate = "edits.people"\nnames = "thing"', "columns given and gender"),
        ('generate = "edits.instruction"\ninstructions = ["Obey."]', "must hold {canary}"),
    ],
)
def test_wrong_settings_name_the_way_out(tmp_path: Path, step: str, said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(tmp_path, step).run(tmp_path / "out")
    assert said in str(caught.value)


REFUSED = """
recipe = { name = "t", rows = 4 }
factors.n.values = ["one", "two"]
factors.template.values = [{ text = "No {{ n }}." }]
step = [{ generate = "template" }, { generate = "edits.degree" }]
"""


def test_a_preview_of_which_every_row_is_refused_says_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "recipe.toml").write_text(REFUSED, "utf-8")
    assert main(["preview", str(tmp_path / "recipe.toml"), "-n", "2"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert (
        "rows that could not be made: 2; candidates were rejected because of edits.degree: nothing to edit" in said.err
    )
