"""What a run left out on purpose stands in its summary and its report."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fairloom as fl
from fairloom.cli import summary

RECIPE = {
    "recipe": {"name": "t", "rows": "all"},
    "task": {"fields": ["text"]},
    "factors": {
        "template": {
            "values": [{"name": "a", "text": "{{ x.a }} {{ y }}"}, {"name": "b", "text": "{{ x.b }} {{ y }}"}]
        },
        "x": {"values": [{"name": "p", "a": "one", "b": "two"}, {"name": "q", "a": "three"}]},
        "y": {"values": ["u", "v", "w"], "where": 'value != "w"'},
    },
    "design": {"use": "design.factorial", "require": ['x != "p" or y != "u"']},
    "step": [{"generate": "template"}],
}


def test_rules_queries_and_missing_forms_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    run = fl.Recipe.from_data(RECIPE, tmp_path).run(out)
    certificate = json.loads((out / "certificate.json").read_text("utf-8"))
    summary.show(run.manifest, {}, certificate, out)
    said = capsys.readouterr().out.split("Left out\n")[1].split("\n\n")[0].splitlines()[1:]
    assert [line.split() for line in said] == [
        ["rule", *["x", "!=", '"p"', "or", "y", "!=", '"u"'], "2"],
        ["where", "levels", "of", "y", "1"],
        ["template", *["combinations", "with", "a", "missing", "form"], "2"],
    ]
    assert "combinations with a missing form" in (out / "report.html").read_text("utf-8")
