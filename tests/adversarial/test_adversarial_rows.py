"""Hard rows: bands, boundaries and searches keep the quotas of the design, and say what they cost."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import fairloom as fl
from fairloom.weaving.prepare import prepare
from fairloom_adversarial import boundary

SMALL = Path(__file__).with_name("small")
SIMILAR: dict[str, Any] = {
    "generate": "adversarial.similar",
    "model": "spam",
    "edits": [{"use": "./parts.py:typo", "letter": "1"}],
    "on_failure": "keep",
}


def recipe(*steps: dict[str, Any], gates: Any = (), **tables: Any) -> fl.Recipe:
    """The small recipe with further steps and gates."""
    data = dict(fl.Recipe.load(SMALL / "recipe.toml").resolved)
    data["step"] = [*data["step"], *steps]
    data["gate"] = list(gates)
    return fl.Recipe.from_data({**data, **tables}, SMALL)


def margins(table: pa.Table) -> list[float]:
    """The margin of every row, computed apart."""
    words = {"free": 0.35, "prize": 0.3, "call": 0.15, "now": 0.1, "win": 0.25}
    found = []
    for text, label in zip(table["text"].to_pylist(), table["label"].to_pylist(), strict=True):
        spam = min(0.99, 0.11 + sum(words.get(word, 0.0) for word in re.findall(r"\w+", text)))
        found.append((2 * spam - 1) * (1 if label == "spam" else -1))
    return found


def cells(table: pa.Table) -> set[int]:
    """The sizes of the cells."""
    counted = table.group_by(["label", "group"]).aggregate([([], "count_all")])
    assert counted.num_rows == 6
    return set(counted["count_all"].to_pylist())


def test_a_band_keeps_only_rows_as_hard_as_wanted_and_every_cell_its_quota(tmp_path: Path) -> None:
    step = {"filter": "adversarial.band", "model": "spam", "margin": [-0.55, 0.55]}
    run = recipe(step, design={"cross": ["label", "group"], "attempts": 60}).run(tmp_path / "run")
    assert run.status == "passed"
    assert all(-0.55 <= margin <= 0.55 for margin in margins(run.table))
    assert cells(run.table) == {40}


def test_the_boundary_brings_every_cell_nearer(tmp_path: Path) -> None:
    step = {"filter": "adversarial.boundary", "model": "spam", "candidates": 6}
    plain = recipe().run(tmp_path / "plain").table
    run = recipe(step).run(tmp_path / "hard")
    assert cells(run.table) == {40}
    near, far = (sum(map(abs, margins(table))) for table in (run.table, plain))
    assert near < 0.75 * far
    assert pc.max(run.table["attempt"]).as_py() <= 5


def test_a_boundary_that_would_use_up_the_attempts_is_said_before_anything_is_made() -> None:
    design = {"cross": ["label", "group"], "attempts": 5}
    with pytest.raises(fl.RecipeError, match=r"step\[1\].candidates: is at most attempts of \[design\], 5, got 6"):
        prepare(recipe({"filter": "adversarial.boundary", "model": "spam", "candidates": 6}, design=design))
    prepare(recipe({"filter": "adversarial.boundary", "model": "spam", "candidates": 5}, design=design))


def test_a_place_is_filled_again_while_that_should_pay() -> None:
    """Two cells whose distances have other scales; 40 families each, 8 candidates for a place."""
    nobody: Any = None  # distances are given, so nobody is asked
    judge = boundary.BoundaryFilter(nobody, boundary.Boundary(model="spam")).judge
    drawn, made, families = np.random.default_rng(5).random((9, 80)), np.zeros(80, np.int64), np.arange(80)
    scale = np.where(families < 40, 1.0, 0.1)
    kept: np.ndarray[Any, Any] = np.zeros(80, np.bool_)
    while True:
        columns = {"distance": drawn[made, families] * scale, "cell": families // 40, "labelled": ["spam"] * 80}
        memory = pa.table({**columns, "made": made, "family": families})
        again = pc.is_valid(judge(memory, families)["reason"]).to_numpy()
        assert not (again & kept).any()  # what was near enough once stays
        if not again.any():
            break
        kept, made = ~again, made + again
    assert made.max() <= 7
    for cell in (families < 40, families >= 40):
        assert (
            drawn[made[cell], families[cell]].mean() < 0.23
        )  # 0.16 of endless rows; a refusal of every farther half: 0.29
        assert 1 + made[cell].mean() < 4.2


def test_a_search_finds_errors_within_its_budget_and_counts_them(tmp_path: Path) -> None:
    gates = [
        {"metric": "adversarial.success", "min": 0, "by": ["label", "group"]},
        {"metric": "adversarial.accuracy", "min": 0, "model": "spam"},
        {"metric": "adversarial.transfer", "min": 0, "model": "other"},
    ]
    run = recipe({**SIMILAR, "queries": 30}, gates=gates).run(tmp_path / "run")
    table = run.table
    found = table.filter(pc.equal(table["attack"], "found"))
    assert found.num_rows > 20
    assert pc.max(table["attack.queries"]).as_py() <= 30
    assert all(margin < 0 for margin in margins(found))
    for after, before, edits in zip(
        found["text"].to_pylist(), found["attack.original"].to_pylist(), found["text.edits"].to_pylist(), strict=True
    ):
        text = after
        for edit in reversed(edits):
            assert text[edit["start"] : edit["end"]] == edit["new"]
            text = text[: edit["start"]] + edit["old"] + text[edit["end"] :]
        assert text == before
    for text, spans in zip(table["text"].to_pylist(), table["text.spans"].to_pylist(), strict=True):
        assert all(text[span["start"] : span["end"]] == span["value"] for span in spans)
    success, accuracy, transfer = run.gates
    cell = {"label": "spam", "group": "b"}
    mine = [row["attack"] for row in table.to_pylist() if cell.items() <= row.items() and row["attack"] != "already"]
    assert success.values["label=spam / group=b"] == pytest.approx(mine.count("found") / len(mine))
    tried = found.num_rows + pc.sum(pc.is_in(table["attack"], pa.array(["failed", "spent"]))).as_py()
    assert success.value == pytest.approx(found.num_rows / tried)
    assert success.values["queries_per_success"] == pytest.approx(success.values["queries"] / found.num_rows)
    wrong = sum(margin < 0 for margin in margins(table)) / table.num_rows
    assert accuracy.value == pytest.approx(1 - wrong)
    assert success.values["share"] == pytest.approx(wrong)
    assert 0 <= transfer.value <= 1


def test_an_edit_of_the_attack_that_wins_too_often_is_a_shortcut(tmp_path: Path) -> None:
    noise = {"generate": "edits.whitespace", "unedited": "keep"}  # in every row, and no merit of the attack
    gates = [{"metric": "adversarial.success", "min": 0, "shortcut": share} for share in (0.2, 1.0)]
    run = recipe(noise, {**SIMILAR, "edits": [*SIMILAR["edits"], "edits.delete"]}, gates=gates).run(tmp_path / "run")
    found = run.table.filter(pc.equal(run.table["attack"], "found"))
    rules = [{edit["rule"] for edit in edits} - {"whitespace"} for edits in found["text.edits"].to_pylist()]
    counts = {rule: sum(rule in each for each in rules) for rule in ("typo", "delete")}
    often, never = run.gates
    assert {each["rule"]: each["rows"] for each in often.detail["edits"]} == counts
    assert often.values["top_edit"] == pytest.approx(max(counts.values()) / found.num_rows)
    assert (often.detail["shortcut"], never.detail["shortcut"]) == (max(counts, key=lambda rule: counts[rule]), None)


@pytest.mark.parametrize("search", ["greedy", "beam", "random"])
def test_searches_do_not_depend_on_parts_or_workers(tmp_path: Path, search: str) -> None:
    one = recipe({**SIMILAR, "search": f"adversarial.{search}"}).run(tmp_path / "one")
    two = recipe({**SIMILAR, "search": f"adversarial.{search}"}, parts={"rows": 50}).run(tmp_path / "two", workers=2)
    assert one.manifest["content_digest"] == two.manifest["content_digest"]
    assert pc.sum(pc.equal(one.table["attack"], "found")).as_py() > 10


def test_rows_that_resist_are_made_again_in_their_cell(tmp_path: Path) -> None:
    gate = {"metric": "adversarial.success", "of": "kept_gap:label", "max": 1}
    design = {"cross": ["label", "group"], "attempts": 60}
    run = recipe({**SIMILAR, "on_failure": "refill"}, gates=[gate], design=design).run(tmp_path / "r")
    (success,) = run.gates
    (step,) = (each for each in run.manifest["counts"]["steps"] if each["use"] == "adversarial.similar")
    assert success.values["kept"] == pytest.approx(1 - step["rejected"] / step["seen"])
    assert success.value == success.values["kept_gap:label"] > 0
    assert set(run.table["attack"].to_pylist()) <= {"found", "already"}
    assert cells(run.table) == {40}


def test_protected_slots_are_left_alone(tmp_path: Path) -> None:
    run = recipe({**SIMILAR, "protect": ["thing"]}).run(tmp_path / "run")
    table = run.table
    for spans, edits in zip(table["text.spans"].to_pylist(), table["text.edits"].to_pylist(), strict=True):
        assert all("1" not in span["value"] for span in spans if span["slot"] == "thing.text")
        assert edits is not None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"edits": ["./parts.py:negation"]}, "may change the label"),
        ({"edits": ["./parts.py:spam"]}, "this key needs a generator"),
        ({"edits": ["template"]}, "proposes no edits"),
        ({"edits": [{"use": "./parts.py:typo", "lettr": "x"}]}, "edits[0].lettr"),
        ({"model": "span"}, "did you mean 'spam'?"),
        (
            {"goal": {"use": "adversarial.target", "label": "hm"}},
            "goal.label: the task has no label 'hm'; did you mean 'ham'?",
        ),
        ({"goal": "wrong"}, "no plugin 'wrong'"),
        ({"goal": "adversarial.rong"}, "did you mean 'adversarial.wrong'?"),
        ({"goal": "adversarial.greedy"}, "adversarial.greedy is a search; this key needs a goal"),
        ({"goal": "adversarial.invariance"}, "every family has one row"),
        ({"search": {"use": "adversarial.beam", "width": 0}}, "search.width: is at least 1, got 0"),
        ({"search": {"width": 2}}, "names no search"),
        ({"constraints": ["text.lenght"]}, "did you mean 'text.length'?"),
        ({"constraints": ["text.near_duplicates"]}, "text.near_duplicates judges the whole dataset"),
        ({"when": "grup == 'a'"}, "did you mean 'group'"),
    ],
)
def test_what_cannot_be_attacked_is_said_before_anything_is_made(
    changed: dict[str, Any], said: str, tmp_path: Path
) -> None:
    with pytest.raises(fl.RecipeError, match="step\\[1\\]") as caught:
        recipe({**SIMILAR, **changed}).run(tmp_path / "run")
    assert said in str(caught.value)


def test_a_condition_says_which_rows_are_attacked(tmp_path: Path) -> None:
    run = recipe({**SIMILAR, "when": "group == 'b'"}).run(tmp_path / "run")
    for group, attack in zip(run.table["group"].to_pylist(), run.table["attack"].to_pylist(), strict=True):
        assert (attack is not None) == (group == "b")


def test_an_edit_of_a_search_keeps_to_its_own_condition(tmp_path: Path) -> None:
    edits = [{"use": "edits.typo", "when": 'group == "b"'}]
    run = recipe({**SIMILAR, "edits": edits}).run(tmp_path / "run")
    edited = run.table.filter(pc.greater(pc.list_value_length(run.table["text.edits"]), 0))
    assert edited.num_rows > 5
    assert set(edited["group"].to_pylist()) == {"b"}


def test_the_budget_of_a_predictor_is_exact(tmp_path: Path) -> None:
    gate = {"metric": "adversarial.accuracy", "min": 0, "model": "spam"}
    run = recipe(gates=[gate]).run(tmp_path / "free")
    different = len(set(run.table["text"].to_pylist()))
    assert run.manifest["predictors"]["spam"]["texts"] == different
    enough = {"spam": {"use": "./parts.py:spam", "max_texts": different, "batch": 7}}
    assert (
        recipe(gates=[gate], predictors=enough).run(tmp_path / "enough").manifest["content_digest"]
        == run.manifest["content_digest"]
    )
    short = {"spam": {"use": "./parts.py:spam", "max_texts": different - 1, "batch": 7}}
    with pytest.raises(fl.RunError, match="max_texts"):
        recipe(gates=[gate], predictors=short).run(tmp_path / "short")
    again = recipe(gates=[gate], predictors=enough).run(tmp_path / "short")  # the way out that the message names
    assert again.manifest["predictors"]["spam"]["texts"] == different
    assert again.manifest["content_digest"] == run.manifest["content_digest"]


def test_groups_may_have_the_mark_between_cells_in_their_names(tmp_path: Path) -> None:
    gate = {"metric": "adversarial.accuracy", "min": 0, "model": "spam", "by": ["group", "opening"]}
    factors = dict(recipe().resolved["factors"])
    factors["group"] = {**factors["group"], "values": ["she / her", "she / they", "she"]}
    factors["opening"] = {"values": ["Hi", "her / Hi", "they / Hi"]}
    run = recipe(gates=[gate], factors=factors).run(tmp_path / "run")
    rows = zip(run.table["group"].to_pylist(), run.table["opening"].to_pylist(), margins(run.table), strict=True)
    right: dict[str, list[bool]] = {}
    for group, opening, margin in rows:
        right.setdefault(f"group={group}", []).append(margin > 0)
        right.setdefault(f"opening={opening}", []).append(margin > 0)
        right.setdefault(f"group={group} / opening={opening}", []).append(margin > 0)
    (accuracy,) = run.gates
    found = {name: share for name, share in accuracy.values.items() if "=" in name}
    assert found == {name: pytest.approx(sum(each) / len(each)) for name, each in right.items()}
    assert len(found) == 3 + 3 + 9
