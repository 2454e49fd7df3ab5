"""The recipes under docs/recipes/llm-* run from their recorded answers, without a server, and show what they say."""

from __future__ import annotations

import importlib.util
import json
import socket
from collections import Counter
from pathlib import Path
from types import ModuleType

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.weaving.estimated import estimated
from fairloom.weaving.prepare import prepare

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.fixture(scope="module")
def record() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record", Path(__file__).with_name("record.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # the network is blocked
    def blocked(*_arguments: object) -> None:
        raise AssertionError("a recorded recipe asks nobody")

    monkeypatch.setattr(socket.socket, "connect", blocked)

    def made(name: str):
        found = fl.Recipe.load(RECIPES / name / "recipe.toml").run(tmp_path / "out")
        assert all(gate.status == "passed" for gate in found.gates)
        ledger = tmp_path / "out" / "rejected"
        rejected = pq.read_table(ledger).to_pylist() if ledger.is_dir() else []
        return found, Counter(row["reason"] for row in rejected)

    return made


@pytest.mark.parametrize("name", sorted(path.name for path in RECIPES.glob("llm-*")))
def test_the_recorded_answers_are_those_the_recipe_asks_for(record: ModuleType, name: str) -> None:
    lines = (RECIPES / name / "answers.jsonl").read_text(encoding="utf-8")
    assert lines == record.recorded(name), "run python tests/llm_modes/record.py"
    assert all(
        json.loads(line)["model"]["model"] in {"example", "example-b", "example-c"} for line in lines.splitlines()
    )


@pytest.mark.parametrize(
    ("name", "calls"), [("llm-templates", 8), ("llm-text", 24), ("llm-chat", 24), ("llm-judge", 24)]
)
def test_the_plan_says_what_its_steps_will_ask(name: str, calls: int) -> None:
    (found,) = estimated(prepare(fl.Recipe.load(RECIPES / name / "recipe.toml", set=["gate=[]"])))
    assert found["calls"] == calls
    assert found["prompt_tokens"] > found["answer_tokens"] > 0


def test_texts(run) -> None:
    made, reasons = run("llm-text")
    assert made.table.num_rows == 24
    assert reasons["fewer than 6 words"] == 1
    assert {row["attempt"] for row in made.table.to_pylist() if row["family"] == 5} == {0}
    assert all(row["text"].endswith(row["person"]) for row in made.table.to_pylist())


def test_templates(run) -> None:
    made, reasons = run("llm-templates")
    rows = made.table.to_pylist()
    assert not reasons
    assert made.manifest["journal"]["answers"] == 9  # eight, and one that was told back
    assert len({row["text.template"] for row in rows}) == 8
    for row in rows:
        spans = row["text.spans"]
        assert [row["text"][span["start"] : span["end"]] for span in spans] == [span["value"] for span in spans]
        assert {span["value"] for span in spans} == {row["person"], row["city"]}


def test_new_rows_from_seeds(run) -> None:
    made, reasons = run("llm-self-instruct")
    assert made.table.num_rows == 16
    assert sum(count for reason, count in reasons.items() if reason.startswith("like seed row")) == 1


def test_paraphrases(run) -> None:
    made, reasons = run("llm-paraphrase")
    assert reasons == {"paraphrase lost the span person": 1}
    for row in made.table.to_pylist():
        assert row["attempt"] == 0
        assert row["text"] != row["original"]
        spans = {span["slot"]: row["text"][span["start"] : span["end"]] for span in row["text.spans"]}
        assert spans == {"person": row["person"], "city": row["city"]}


def test_a_judge(run) -> None:
    made, reasons = run("llm-judge")
    assert set(reasons) == {"judged card_lost"}
    assert "wrong" not in made.table.column("template").to_pylist()


def test_conversations(run) -> None:
    made, reasons = run("llm-chat")
    assert sum(reasons.values()) == 1
    for row in made.table.to_pylist():
        assert row["attempt"] == 0
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant"] * 2
        assert ("gone" in row["messages"][0]["content"]) == (row["label"] == "card_lost")
