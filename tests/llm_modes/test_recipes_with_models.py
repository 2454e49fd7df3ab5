"""Whole runs with a model that is a function: repair, refill, judges, workers, replay."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.problems import PluginError, RecipeError

HEAD = """
[recipe]
name = "modes"
seed = 7
rows = 40

[task]
unit = "a message to a bank"

[task.labels.lost]
definition = "the card is gone"

[task.labels.broken]
definition = "the card is broken"

[task.constraints]
words = { min = 4, max = 30 }

[factors.city]
values = ["Lyon", "Oslo", "Lagos", "Quito", "Hue"]

[design]
cross = ["label"]
independent = [["label", "city"]]

[models.writer]
use = "llm.local"
call = "./model.py:answer"

[parts]
rows = 8
"""
MODEL = """
import re
def answer(messages, attempt):
    text = messages[-1]["content"]
    if "rejected: fewer than 4 words" in text:
        return messages[-2]["content"] + " and that makes four words"
    city = re.search("city: (.*)", text)[1]
    label = re.search("Label: (.*?)[.]", text)[1]
    return f"{label} {city}" if city in ("Oslo", "Hue") and attempt < 2**40 else f"my {label} card in {city}"
def other(messages, attempt):
    text = messages[-1]["content"].split("The text:")[1].split("The answer")[0]
    return "lost" if "lost" in text else "broken"
