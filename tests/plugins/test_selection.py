"""The filter audit as a gate: a filter that prefers a group is caught, whatever the final counts say."""

from __future__ import annotations

from pathlib import Path

import attrs
import pytest

import fairloom as fl
from fairloom.components import Audit
from fairloom.problems import RecipeError
from fairloom.testing import sample_tools
from fairloom_balance import selection

SMALL = Path(__file__).parents[1] / "recipes" / "small"


def entry(step, axis, **groups):
    kept = {name: (seen - rejected) / seen if seen else None for name, (seen, rejected) in groups.items()}
    rates = [rate for rate in kept.values() if rate is not None]
    return {
        "step": step,
        "use": f"x.{step}",
        "axis": axis,
        "groups": [
            {"name": name, "seen": seen, "rejected": rejected, "rate": kept[name]}
            for name, (seen, rejected) in groups.items()
        ],
        "ratio": min(rates) / max(rates) if rates else 1.0,
        "p": 0.01,
    }


def measured(*entries, steps=("write", "pick"), axes=("label", "person.gender"), **config):
    audit = Audit(steps=steps, axes=axes, entries=entries)
    return selection.build(selection.Selection(**config), attrs.evolve(sample_tools(), audit=audit)).result()


PICK = entry("pick", "label", a=(100, 10), b=(200, 110), c=(0, 0))
GENDER = entry("pick", "person.gender", f=(150, 60), m=(150, 60))
WRITE = entry("write", "label", a=(100, 0), b=(200, 0))


def test_the_lowest_ratio_of_all_steps_and_axes():
    found = measured(WRITE, PICK, GENDER)
    assert found.value == pytest.approx(0.5)
    assert found.n == 300
    assert found.values == pytest.approx(
        {"ratio": 0.5, "p": 0.03, "lowest_rate": 0.45, "highest_rate": 0.9, "rejected": 120, "compared": 3}
    )
    assert found.detail["lowest"] == "pick by label"
    assert found.detail["compared"][0]["lowest"]["name"] == "b"


def test_one_step_or_one_axis():
    assert measured(WRITE, PICK, GENDER, step="write").value == 1.0
    assert measured(WRITE, PICK, GENDER, axis="person.gender").value == 1.0
    assert measured(WRITE, PICK, GENDER, step="pick", axis="label").value == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("entries", "config", "why"),
    [
        ((), {"axes": ()}, "the recipe has neither labels nor a protected factor to compare by"),
        ((), {}, "no row reached any step"),
        ((PICK,), {"step": "write"}, "no row reached write"),
        ((entry("pick", "label", a=(5, 1), b=(0, 0)),), {}, "the rows that reached the steps are all of one group"),
    ],
)
def test_what_cannot_be_compared_is_said(entries, config, why):
    found = measured(*entries, **config)
    assert (found.value, found.why) == (None, why)


def test_steps_and_axes_must_exist():
    with pytest.raises(RecipeError) as caught:
        measured(step="pik")
    assert str(caught.value) == "step: 'pik' names no step; did you mean 'pick'?"
    with pytest.raises(RecipeError) as caught:
        measured(axis="city")
    expected = "'city' is neither the label nor a group of a protected factor; known: label, person.gender"
    assert str(caught.value) == f"axis: {expected}"


def recipe(tmp_path, gate):
    for file in SMALL.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    step = '[[step]]\nname = "language"\nfilter = "./my_filters.py:unfair"\ntarget = "quiet"\n\n[[gate]]'
    text = (SMALL / "recipe.toml").read_text(encoding="utf-8").replace("[[gate]]", step, 1)
    (tmp_path / "recipe.toml").write_text(f"{text}\n{gate}", encoding="utf-8")
    return fl.Recipe.load(tmp_path / "recipe.toml", set=["recipe.rows=600"])


def test_a_gate_fails_where_the_counts_are_even_again(tmp_path):
    """Refill hides what a filter did: every count is right, and only the audit knows."""
    gate = '[[gate]]\nmetric = "balance.selection"\nstep = "language"\naxis = "label"\nmin = 0.8\n'
    run = recipe(tmp_path, gate).run(tmp_path / "run")
    cells, duplicates, kept = run.gates
    assert (cells.status, duplicates.status, kept.status) == ("passed", "passed", "failed")
    assert 0.25 < kept.value < 0.6
    assert kept.detail["compared"][0]["lowest"]["name"] == "quiet"
    assert run.status == "failed"
    # The same filter is fair to the genders.
    by_gender = gate.replace('"label"', '"person.gender"')
    (tmp_path / "other").mkdir()
    assert recipe(tmp_path / "other", by_gender).run(tmp_path / "run2").gates[-1].passed


def test_a_misspelt_step_is_found_before_the_work(tmp_path):
    gate = '[[gate]]\nmetric = "balance.selection"\nstep = "langauge"\nmin = 0.8\n'
    with pytest.raises(RecipeError, match=r"gate\[2\]\.step: 'langauge' names no step; did you mean 'language'"):
        recipe(tmp_path, gate).run(tmp_path / "run")
