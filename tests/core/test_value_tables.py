"""Value tables of plugins: levels of a factor that a component offers, with their provenance in the manifest."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import fairloom as fl
from fairloom.cli import main

if TYPE_CHECKING:
    from pathlib import Path

LISTS = '''
import fairloom as fl
import pyarrow as pa


@fl.value_table(groups=("country",), source="own compilation", licence="CC0-1.0", version="3")
def cities(*, capital: bool = False) -> list[dict[str, str]]:
    """Cities and their countries."""
    known = [("Lyon", "FR"), ("Paris", "FR"), ("Nice", "FR"), ("Oslo", "NO")]
    rows = [{"city": city, "country": country} for city, country in known]
    return rows[1::2] if capital else rows


@fl.value_table()
def nothing():
    """Nothing at all."""
    return []


@fl.value_table()
def wrong():
    """Not a table."""
    return 3
'''

RECIPE = """
[recipe]
name = "lists"
rows = 8
[task]
fields = ["text"]
[factors.city]
table = "./lists.py:cities"
{more}
[factors.template]
values = [{{ name = "a", text = "To {{{{ city }}}} in {{{{ city.country }}}}" }}]
[[step]]
generate = "template"
"""


@pytest.fixture
def recipe(tmp_path: Path) -> Any:
    def make(more: str = "") -> Path:
        (tmp_path / "lists.py").write_text(LISTS, encoding="utf-8")
        path = tmp_path / "recipe.toml"
        path.write_text(RECIPE.format(more=more), encoding="utf-8")
        return path

    return make


def test_levels_are_drawn_by_group_first(recipe: Any, tmp_path: Path) -> None:
    run = fl.Recipe.load(recipe()).run(tmp_path / "out")
    countries = run.table.column("city.country").to_pylist()
    assert sorted(countries) == ["FR"] * 4 + ["NO"] * 4


def test_the_manifest_says_where_the_levels_come_from(recipe: Any, tmp_path: Path) -> None:
    fl.Recipe.load(recipe()).run(tmp_path / "out")
    (record,) = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))["tables"]
    assert record.pop("sha256").startswith("sha256:")
    assert record == {
        "factor": "city",
        "table": "./lists.py:cities",
        "version": "3",
        "source": "own compilation",
        "licence": "CC0-1.0",
    }


def test_settings_queries_and_renaming_go_with_a_table(recipe: Any, tmp_path: Path) -> None:
    run = fl.Recipe.load(recipe("capital = true\nwhere = 'country == \"NO\"'")).run(tmp_path / "out")
    assert set(run.table.column("text").to_pylist()) == {"To Oslo in NO"}


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("capitol = true", "unknown key 'capitol'"),
        ('values = ["x"]', "exactly one of values, from, table, sample and permute, got values and table"),
        ('digest = "sha256:00"', "./lists.py:cities has the digest sha256:"),
        ("where = 'land == \"FR\"'", "no column 'land'"),
    ],
)
def test_a_wrong_table_is_one_clear_problem(recipe: Any, tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(fl.RecipeError) as caught:
        fl.Recipe.load(recipe(more)).run(tmp_path / "out")
    (problem,) = caught.value.problems
    assert said in str(problem)


@pytest.mark.parametrize(("name", "said"), [("nothing", "answers a table without levels"), ("wrong", "./lists.py")])
def test_a_broken_table_names_itself(recipe: Any, tmp_path: Path, name: str, said: str) -> None:
    path = recipe()
    path.write_text(path.read_text("utf-8").replace(":cities", f":{name}"), encoding="utf-8")
    with pytest.raises(fl.PluginError, match=said):
        fl.Recipe.load(path).run(tmp_path / "out")


SHOWN = '''
import fairloom as fl


@fl.value_table(groups=("country",), source="own compilation", licence="CC0-1.0", version="3")
def cities():
    """Cities and their countries."""
    return [{"city": "Lyon", "country": "FR"}, {"city": "Nice", "country": "FR"}, {"city": "Oslo", "country": "NO"}]


@fl.value_table()
def streets(*, city: str):
    """Streets of a city."""
    return [{"street": f"{city} Road"}]


@fl.hookimpl
def fairloom_tables():
    return [cities, streets]
'''


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installed plugin ``places``."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "value_table_places.py").write_text(SHOWN, encoding="utf-8")
    info = tmp_path / "value_table_places-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: value-table-places\nVersion: 1\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[fairloom]\nplaces = value_table_places\n", encoding="utf-8")


@pytest.mark.usefixtures("places")
def test_show_says_where_a_table_comes_from_and_how_large_its_groups_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "places.cities"]) == 0
    said = capsys.readouterr().out
    for line in (
        "licence  CC0-1.0",
        "source   own compilation",
        "levels   3 in 2 groups of 1 to 2",
        "country  2 values: FR 2, NO 1",
        "columns  city, country",
        "digest   sha256:",
    ):
        assert f"\n  {line}" in said


@pytest.mark.usefixtures("places")
def test_show_gives_the_same_to_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "places.cities", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["version"], said["groups"]) == ("3", ["country"])
    assert said["table"].pop("digest").startswith("sha256:")
    assert said["table"] == {
        "levels": 3,
        "columns": ["city", "country"],
        "sizes": {"country": {"FR": 2, "NO": 1}},
        "cells": 2,
        "smallest": 1,
        "largest": 2,
    }


@pytest.mark.usefixtures("places")
def test_show_tells_no_sizes_of_a_table_that_needs_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "places.streets"]) == 0
    said = capsys.readouterr().out
    assert "Streets of a city." in said
    assert "levels" not in said
