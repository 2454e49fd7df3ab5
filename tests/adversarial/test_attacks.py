"""Goals, searches and constraints: what an attack wants, how it looks for it, and what it may not do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pyarrow.compute as pc
import pytest

import fairloom as fl
from fairloom.testing import component_checks

SMALL = Path(__file__).with_name("small")
WEIGHTS = {"free": 0.35, "prize": 0.3, "call": 0.15, "now": 0.1, "win": 0.25}


def run(folder: Path, gates: Any = (), /, **changed: Any) -> fl.Run:
    """The small recipe with an attack, changed as said; tables of the recipe go by their names."""
    data = dict(fl.Recipe.load(SMALL / "recipe.toml").resolved)
    tables = {name: changed.pop(name) for name in ("factors", "design", "recipe", "parts") if name in changed}
    for name, table in tables.items():
        data[name] = {**data.get(name, {}), **table}
    attack = {"generate": "adversarial.similar", "model": "spam", "on_failure": "keep", **changed}
    data["step"] = [*data["step"], attack]
    data["gate"] = list(gates)
    return fl.Recipe.from_data(data, SMALL).run(folder)


def answer(text: str) -> str:
    """What the model of the small recipe says, computed apart."""
    words = [word.strip(",.") for word in text.split()]
    return "spam" if 0.11 + sum(WEIGHTS.get(word, 0.0) for word in words) > 0.5 else "ham"


def test_a_reduced_text_gets_the_same_answer_and_says_how_much_is_left(tmp_path: Path) -> None:
    gate = {"metric": "adversarial.success", "of": "left", "max": 0.5}
    settings = {"edits": ["adversarial.omit"], "goal": "adversarial.reduction", "queries": 60, "most": 20, "share": 1.0}
    found = run(tmp_path / "r", [gate], recipe={"rows": 60}, **settings)
    rows = found.table.filter(pc.equal(found.table["attack"], "found"))
    assert rows.num_rows == 60
    shares = []
    for text, original in zip(rows["text"].to_pylist(), rows["attack.original"].to_pylist(), strict=True):
        assert answer(text) == answer(original)
        assert set(text.lower().split()) <= set(original.lower().split())
        shares.append(len(text.split()) / len(original.split()))
    assert found.gates[0].value == pytest.approx(sum(shares) / len(shares))
    assert found.gates[0].status == "passed"
    assert max(rows["attack.queries"].to_pylist()) <= 60


def test_a_reduction_spares_protected_spans_and_keeps_what_it_has_when_the_queries_end(tmp_path: Path) -> None:
    settings = {"edits": ["adversarial.omit"], "goal": "adversarial.reduction", "queries": 12, "most": 20, "share": 1.0}
    rows = run(tmp_path / "r", recipe={"rows": 60}, protect=["thing"], **settings).table
    rows = rows.filter(pc.equal(rows["attack"], "found"))
    for spans, text, original in zip(
        rows["text.spans"].to_pylist(), rows["text"].to_pylist(), rows["attack.original"].to_pylist(), strict=True
    ):
        (thing,) = (span for span in spans if span["slot"] == "thing.text")
        assert thing["value"] in original
        assert text == " ".join(text.split())
        assert text[thing["start"] : thing["end"]] == thing["value"]
    assert max(rows["attack.queries"].to_pylist()) == 12


FAMILIES = {
    "factors": {"tone": {"values": ["plain", "loud"]}},
    "design": {"cross": ["label", "group"], "within": ["tone"]},
    "goal": "adversarial.invariance",
    "edits": [{"use": "./parts.py:typo", "letter": "1"}],
}


def test_an_invariance_is_broken_inside_a_family_and_its_first_row_stays(tmp_path: Path) -> None:
    rows = run(tmp_path / "r", recipe={"rows": 120}, **FAMILIES).table
    broken = 0
    for first, second in zip(rows.to_pylist()[::2], rows.to_pylist()[1::2], strict=True):
        assert (first["member"], first["attack"], first["text.edits"]) == (0, None, [])
        differs = answer(first["text"]) != answer(second["text"])
        assert differs == (second["attack"] in {"found", "already"})
        broken += second["attack"] == "found"
    assert broken > 10


def test_rows_of_a_family_are_found_alike_however_the_run_is_cut(tmp_path: Path) -> None:
    one = run(tmp_path / "one", recipe={"rows": 60}, **FAMILIES)
    two = run(tmp_path / "two", recipe={"rows": 60}, parts={"rows": 14}, **FAMILIES)
    assert one.manifest["content_digest"] == two.manifest["content_digest"]


def test_a_candidate_that_a_constraint_refuses_is_neither_made_nor_asked_about(tmp_path: Path) -> None:
    edits = [{"use": "./parts.py:typo", "letter": letter} for letter in "19"]
    refused = [{"use": "text.pattern", "must_not": ["1"]}]
    free = run(tmp_path / "free", edits=edits, recipe={"rows": 60})
    bound = run(tmp_path / "bound", edits=edits, constraints=refused, recipe={"rows": 60})
    assert "1" in "".join(free.table["text"].to_pylist())
    assert "1" not in "".join(bound.table["text"].to_pylist())
    assert pc.sum(pc.equal(bound.table["attack"], "found")).as_py() > 3
    assert bound.manifest["predictors"]["spam"]["texts"] < free.manifest["predictors"]["spam"]["texts"]


@pytest.mark.parametrize(
    ("goal", "holds"),
    [
        ({"use": "adversarial.target", "label": "ham"}, lambda row: answer(row["text"]) == "ham"),
        ({"use": "adversarial.margin", "between": [-0.4, 0.1]}, lambda row: -0.4 <= row["attack.after"] <= 0.1),
        ("adversarial.other", lambda row: answer(row["text"]) != answer(row["attack.original"])),
        ("./attacks.py:unsure", lambda row: abs(row["attack.after"]) <= 0.5),
    ],
)
def test_what_is_found_is_what_the_goal_wants(goal: Any, holds: Any, tmp_path: Path) -> None:
    rows = run(tmp_path / "r", edits=["./parts.py:typo"], goal=goal, recipe={"rows": 120}).table
    found = [row for row in rows.to_pylist() if row["attack"] == "found"]
    assert len(found) > 5
    assert all(holds(row) for row in found)


def test_goals_and_searches_may_stand_in_a_file_beside_the_recipe(tmp_path: Path) -> None:
    settings = {"edits": ["./parts.py:typo"], "search": {"use": "./attacks.py:singly", "most": 2}}
    made = run(tmp_path / "r", recipe={"rows": 60}, **settings)
    assert max(made.table["attack.queries"].to_pylist()) <= 3
    assert all(len(edits) <= 1 for edits in made.table["text.edits"].to_pylist())
    assert {each["name"] for each in made.manifest["plugins"]} >= {"./attacks.py", "adversarial"}


def test_a_goal_that_answers_no_number_is_blamed_by_name(tmp_path: Path) -> None:
    with pytest.raises(
        fl.PluginError, match=r"step 'adversarial.similar'.*goal ./attacks.py:nothing answered no finite number"
    ):
        run(tmp_path / "r", edits=["./parts.py:typo"], goal="./attacks.py:nothing", recipe={"rows": 12})


@attrs.frozen
class _Endless:
    def questions(self, options: Any, draw: Any, score: float) -> Any:  # noqa: ARG002 - the protocol
        while True:
            yield list(options.extended(()))


@attrs.frozen
class _Greedless:
    def questions(self, options: Any, draw: Any, score: float) -> Any:  # noqa: ARG002 - the protocol
        yield [tuple(range(len(options.changes)))]


@attrs.frozen
class _Settings:
    pass


@pytest.mark.parametrize(
    ("work", "said"), [(_Endless(), "still asks after"), (_Greedless(), "cannot be made together within the limits")]
)
def test_the_kit_finds_a_search_that_breaks_the_contract(work: Any, said: str) -> None:
    search = fl.Search(name="bad", summary="Bad.", config=_Settings, build=lambda _config, _tools: work)
    (check,) = (each for each in component_checks(search) if each.name == "states_can_be_made")
    with pytest.raises(AssertionError, match=said):
        check()
