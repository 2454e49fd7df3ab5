"""Twins stay together: through duplicate filters, refills and the split."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fairloom as fl

THINGS = ["card", "key", "coat", "phone", "scarf", "purse", "ring", "watch", "book", "bag"]
PLACES = ["station", "bakery", "museum", "harbour", "library", "market", "office", "garden", "school", "bridge"]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
TEXTS = (
    "On {{ day }} {{ gender.they }} VERB {{ gender.their }} {{ thing }} near the {{ place }} at {{ hour }}.",
    "Near the {{ place }}, at {{ hour }}, {{ gender.they }} VERB a {{ thing }} on {{ day }}.",
)


def recipe(rows: int, near: dict[str, Any]) -> dict[str, Any]:
    """Families of one woman and one man, with enough words that some families come out alike."""
    return {
        "recipe": {"name": "twins", "seed": 5, "rows": rows},
        "task": {"labels": {name: {"definition": f"something is {name}"} for name in ("lost", "found")}},
        "factors": {
            "gender": {
                "role": "protected",
                "key": "name",
                "values": [
                    {"name": "female", "they": "she", "their": "her"},
                    {"name": "male", "they": "he", "their": "his"},
                ],
            },
            "thing": {"values": THINGS},
            "place": {"values": PLACES},
            "day": {"values": DAYS},
            "hour": {"sample": "values.integer", "min": 1, "max": 12},
            "template": {
                "role": "surface",
                "key": "name",
                "match": {"label": "label"},
                "values": [
                    {"name": f"{label}{number}", "label": label, "text": text.replace("VERB", label)}
                    for label in ("lost", "found")
                    for number, text in enumerate(TEXTS)
                ],
            },
        },
        "design": {"cross": ["label"], "within": ["gender"], "independent": [["label", "thing"], ["label", "day"]]},
        "step": [{"generate": "template"}, {"filter": "text.duplicates"}, {"filter": "text.near_duplicates", **near}],
        "gate": [{"metric": "balance.gap", "over": ["label", "gender"], "max": 0}],
        "export": {"split": {"train": 0.7, "dev": 0.1, "test": 0.2}},
        "parts": {"rows": 700},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> fl.Run:
    data = recipe(4_000, {"threshold": 0.8})
    return fl.Recipe.from_data(data, Path()).run(tmp_path_factory.mktemp("twins") / "run")


def ledger(run: fl.Run, step: str) -> list[dict[str, Any]]:
    return [row for row in pq.read_table(run.path / "rejected").to_pylist() if row["step"] == step]


def test_of_two_thousand_pairs_none_is_broken(run: fl.Run) -> None:
    assert run.status == "passed"
    pairs = Counter(run.table["family"].to_pylist())
    assert len(pairs) == 2_000
    assert set(pairs.values()) == {2}
    assert Counter(run.table["gender"].to_pylist()) == {"female": 2_000, "male": 2_000}
    places = Counter(
        family for split in ("train", "dev", "test") for family in set(run.split(split)["family"].to_pylist())
    )
    assert set(places.values()) == {1}
    # The twins of a family are nearly the same text, and the filter did have something to do.
    assert len(ledger(run, "text.near_duplicates")) > 100


def test_every_drop_cites_a_row_that_stays_and_says_how_alike_they_are(run: fl.Run) -> None:
    kept = {row["id"]: row for row in run.table.to_pylist()}
    lost = ledger(run, "text.near_duplicates")
    cited = [row for row in lost if row["cites"] is not None]
    assert {row["reason"] for row in cited} == {"near duplicate"}
    assert all(row["cites"] in kept and 0.8 <= row["similarity"] <= 1 for row in cited)
    assert all(kept[row["cites"]]["family"] != row["family"] for row in cited)
    mates = [row for row in lost if row["cites"] is None]
    assert {row["reason"] for row in mates} <= {"family member rejected"}
    assert all(row["similarity"] is None for row in mates)
    assert set(Counter((row["family"], row["attempt"]) for row in lost).values()) == {2}


def test_removal_is_audited_per_label_and_group(run: fl.Run) -> None:
    counted = Counter(row["label"] for row in ledger(run, "text.near_duplicates") if row["cites"])
    audit = {e["axis"]: e for e in run.measurements["audit"] if e["step"] == "text.near_duplicates"}
    assert set(audit) == {"label", "gender"}
    assert {group["name"]: group["rejected"] for group in audit["label"]["groups"]} == counted


def test_masked_names_do_not_hide_what_is_the_same(tmp_path: Path) -> None:
    # With day and hour masked, ten things, ten places and two templates leave 200 texts per label.
    near = {"threshold": 1.0, "mask": ["day", "hour"]}
    run = fl.Recipe.from_data(recipe(400, near), Path()).run(tmp_path / "run")
    seen = Counter(
        (row["label"], row["template"], row["thing"], row["place"], row["gender"]) for row in run.table.to_pylist()
    )
    assert set(seen.values()) == {1}
    assert run.status == "passed"


def relabelled(rows: int) -> dict[str, Any]:
    """The twins four at a time: a second within-factor turns the label, and every kind of step drops some rows."""
    made = recipe(rows, {"threshold": 0.8, "mask": ["tone"]})
    made["task"]["relabel"] = [{"when": 'tone == "taken back"', "flip": True}]
    made["factors"]["tone"] = {
        "key": "name",
        "values": [
            {"name": "said", "mark": "Yes."},
            {"name": "taken back", "mark": "No."},
        ],
    }
    for level in made["factors"]["template"]["values"]:
        level["text"] += " {{ tone.mark }}"
    made["design"] |= {"within": ["gender", "tone"]}
    # One member of a family alone is refused: what befalls one must befall all.
    made["step"].insert(
        1, {"filter": "text.pattern", "must_not": [r"^On Friday he .* No", r"^Near the bridge, at 7, she"]}
    )
    made["gate"] += [
        {"metric": "balance.minimal_pairs", "max": 0},
        {"metric": "balance.gap", "name": "turned", "over": ["label", "tone"], "max": 0},
    ]
    made["export"]["split"]["together"] = ["place"]
    return made


def test_no_step_and_no_split_breaks_a_relabelled_family(tmp_path: Path) -> None:
    run = fl.Recipe.from_data(relabelled(4_000), Path()).run(tmp_path / "run")
    assert run.status == "passed"
    rows = run.table.to_pylist()
    assert set(Counter(row["family"] for row in rows).values()) == {4}
    assert set(Counter((row["label"], row["tone"], row["gender"]) for row in rows).values()) == {500}
    for row in rows:
        assert (row["label"] == row["label.planned"]) == (row["tone"] == "said")
        assert row["template"].startswith(row["label.planned"])
    attempts: dict[int, set[int]] = {}
    for row in rows:
        attempts.setdefault(row["family"], set()).add(row["attempt"])
    assert {len(each) for each in attempts.values()} == {1}
    for step in ("text.pattern", "text.duplicates", "text.near_duplicates"):
        lost = ledger(run, step)
        assert set(Counter((row["family"], row["attempt"]) for row in lost).values()) == {4}
    splits = {name: run.split(name).to_pylist() for name in ("train", "dev", "test")}
    for column in ("family", "place"):
        homes = Counter(level for found in splits.values() for level in {row[column] for row in found})
        assert set(homes.values()) == {1}
