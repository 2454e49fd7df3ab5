"""The covering design: every possible combination stands somewhere, counted by other means than its own."""

from __future__ import annotations

import itertools

import attrs
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.design import DesignTask, Uses
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.problems import RecipeError
from fairloom.rules import compile_rule
from fairloom.task import Task
from fairloom_design import fairloom_samplers

TOOLS = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
SAMPLER = next(sampler for sampler in fairloom_samplers() if sampler.name == "covering")


def covering(**settings_):
    return SAMPLER.build(SAMPLER.config(**settings_), TOOLS)


def counted(title, size, role="nuisance"):
    names = tuple(f"{title}{level}" for level in range(size))
    kinds = [str(level % 2) for level in range(size)]
    return Factor(title, role, pa.table({"value": list(names), "kind": kinds}), names)


def asked(sizes, rows=None, forbid=(), uses=None, within=(), seed=1):
    names = ["label", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"][: len(sizes)]
    factors = {
        name: counted(name, size, "label" if name == "label" else "nuisance")
        for name, size in zip(names, sizes, strict=True)
    }
    rules = [compile_rule(text, factors, negate=True, where=("design", "forbid", i)) for i, text in enumerate(forbid)]
    return DesignTask(
        rows=rows, factors=factors, rules=tuple(rules), uses=uses, within=within, draws=Draws(seed, ("design",))
    )


def rows_of(plan, attempt=0):
    address = np.arange(plan.families * plan.members)
    return plan.levels(address // plan.members, address % plan.members, np.full_like(address, attempt))


def possible(task, names):
    """Every combination of all factors that the rules allow, cut down to some of them: by brute force."""
    grid = np.indices([factor.size for factor in task.factors.values()]).reshape(len(task.factors), -1)
    levels = dict(zip(task.factors, grid, strict=True))
    keep = np.ones(grid.shape[1], dtype=bool)
    for rule in task.rules:
        keep &= rule.keep(levels)
    return set(zip(*(levels[name][keep].tolist() for name in names), strict=True))


def held(found, names):
    return set(zip(*(found[name].tolist() for name in names), strict=True))


forbidden = st.lists(
    st.sampled_from(
        [
            "label == 'label0' and a == 'a0'",
            "a.kind == '1' and b.kind == '1'",
            "label == 'label1' and a == 'a1' and b == 'b0'",
            "a.kind == b.kind",
            "b == 'b0' and label == 'label0'",
        ]
    ),
    max_size=3,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(2, 4), min_size=3, max_size=5), st.integers(1, 3), forbidden, st.integers(0, 99))
def test_every_possible_combination_and_no_other_is_there(sizes, strength, forbid, seed):
    task = asked(sizes, forbid=forbid, seed=seed)
    try:
        found = rows_of(covering(strength=strength).plan(task))
    except RecipeError:
        assert possible(task, ["label"]) != {(level,) for level in range(sizes[0])}
        return
    for names in itertools.combinations(task.factors, strength):
        assert held(found, names) == possible(task, names)


@pytest.mark.parametrize(
    ("sizes", "strength", "most"),
    [([2, 3, 4, 5, 7], 2, 35), ([3] * 4, 2, 9), ([3] * 13, 2, 19), ([2] * 10, 3, 18), ([2, 3, 4, 5, 7], 3, 145)],
)
def test_arrays_are_small(sizes, strength, most):
    plan = covering(strength=strength).plan(asked(sizes))
    assert plan.families <= most
    assert not plan.summary().balanced
    assert plan.summary().unique


def test_rows_beyond_the_array_are_balanced_ones():
    task = asked([2, 3, 4], rows=412)
    least = covering().plan(attrs.evolve(task, rows=None)).families
    plan = covering().plan(task)
    found = rows_of(plan)
    rest = {name: level[least:] for name, level in found.items()}
    for name, factor in task.factors.items():
        counts = np.bincount(rest[name], minlength=factor.size)
        assert counts.max() - counts.min() <= 1
    assert plan.summary().rows == 412


def test_too_few_rows_are_refused_with_the_number_it_takes():
    with pytest.raises(
        RecipeError, match=r"recipe.rows: 11 rows cannot hold all 26 possible combinations.* at least 12"
    ):
        covering().plan(asked([2, 3, 4], rows=11))


def test_an_attribute_may_be_covered_instead_of_every_level():
    task = asked([2, 40, 30])
    plan = covering(over=("label", "a.kind", "b.kind")).plan(task)
    found = rows_of(plan)
    assert plan.families == 4
    kinds = [found["label"].tolist(), (found["a"] % 2).tolist(), (found["b"] % 2).tolist()]
    assert all(len(set(zip(one, two, strict=True))) == 4 for one, two in itertools.combinations(kinds, 2))
    again = rows_of(plan, attempt=1)
    assert np.array_equal(again["a"] % 2, found["a"] % 2)
    assert not np.array_equal(again["a"], found["a"])


def test_combinations_count_only_where_the_template_uses_them():
    task = asked([2, 3, 3, 4], uses=Uses("a", (frozenset({"b"}), frozenset({"c"}), frozenset())))
    found = rows_of(covering().plan(task))
    assert held(found, ["a", "b"]) == {(0, 0), (0, 1), (0, 2), (1, -1), (2, -1)}
    assert held(found, ["label", "c"]) >= set(itertools.product(range(2), range(4)))
    assert not {(b, c) for b, c in held(found, ["b", "c"]) if b >= 0 and c >= 0}


def test_factors_within_families_are_crossed_with_everything():
    task = asked([2, 3, 2, 3], within=("c",))
    plan = covering().plan(task)
    found = rows_of(plan)
    assert plan.members == 3
    assert all(held(found, [name, "c"]) == possible(task, [name, "c"]) for name in ("label", "a", "b"))


@pytest.mark.parametrize(
    ("settings_", "forbid", "said"),
    [
        ({"strength": 0}, (), "design.strength: needs at least 1"),
        ({"strength": 4}, (), "as many axes, and there are 3"),
        ({"over": ("label", "x")}, (), r"design.over\[1\]: no factor 'x'"),
        ({}, ("a == 'a0'", "a != 'a0'"), "no row is possible: no level of a satisfies .* and "),
        ({}, ("label == 'label0'",), r"design.forbid\[0\]: no row can have label = 'label0'"),
    ],
)
def test_what_cannot_be_covered_is_said(settings_, forbid, said):
    with pytest.raises(RecipeError, match=said):
        covering(**settings_).plan(asked([2, 3, 4], forbid=forbid))
