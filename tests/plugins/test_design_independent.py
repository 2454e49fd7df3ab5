"""Independent draws: uniform, by address, within the rules, and balanced in nothing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from fairloom.components import Tools
from fairloom.design import DesignTask, Uses
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor
from fairloom.problems import RecipeError
from fairloom.rules import compile_rule
from fairloom.task import Task
from fairloom_design import fairloom_samplers


def independent():
    sampler = next(sampler for sampler in fairloom_samplers() if sampler.name == "independent")
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
    return sampler.build(sampler.config(), tools)


def made(title, /, role="nuisance", **columns):
    return Factor(title, role, pa.table(columns), tuple(next(iter(columns.values()))))


LABEL = made("label", "label", name=["x", "y"])
TEMPLATE = made("template", name=["t0", "t1", "t2", "t3"], label=["x", "y", "y", "y"])
CITY = made("city", value=["Lyon", "Oslo", "Lagos"])


def planned(rows=6_000, seed=1):
    factors = {factor.name: factor for factor in (LABEL, TEMPLATE, CITY)}
    used = (frozenset({"city"}), frozenset({"city"}), frozenset(), frozenset({"city"}))
    task = DesignTask(
        rows=rows,
        factors=factors,
        cross=(Axis("city"),),
        rules=(compile_rule("template.label == label", factors),),
        uses=Uses("template", used),
        draws=Draws(seed, ("design",)),
    )
    return task, independent().plan(task)


def test_draws_are_uniform_and_honour_the_rules():
    task, plan = planned()
    rows = np.arange(6_000)
    found = plan.levels(rows, rows * 0, rows * 0)
    assert task.rules[0].keep(found).all()
    for name, size in (("label", 2), ("city", 3)):
        counts = np.bincount(found[name], minlength=size)
        assert 1 < counts.max() - counts.min() < 350, name
    assert not plan.summary().balanced
    assert plan.summary().axes == ("label", "city")
    assert sum(count for _, count in plan.summary().cells) == 6_000


def test_any_slice_is_the_same():
    _, plan = planned()
    rows = np.arange(6_000)
    whole = plan.levels(rows, rows * 0, rows * 0)
    some = rows[5::-2]
    assert all(np.array_equal(whole[name][some], plan.levels(some, some * 0, some * 0)[name]) for name in whole)
    places = set(zip(plan.cells(rows).tolist(), plan.ranks(rows).tolist(), strict=True))
    assert len(places) == 6_000


def test_later_attempts_keep_the_cell():
    task, plan = planned()
    rows = np.arange(500)
    first, later = plan.levels(rows, rows * 0, rows * 0), plan.levels(rows, rows * 0, rows * 0 + 3)
    assert np.array_equal(first["label"], later["label"])
    assert np.array_equal(first["city"], later["city"])
    assert (first["template"] != later["template"]).any()
    assert task.rules[0].keep(later).all()


def test_every_combination_cannot_be_drawn():
    task, _ = planned()
    with pytest.raises(RecipeError, match="give a number of rows"):
        independent().plan(DesignTask(rows=None, factors=task.factors, draws=task.draws))
