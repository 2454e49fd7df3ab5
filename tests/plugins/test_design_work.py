"""Evening a plan is bounded work, however many factors and templates there are, and its shortcuts are exact."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.draws import Draws
from fairloom_design import polish
from fairloom_design.polish import MOST_WORK, Column, Polish


def columns(rows: int, sizes: list[int], seed: int = 1) -> list[Column]:
    """Columns of drawn levels that may all be exchanged, in two groups."""
    drawn = Draws(seed).stream("columns")
    group = np.arange(rows, dtype=np.int64) % 2
    return [
        Column(f"c{place}", (drawn.words(np.arange(rows), place) % size).astype(np.int64), size, group)
        for place, size in enumerate(sizes)
    ]


def work(made: Polish) -> int:
    return sum(pair.excess.size + min(made.rows, polish.MOST_ROWS) for pair in made.pairs)


def test_many_templates_and_factors_are_bounded_work() -> None:
    many = columns(5_000, [2_000, *[20] * 40])
    made = Polish(many, (), Draws(1))
    assert work(made) <= MOST_WORK
    assert len(made.pairs) > 600, "the small tables are all kept"
    assert not any(2_000 in pair.excess.shape for pair in made.pairs if pair.excess.size > 5_000 * 8)


def test_tables_far_larger_than_the_rows_are_left_alone() -> None:
    assert Polish(columns(5_000, [2_000, *[500] * 40]), (), Draws(1)).pairs == []


def test_declared_pairs_are_evened_whatever_the_work() -> None:
    declared = [frozenset({"c0", f"c{place}"}) for place in range(1, 41)]
    made = Polish(columns(1_000, [2_000, *[60] * 40]), declared, Draws(1))
    assert {(pair.one, pair.two) for pair in made.pairs} >= {(0, place) for place in range(1, 41)}


def test_a_small_plan_looks_at_every_pair() -> None:
    made = Polish(columns(500, [30, 7, 5, 4, 3, 2, 2, 2]), (), Draws(1))
    assert [(pair.one, pair.two) for pair in made.pairs] == list(itertools.combinations(range(8), 2))


@given(rows=st.integers(2, 60), sizes=st.lists(st.integers(2, 9), min_size=2, max_size=4), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_the_change_of_an_exchange_is_the_change_of_the_score(rows: int, sizes: list[int], seed: int) -> None:
    made = Polish(columns(rows, sizes, seed), (), Draws(seed))
    before = made.score()
    half = rows // 2
    left, right = np.arange(half), np.arange(half, 2 * half)
    change = made.exchange((0,), left, right)
    assert made.score() - before == change
    assert made.exchange((0,), left, right) == -change


@given(rows=st.integers(2, 80), one=st.integers(2, 12), two=st.integers(2, 12), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_expected_tables_are_whole_numbers_worked_out_exactly(rows: int, one: int, two: int, seed: int) -> None:
    first, second = columns(rows, [one, two], seed)
    expected = np.zeros((one, two), dtype=object)
    for group in (0, 1):
        here = first.group == group
        if not here.any():
            continue
        ones, twos = (np.bincount(column.levels[here], minlength=column.size) for column in (first, second))
        shares = [polish.UNIT * polish.FINE * int(count) // int(here.sum()) for count in twos]
        expected += np.array([[int(count) * share for share in shares] for count in ones], dtype=object)
    assert (polish._expected(first, second) == expected // polish.FINE).all()