"""
LENGTH = '\n[[step]]\nfilter = "text.length"\n'


def recipe(folder: Path, body: str, head: str = HEAD) -> fl.Recipe:
    folder.mkdir(exist_ok=True)
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    path = folder / "recipe.toml"
    path.write_text(head + body, encoding="utf-8")
    return fl.Recipe.load(path)


def ledger(folder: Path) -> list[dict[str, object]]:
    return pq.read_table(folder / "rejected").to_pylist()


TEXT = '\n[[step]]\ngenerate = "llm.text"\nmodel = "writer"\n'


def test_a_rejected_text_is_mended_once_and_the_original_is_in_the_ledger(tmp_path: Path) -> None:
    run = recipe(tmp_path, TEXT + "repair = 1\n" + LENGTH).run(tmp_path / "out")
    rows = run.table.to_pylist()
    assert len(rows) == 40
    short = [row for row in rows if row["city"] in ("Oslo", "Hue")]
    assert {row["attempt"] for row in rows} == {0}
    assert all(row["text"].endswith("and that makes four words") for row in short)
    lost = ledger(tmp_path / "out")
    assert [line["text"] for line in lost] == [f"{row['label']} {row['city']}" for row in short]
    assert {line["reason"] for line in lost} == {"fewer than 4 words"}
    accounts = run.certificate["explained"]
    total = accounts["total"]
    assert total["made"] == 40 + len(short) == total["final"] + sum(total["rejected"].values())


def test_without_repair_the_row_is_made_again(tmp_path: Path) -> None:
    run = recipe(tmp_path, TEXT + LENGTH).run(tmp_path / "out")
    tried = {row["city"]: row["attempt"] for row in run.table.to_pylist()}
    assert tried == {"Lyon": 0, "Lagos": 0, "Quito": 0, "Oslo": 1, "Hue": 1}


def test_families_are_mended_whole(tmp_path: Path) -> None:
    head = HEAD.replace('cross = ["label"]\nindependent = [["label", "city"]]', 'within = ["city"]')
    run = recipe(tmp_path, TEXT + "repair = 1\n" + LENGTH, head).run(tmp_path / "out")
    assert run.table.num_rows == 40
    assert {row["attempt"] for row in run.table.to_pylist()} == {0}
    reasons = [line["reason"] for line in ledger(tmp_path / "out")]
    assert reasons.count("fewer than 4 words") == 16
    assert reasons.count("family member rejected") == 24


def test_repair_does_not_depend_on_parts_or_workers(tmp_path: Path) -> None:
    body = TEXT + "repair = 1\n" + LENGTH
    digests = {
        recipe(tmp_path / "a", body).run(tmp_path / "one").manifest["content_digest"],
        recipe(tmp_path / "a", body).run(tmp_path / "two", workers=2).manifest["content_digest"],
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", ["writer", "same"])
def test_a_model_does_not_judge_itself_unless_told(tmp_path: Path, name: str) -> None:
    same = '\n[models.same]\nuse = "llm.local"\ncall = "./model.py:answer"\n'
    body = same + TEXT + f'\n[[step]]\nfilter = "llm.judge"\nmodel = "{name}"\n'
    with pytest.raises(RecipeError, match=r"would judge what it wrote itself in step 'llm.text'"):
        recipe(tmp_path, body).run(tmp_path / "out")
    gate = same + TEXT + f'\n[[gate]]\nmetric = "llm.agreement"\nmodel = "{name}"\nmin = 0.5\n'
    with pytest.raises(RecipeError, match=r"gate\[0\].model"):
        recipe(tmp_path, gate).run(tmp_path / "out")


def test_a_judge_filters_and_measures(tmp_path: Path) -> None:
    body = (
        '\n[models.judge]\nuse = "llm.local"\ncall = "./model.py:other"\n'
        + TEXT
        + '\n[[step]]\nfilter = "llm.judge"\nmodel = "judge"\nabstain = ""\n'
        + '\n[[gate]]\nmetric = "llm.agreement"\nmodel = "judge"\nmin = 0.9\nvotes = 3\n'
    )
    run = recipe(tmp_path, body).run(tmp_path / "out")
    assert run.gates[0].value == 1.0
    assert run.table.num_rows == 40


def test_templates_are_asked_for_once_and_replayed(tmp_path: Path) -> None:
    head = HEAD + '\n[factors.template]\ntable = "llm.numbered"\ncount = 4\n'
    (tmp_path / "r").mkdir()
    body = '\n[[step]]\ngenerate = "llm.templates"\nmodel = "writer"\nslots = ["city"]\n'
    made = recipe(tmp_path / "r", body, head)
    model = (
        "def answer(messages, attempt):\n"
        "    text = messages[-1]['content']\n"
        "    return text.split('Label: ')[1].split('.')[0] + text.split('template number ')[1][:1] + ' in [city]'\n"
    )
    (tmp_path / "r" / "model.py").write_text(model, encoding="utf-8")
    first = made.run(tmp_path / "one", workers=2)
    assert first.manifest["journal"]["answers"] == 8
    again = made.run(tmp_path / "two", journal=tmp_path / "one" / "journal.sqlite", replay="only")
    assert again.manifest["content_digest"] == first.manifest["content_digest"]
    for row in first.table.to_pylist():
        (span,) = row["text.spans"]
        assert row["text"][span["start"] : span["end"]] == span["value"] == row["city"]


CHAT = '\n[[step]]\ngenerate = "llm.chat"\nmodel = "writer"\nturns = 3\n'


def test_a_chat_has_its_turns(tmp_path: Path) -> None:
    (tmp_path / "r").mkdir()
    made = recipe(tmp_path / "r", CHAT, HEAD.replace("[task]", '[task]\nkind = "chat"').replace("min = 4", "min = 2"))
    model = "def answer(messages, attempt):\n    return 'as an answer ' + str(attempt)\n"
    (tmp_path / "r" / "model.py").write_text(model, encoding="utf-8")
    run = made.run(tmp_path / "out")
    for row in run.table.to_pylist():
        assert [turn["role"] for turn in row["messages"]] == ["user", "assistant", "user"]
        assert row["text"].count("as an answer") == 3


def test_a_chat_without_turns_is_no_chat(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="there is no column 'messages'"):
        recipe(tmp_path, TEXT, HEAD.replace("[task]", '[task]\nkind = "chat"')).run(tmp_path / "out")
