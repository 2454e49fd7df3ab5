"""What rules and queries leave out of a full cross is counted, and the plan and the manifest say it."""

from __future__ import annotations

import json

import fairloom as fl
from fairloom.cli import main

RECIPE = """
[recipe]
name = "pairs"
rows = "all"
[task]
kind = "text"
[factors.template]
values = [{ name = "one", text = "{{ a }}" }, { name = "two", text = "{{ a }} and {{ b }}" }]
key = "name"
[factors.a]
values = ["x", "y", "z", "left"]
where = 'value != "left"'
[factors.b]
values = ["x", "y", "z"]
[factors.tone]
values = ["low", "high"]
[design]
use = "design.factorial"
within = ["tone"]
require = ['a != b']
forbid = ['template == "two" and a == "z"', 'a == "x" and tone == "high"']
[[step]]
generate = "template"
"""

# By hand: template one has 3 rows of a, template two 9 of a x b, each with 2 tones: 24 rows.
EXCLUDED = {
    "a != b": 6,
    'not (template == "two" and a == "z")': 6,
    'not (a == "x" and tone == "high")': 8,  # the families of x: one of template one, three of two
}


def test_each_rule_is_counted_alone(tmp_path):
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    run = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "out")
    assert run.manifest["excluded"] == {"rows": EXCLUDED, "levels": {"a": 1}}
    assert run.table.num_rows == 24 - 6 - 6 - 8 + 2 * 1 + 2 * 1  # x and x, z and z are excluded twice


def test_the_plan_says_what_is_left_out(tmp_path, capsys):
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    assert main(["plan", str(tmp_path / "recipe.toml")]) == 0
    said = capsys.readouterr().out
    assert "Excluded (each by itself)" in said
    assert "rule a != b" in said
    assert "factors.a.where" in said
    assert main(["plan", str(tmp_path / "recipe.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["excluded"]["rows"] == EXCLUDED


def test_a_rule_over_too_many_combinations_is_not_counted(tmp_path, monkeypatch):
    monkeypatch.setattr("fairloom_design.excluded.MOST", 8)
    (tmp_path / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    run = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "out")
    assert run.manifest["excluded"]["rows"]["a != b"] is None
