"""Value samplers: exact numbers and dates, each from its address alone."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.reading.structure import structure
from fairloom.task import Task
from fairloom_values import fairloom_samplers

SAMPLERS = {sampler.name: sampler for sampler in fairloom_samplers()}
TOOLS = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)


def built(name, config):
    return SAMPLERS[name].build(structure(SAMPLERS[name].config, config), TOOLS)


def drawn(name, count=3_000, attempt=0, **config):
    return built(name, config).draw(Draws(5, ("factor", name)), np.arange(count), np.full(count, attempt)).to_pylist()


def test_integers_reach_both_ends_in_steps():
    values = drawn("integer", min=-5, max=12, step=5)
    assert set(values) == {-5, 0, 5, 10}


def test_decimals_are_written_exactly():
    assert set(drawn("decimal", min=-0.1, max=0.1, places=1)) == {"-0.1", "0.0", "0.1"}
    assert set(drawn("decimal", min=9.99, max=10.01)) == {"9.99", "10.00", "10.01"}
    assert set(drawn("decimal", min=1, max=2, places=0)) == {"1", "2"}


def test_dates_follow_the_format_in_english():
    values = drawn("date", min=dt.date(2024, 2, 28), max="2024-03-01", format="%A, %-d %B %Y (%m/%d/%y) 100%%")
    assert set(values) == {
        "Wednesday, 28 February 2024 (02/28/24) 100%",
        "Thursday, 29 February 2024 (02/29/24) 100%",
        "Friday, 1 March 2024 (03/01/24) 100%",
    }
    assert set(drawn("date", min="2024-01-09", max="2024-01-09")) == {"2024-01-09"}


CASES = [
    ("integer", {"min": 0, "max": 10**9}),
    ("decimal", {"min": 0, "max": 500, "places": 3}),
    ("date", {"min": "1950-01-01", "max": "2030-12-31"}),
]


@pytest.mark.parametrize(("name", "config"), CASES)
def test_a_value_depends_on_address_and_attempt_alone(name, config):
    sampler = built(name, config)
    draws, rows = Draws(5), np.arange(200)
    whole = sampler.draw(draws, rows, rows * 0).to_pylist()
    some = rows[::-7]
    assert sampler.draw(draws, some, some * 0).to_pylist() == [whole[row] for row in some]
    again = sampler.draw(draws, rows, rows * 0 + 1).to_pylist()
    assert sum(one == two for one, two in zip(whole, again, strict=True)) < 20


@settings(max_examples=40)
@given(st.integers(-(10**9), 10**9), st.integers(0, 10**9), st.integers(1, 1000))
def test_integers_stay_in_range(low, span, step):
    values = drawn("integer", count=50, min=low, max=low + span, step=step)
    assert all(low <= value <= low + span and (value - low) % step == 0 for value in values)


REFUSED = [
    ("integer", {"min": 3, "max": 2}, "max: max 2 is below min 3"),
    ("integer", {"min": 0, "max": 9, "step": 0}, "step: must be at least 1, got 0"),
    ("integer", {"min": 0, "max": 2**40}, "use a larger step"),
    ("decimal", {"min": 0.125, "max": 1}, "min: 0.125 has more than 2 digits"),
    ("decimal", {"min": 0, "max": 1, "places": 12}, "places: must be from 0 to 9"),
    ("decimal", {"min": float("nan"), "max": 1}, "min: must be a number"),
    ("date", {"min": "2024-13-01", "max": "2024-12-01"}, "min: must be a date"),
    ("date", {"min": "2024-12-02", "max": "2024-12-01"}, "is before min"),
    ("date", {"min": "2024-12-01", "max": "2024-12-01", "format": "%Q"}, "does not know %Q"),
]


@pytest.mark.parametrize(("name", "config", "message"), REFUSED)
def test_wrong_settings_are_refused_at_their_key(name, config, message):
    with pytest.raises(RecipeError) as caught:
        drawn(name, **config)
    assert message in str(caught.value)
