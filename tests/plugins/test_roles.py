"""Roles as contracts: what is protected or a nuisance says nothing about the label in the final rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import fairloom as fl
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_balance import roles

SMALL = Path(__file__).parents[1] / "recipes" / "small" / "recipe.toml"


def factor(name, role, levels, **more):
    table = pa.table({"name": levels, **dict.fromkeys(more.get("balance", ()), levels)})
    return Factor(name, role, table, tuple(levels), **more)


FACTORS = [
    factor("label", "label", ["spam", "ham"]),
    factor("template", "surface", ["t1", "t2"], match={"label": "label"}),
    factor("verb", "nuisance", ["v1", "v2"], match={"mood": "template.mood"}),
    factor("person", "protected", ["Anna", "Per"], balance=("gender", "origin")),
    factor("city", "nuisance", ["Oslo", "Lyon"]),
    Factor("amount", "nuisance", pa.table({}), (), sampler=object()),
]


def tools(*factors):
    return Tools(task=Task(), factors={each.name: each for each in factors}, draws=Draws(1), open_path=Path)


def measured(rows, size=10**9, **config):
    metric = roles.build(roles.Roles(**config), tools(*FACTORS))
    for start in range(0, max(1, rows.num_rows), size):
        metric.observe(rows.slice(start, size))
    return metric.result()


def rows(leak):
    """2,000 rows crossed evenly; ``leak`` of them have the city of their label."""
    number = np.arange(2000)
    city = np.where(number % 1000 < leak * 1000, number // 1000, number // 4 % 2)
    columns = {
        "label": np.array(["spam", "ham"])[number // 1000],
        "person.gender": np.array(["Anna", "Per"])[number % 2],
        "person.origin": np.array(["Anna", "Per"])[number // 2 % 2],
        "city": np.array(["Oslo", "Lyon"])[city],
    }
    return pa.RecordBatch.from_pydict({name: column.tolist() for name, column in columns.items()})


def test_even_tables_say_nothing():
    found = measured(rows(0))
    assert found.value == 0.0
    assert found.values == {"v": 0.0, "p": 1.0, "significant": 0.0, "tested": 3.0}
    assert [each["axis"] for each in found.detail["factors"]] == ["person.gender", "person.origin", "city"]
    assert found.detail["exempt"] == {"verb": "matched to template.mood in the recipe"}


def test_a_nuisance_that_gives_the_label_away():
    found = measured(rows(0.2))
    assert found.value == found.values["significant"] == pytest.approx(0.2, abs=0.001)
    assert found.detail["factors"][0]["axis"] == "city"
    assert found.detail["factors"][0]["p_corrected"] < 0.05
    assert found == measured(rows(0.2), size=130)
    without = measured(rows(0.2), exempt=("city",))
    assert without.value == 0.0
    assert without.detail["exempt"]["city"] == "exempt in the recipe"


def test_what_cannot_be_compared_is_said():
    assert measured(rows(0).drop_columns(["city"])).why.startswith("the data have no column 'city'")
    with pytest.raises(RecipeError, match="no labels"):
        roles.build(roles.Roles(), tools(FACTORS[4]))
    with pytest.raises(RecipeError, match="no protected or nuisance factor to compare"):
        roles.build(roles.Roles(), tools(*FACTORS[:3]))
    with pytest.raises(RecipeError, match="'template' is no protected or nuisance factor"):
        roles.build(roles.Roles(exempt=("template",)), tools(*FACTORS))


def test_the_small_recipe_keeps_its_roles(tmp_path):
    more = '\n[[gate]]\nmetric = "balance.roles"\nmax = 0.02\n[[gate]]\nmetric = "shortcut.surface"\nmax = 1.0\n'
    for file in SMALL.parent.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    text = SMALL.read_text(encoding="utf-8")
    (tmp_path / "recipe.toml").write_text(text + more, encoding="utf-8")
    run = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "run")
    kept, surface = run.gates[-2:]
    assert kept.passed
    assert {each["axis"] for each in kept.detail["factors"]} == {"person.gender", "person.origin", "floor"}
    assert surface.value > 0.2  # two templates per label: their lengths give it away
    assert {(each["feature"], each["axis"]) for each in surface.detail["relations"] if each["significant"]} >= {
        ("words", "label")
    }
    assert "template by label: matched in the recipe" in surface.detail["exempt"]
