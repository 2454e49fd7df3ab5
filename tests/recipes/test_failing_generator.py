"""A generator that fails for one label: equal counts at the end, or a named shortfall and a failed run."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.cli import main

RECIPE = """
recipe = { name = "failing", seed = 5, rows = 400 }
task.labels.praise = { definition = "the guest is glad" }
task.labels.complaint = { definition = "the guest is not" }
factors.dish.values = ["soup", "rice", "pie", "salad", "bread", "stew", "cake", "pasta"]
design.cross = ["label"]
design.independent = [["label", "dish"]]
step = [{ name = "shy", generate = "./writer.py:shy" }]
gate = [{ metric = "balance.gap", over = ["label"], max = 0 }]
"""
WRITER = """
import fairloom as fl


@fl.generator
def shy(label: str, dish: str, draw: fl.Draw, *, share: float = 0.6) -> str | dict[str, str]:
    \"\"\"Writes, but often does not manage a complaint: as a model that refuses would.\"\"\"
    if label == "complaint" and draw.unit() < share:
        return {"reason": "the model refused"}
    return f"{label}: the {dish}"
"""


def recipe(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = RECIPE
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    (tmp_path / "recipe.toml").write_text(text, "utf-8")
    (tmp_path / "writer.py").write_text(WRITER, "utf-8")
    return tmp_path / "recipe.toml"


@pytest.mark.parametrize("parts", [37, 400])
def test_every_label_has_its_rows_at_the_end(tmp_path: Path, parts: int) -> None:
    run = fl.Recipe.load(recipe(tmp_path), set=[f"parts.rows={parts}"]).run(tmp_path / "run")
    assert run.status == "passed"
    assert Counter(run.table["label"].to_pylist()) == {"praise": 200, "complaint": 200}
    both = Counter(zip(run.table["label"].to_pylist(), run.table["dish"].to_pylist(), strict=True))
    assert set(both.values()) == {25}
    (entry,) = (entry for entry in run.measurements["audit"] if entry["axis"] == "label")
    kept = {group["name"]: group["rate"] for group in entry["groups"]}
    assert kept["praise"] == 1.0
    assert 0.3 < kept["complaint"] < 0.5
    ledger = pq.read_table(tmp_path / "run" / "rejected").to_pylist()
    assert {(row["label"], row["step"], row["reason"]) for row in ledger} == {("complaint", "shy", "the model refused")}


def test_with_one_attempt_the_shortfall_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = recipe(tmp_path, ('design.cross = ["label"]', 'design.cross = ["label"]\ndesign.attempts = 1'))
    assert main(["run", str(path), "--to", str(tmp_path / "run")]) == 1
    said = capsys.readouterr().out
    (line,) = re.findall(r"label=complaint +(\d+) +shy: the model refused \((\d+)\)", said)
    missing = int(line[0])
    assert line[0] == line[1]
    assert 90 < missing < 150
    run = fl.Run.open(tmp_path / "run")
    assert Counter(run.table["label"].to_pylist()) == {"praise": 200, "complaint": 200 - missing}
    assert [(cell["cell"], cell["missing"]) for cell in run.manifest["shortfall"]] == [
        ({"label": "complaint"}, missing)
    ]
