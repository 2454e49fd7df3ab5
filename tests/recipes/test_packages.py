"""Packages that decide what a component does are named in the identity of the run, with their versions."""

from __future__ import annotations

import json
from importlib.metadata import version
from pathlib import Path

import pytest

import fairloom as fl
from fairloom.problems import RecipeError
from fairloom.reading import packages

RECIPE = """
[recipe]
name = "r"
version = "1"
licence = "CC0-1.0"
seed = 1
rows = 6
[task]
kind = "text"
unit = "a word"
[factors.word]
values = ["one", "two", "three"]
[factors.template]
key = "name"
values = [{ name = "t", text = "{{ word }} it is" }]
[[step]]
generate = "template"
[[step]]
filter = "./local.py:leaning"
"""
LOCAL = """
import attrs
import fairloom as fl
import pyarrow as pa

@attrs.frozen
class Nothing:
    pass

@attrs.frozen
class Leaning:
    def judge(self, rows):
        return pa.nulls(rows.num_rows, pa.string())

def build(config, tools):
    tools.version_of("numpy")
    return Leaning()

leaning = fl.Filter(name="leaning", summary="Keeps all.", config=Nothing, build=build)
"""


def test_another_version_makes_another_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE, "utf-8")
    (tmp_path / "local.py").write_text(LOCAL, "utf-8")
    recipe = fl.Recipe.load(tmp_path / "recipe.toml")
    recipe.run(tmp_path / "out")
    said = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["identity"]
    assert said["packages"] == {"numpy": version("numpy")}
    recipe.run(tmp_path / "out")  # the same one: nothing is left to do
    monkeypatch.setattr(packages, "version", lambda _: "0.0.1")
    with pytest.raises(RecipeError, match="another run"):
        recipe.run(tmp_path / "out")
