"""Balance survives filtering; what cannot be filled is named."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq

import fairloom as fl

SMALL = Path(__file__).parent / "small" / "recipe.toml"


def with_step(tmp_path: Path, step: str) -> Path:
    folder = tmp_path / "recipe"
    folder.mkdir()
    for file in SMALL.parent.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    text = SMALL.read_text(encoding="utf-8").replace(
        '[[step]]\nfilter = "text.duplicates"', f'{step}\n[[step]]\nfilter = "text.duplicates"'
    )
    (folder / "recipe.toml").write_text(text, encoding="utf-8")
    return folder / "recipe.toml"


UNFAIR = '[[step]]\nname = "unfair"\nfilter = "./my_filters.py:unfair"\ntarget = "quiet"\nshare = 0.6\n'
NEVER = '[[step]]\nname = "never"\nfilter = "./my_filters.py:never"\ntarget = "quiet"\n'


def test_a_filter_against_one_label_cannot_skew_the_counts(tmp_path: Path) -> None:
    run = fl.Recipe.load(with_step(tmp_path, UNFAIR)).run(tmp_path / "run")
    assert run.status == "passed"
    assert Counter(run.table["label"].to_pylist()) == {"key_lost": 800, "late_out": 800, "quiet": 800}
    cells = Counter(
        zip(*(run.table[axis].to_pylist() for axis in ("label", "person.gender", "person.origin")), strict=True)
    )
    assert len(cells) == 12
    assert max(cells.values()) - min(cells.values()) <= 1


def test_the_audit_and_the_ledger_show_the_skew(tmp_path: Path) -> None:
    run = fl.Recipe.load(with_step(tmp_path, UNFAIR)).run(tmp_path / "run")
    entry = next(e for e in run.measurements["audit"] if e["step"] == "unfair" and e["axis"] == "label")
    rates = {group["name"]: group["rate"] for group in entry["groups"]}
    assert rates["key_lost"] == rates["late_out"] == 1.0
    assert 0.3 < rates["quiet"] < 0.6
    assert entry["ratio"] == rates["quiet"]
    assert entry["p"] < 1e-6
    gender = next(e for e in run.measurements["audit"] if e["step"] == "unfair" and e["axis"] == "person.gender")
    assert gender["ratio"] > 0.9
    ledger = pq.read_table(tmp_path / "run" / "rejected").to_pylist()
    unfair = [row for row in ledger if row["step"] == "unfair"]
    assert {row["label"] for row in unfair} == {"quiet"}
    assert {row["reason"] for row in unfair} == {"not liked"}
    assert len(unfair) == next(g for g in entry["groups"] if g["name"] == "quiet")["rejected"]
    assert len(ledger) == run.manifest["rejected"]


def test_every_candidate_is_a_row_or_in_the_ledger(tmp_path: Path) -> None:
    run = fl.Recipe.load(SMALL).run(tmp_path / "run")
    ledger = pq.read_table(tmp_path / "run" / "rejected").to_pylist()
    kept = run.table.to_pylist()
    # Attempt a of a family was made because attempts 0 .. a-1 were rejected, and only then.
    candidates = Counter(row["family"] for row in ledger)
    assert all(candidates.get(row["family"], 0) == row["attempt"] for row in kept)
    assert len(kept) == 2400
    generated = next(s for s in run.manifest["counts"]["steps"] if s["name"] == "template")
    assert generated["seen"] == len(kept) + len(ledger)


def test_duplicates_cite_the_row_that_was_kept(tmp_path: Path) -> None:
    # Eight names, three floors and two rooms: collisions are certain.
    run = fl.Recipe.load(SMALL, set=["factors.room.min=100", "factors.room.max=109"]).run(tmp_path / "run")
    kept = {row["id"]: row["text"] for row in run.table.to_pylist()}
    dropped = [
        row for row in pq.read_table(tmp_path / "run" / "rejected").to_pylist() if row["step"] == "text.duplicates"
    ]
    assert dropped
    assert all(kept[row["cites"]] == row["text"] for row in dropped if row["cites"] in kept)
    assert sum(row["cites"] in kept for row in dropped) > 0.9 * len(dropped)
    assert len(set(kept.values())) == len(kept)


def test_a_filter_nobody_can_pass_ends_in_a_named_shortfall(tmp_path: Path) -> None:
    run = fl.Recipe.load(with_step(tmp_path, NEVER), set=["design.attempts=12"]).run(tmp_path / "run")
    assert run.status == "failed"
    short = run.manifest["shortfall"]
    assert {entry["cell"]["label"] for entry in short} == {"quiet"}
    assert sum(entry["missing"] for entry in short) == 800
    # Twelve attempts at each row, every one in the ledger.
    assert [sum(entry["reasons"].values()) for entry in short] == [12 * entry["missing"] for entry in short]
    assert {next(iter(entry["reasons"])) for entry in short} == {"never: never"}
    assert "quiet" not in run.table["label"].to_pylist()


def test_held_instead_of_failed_when_the_recipe_says_so(tmp_path: Path) -> None:
    recipe = fl.Recipe.load(
        with_step(tmp_path, NEVER),
        set=["design.attempts=12", 'design.on_shortfall="hold"', 'gate.cells.on_fail="warn"'],
    )
    assert recipe.run(tmp_path / "run").status == "held"


def test_splits_keep_families_and_balance(tmp_path: Path) -> None:
    run = fl.Recipe.load(SMALL).run(tmp_path / "run")
    train, test = run.split("train"), run.split("test")
    assert not set(train["family"].to_pylist()) & set(test["family"].to_pylist())
    assert run.manifest["splits"] == {"train": train.num_rows, "test": test.num_rows}
    assert abs(test.num_rows - 600) <= 24
    cells = Counter(zip(*(test[axis].to_pylist() for axis in ("label", "person.gender", "person.origin")), strict=True))
    assert len(cells) == 12
    assert max(cells.values()) - min(cells.values()) <= 4


def test_the_certificate_counts_the_final_rows(tmp_path: Path) -> None:
    run = fl.Recipe.load(SMALL).run(tmp_path / "run")
    certificate = json.loads((tmp_path / "run" / "certificate.json").read_text(encoding="utf-8"))
    pair = next(p for p in certificate["pairs"] if p["axes"] == ["label", "person.gender"])
    counted = Counter(zip(run.table["label"].to_pylist(), run.table["person.gender"].to_pylist(), strict=True))
    assert {
        (row, column): pair["table"][i][j]
        for i, row in enumerate(pair["rows"])
        for j, column in enumerate(pair["columns"])
    } == counted


def test_the_certificate_says_which_pairs_the_recipe_ties(tmp_path: Path) -> None:
    run = fl.Recipe.load(SMALL).run(tmp_path / "run")
    tied = {tuple(pair["axes"]) for pair in run.certificate["pairs"] if pair["tied"]}
    assert tied == {("label", "template")}
