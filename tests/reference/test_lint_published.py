"""Faults of published datasets are found by lint before a row is made, with their counts; clean ones raise no alarm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fairloom.cli import main

HERE = Path(__file__).parent


def lint(recipe: Path, data: Path, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    main(["check", str(recipe), "--allow", str(data), "--lint", "--json", *options])
    found = json.loads(capsys.readouterr().out)["findings"]
    return [each for each in found if each["severity"] != "note"]


def test_jigsaw_has_11635_wrong_articles_and_one_text_of_94_percent(
    shared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shared / "worked-jigsaw-madlibs"
    slots = ("verb", "name", "adjective", "identity", "quality", "occupation")
    tables = {"template": data / "sentence_templates.csv", **dict.fromkeys(slots, data / "words.csv")}
    options = [word for name, path in tables.items() for word in ("--set", f"factors.{name}.from='{path}'")]
    found = lint(HERE / "jigsaw-madlibs", data, capsys, *options)
    articles = [each for each in found if each["code"] == "lint.template_article"]
    assert sum(each["rows"] for each in articles) == 11_635
    assert sum(each["rows"] for each in articles if "idiotic" in each["message"]) == 6_981
    (share,) = [each for each in found if each["code"] == "lint.template_share"]
    assert share["rows"] == 72_000
    assert "94.0%" in share["message"]
    assert share["file"].endswith("sentence_templates.csv")


def test_winogender_raises_no_alarm(shared: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = shared / "worked-winogender"
    assert lint(HERE / "winogender", data, capsys, "--set", f"factors.template.from='{data / 'templates.tsv'}'") == []


def test_becpro_has_378_wrong_articles(shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = shared / "worked-becpro-en"
    professions = [
        name for names in json.loads((data / "professions_english.json").read_text()).values() for name in names
    ]
    patterns = (data / "sent_patterns_english.txt").read_text().splitlines()
    texts = [text.replace("{}", "{{ person }}", 1).replace("{}", "{{ profession }}", 1) for text in patterns if text]
    people = [f"person {number}" for number in range(18)]
    recipe = f"""
recipe = {{ name = "becpro" }}
task.kind = "text"
design.use = "design.factorial"
step = [{{ generate = "template" }}]
factors.template.values = {json.dumps(texts)}
factors.person.values = {json.dumps(people)}
factors.profession.values = {json.dumps(professions)}
task.fields = ["text"]
"""
    recipe = recipe.replace(
        json.dumps(texts), "[" + ", ".join(f"{{ text = {json.dumps(text)} }}" for text in texts) + "]"
    )
    (tmp_path / "recipe.toml").write_text(recipe)
    found = lint(tmp_path, data, capsys)
    assert {each["code"] for each in found} == {"lint.template_article"}
    assert sum(each["rows"] for each in found) == 378


def test_presidio_has_a_damaged_template_and_a_value_nan(
    shared: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = shared / "worked-presidio"
    rows = json.loads((data / "synth_dataset_v2.json").read_text("utf-8"))
    values = sorted({span["entity_value"] for row in rows for span in row["spans"]})
    lines = [
        line.replace("\\n", " ") for line in (data / "templates.txt").read_text("utf-8").split("\n") if line.strip()
    ]
    texts = [line.replace("{{", "<").replace("}}", ">") + " {{ value }}" for line in lines]
    (tmp_path / "templates.jsonl").write_text("\n".join(json.dumps({"text": text}) for text in texts))
    (tmp_path / "values.jsonl").write_text("\n".join(json.dumps({"value": value}) for value in values))
    (tmp_path / "recipe.toml").write_text(
        'recipe = { name = "presidio", rows = 300 }\ntask.kind = "text"\nstep = [{ generate = "template" }]\n'
        'factors.template.from = "templates.jsonl"\nfactors.value.from = "values.jsonl"\n'
    )
    found = lint(tmp_path, data, capsys)
    damaged = {each["code"]: each["message"] for each in found if each["severity"] == "error"}
    assert "expires soon \ufffd when" in damaged["lint.template_control"]
    assert "is 'nan'" in damaged["lint.list_damaged"]
