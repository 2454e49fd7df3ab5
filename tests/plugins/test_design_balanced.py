"""The balanced design: its bounds for any sizes, number of rows, seed and rules."""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.contingency import g_test
from fairloom.design import DesignTask, Uses
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor
from fairloom.problems import RecipeError
from fairloom.rules import compile_rule
from fairloom.task import Task
from fairloom_design import fairloom_samplers


def balanced():
    return design("balanced")


def design(name):
    sampler = next(sampler for sampler in fairloom_samplers() if sampler.name == name)
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
    return sampler.build(sampler.config(), tools)


def made(title, /, role="nuisance", balance=(), **columns):
    table = pa.table({name: [str(value) for value in values] for name, values in columns.items()})
    return Factor(title, role, table, tuple(table.column(0).to_pylist()), balance=tuple(balance))


def counted(title, size, role="nuisance"):
    return made(title, role, value=[f"{title}{level}" for level in range(size)])


def asked(rows, *factors, cross=(), independent=(), within=(), require=(), forbid=(), uses=None, seed=1):
    by_name = {factor.name: factor for factor in factors}
    rules = [compile_rule(text, by_name, where=("design", "require", i)) for i, text in enumerate(require)]
    rules += [compile_rule(text, by_name, negate=True, where=("design", "forbid", i)) for i, text in enumerate(forbid)]
    return DesignTask(
        rows=rows,
        factors=by_name,
        cross=tuple(map(Axis.parse, cross)),
        independent=tuple(tuple(map(Axis.parse, group)) for group in independent),
        within=within,
        rules=tuple(rules),
        uses=uses,
        draws=Draws(seed, ("design",)),
    )


def levels(plan, attempts=0):
    rows = plan.families * plan.members
    address = np.arange(rows)
    return plan.levels(address // plan.members, address % plan.members, np.full(rows, attempts))


def codes(task, found, axis):
    axis = Axis.parse(axis)
    return axis.codes(task.factors)[0][found[axis.factor]]


def table(task, found, *axes, where=None):
    sizes = [len(Axis.parse(axis).codes(task.factors)[1]) for axis in axes]
    columns = [codes(task, found, axis) for axis in axes]
    if where is not None:
        columns = [column[where] for column in columns]
    return np.bincount(np.ravel_multi_index(columns, sizes), minlength=int(np.prod(sizes))).reshape(sizes)


def gap(counts):
    return int(counts.max() - counts.min())


def cramers_v(counts):
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / (min(counts.shape) - 1)))


sizes = st.lists(st.integers(1, 7), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(sizes, st.integers(1, 400), st.integers(0, 2**32), st.booleans(), st.sets(st.integers(1, 4), max_size=3))
def test_margins_labels_and_cells_are_even_at_any_size(sizes, rows, seed, labelled, crossed):
    factors = [
        counted("abcde"[i], size, "label" if labelled and i == 0 else "nuisance") for i, size in enumerate(sizes)
    ]
    cross = tuple(factors[i].name for i in sorted(crossed) if i < len(factors))
    task = asked(rows, *factors, cross=cross, seed=seed)
    plan = balanced().plan(task)
    found = levels(plan)
    assert plan.summary().rows == rows
    for factor in factors:
        assert gap(table(task, found, factor.name)) <= 1
        if labelled:
            assert gap(table(task, found, "a", factor.name)) <= 1 or factor.name == "a"
    axes = plan.summary().axes
    if axes:
        cells = table(task, found, *axes)
        assert gap(cells) <= 1
        assert [count for _, count in plan.summary().cells] == cells.reshape(-1).tolist()


@settings(max_examples=30, deadline=None)
@given(sizes, st.integers(1, 300), st.integers(0, 2**32), st.data())
def test_any_address_can_be_computed_alone_and_in_any_order(sizes, rows, seed, data):
    factors = [counted("abcde"[i], size, "label" if i == 0 else "nuisance") for i, size in enumerate(sizes)]
    plan = balanced().plan(asked(rows, *factors, seed=seed))
    again = balanced().plan(asked(rows, *factors, seed=seed))
    whole = levels(plan)
    order = np.array(data.draw(st.permutations(range(rows))))[: data.draw(st.integers(1, rows))]
    some = again.levels(order, np.zeros_like(order), np.zeros_like(order))
    assert all(np.array_equal(whole[name][order], some[name]) for name in whole)


@settings(max_examples=30, deadline=None)
@given(sizes, st.integers(1, 300), st.integers(0, 2**32))
def test_cells_and_ranks_number_every_family_once(sizes, rows, seed):
    factors = [counted("abcde"[i], size, "label" if i == 0 else "nuisance") for i, size in enumerate(sizes)]
    plan = balanced().plan(asked(rows, *factors, cross=("a",), seed=seed))
    families = np.arange(rows)
    places = set(zip(plan.cells(families).tolist(), plan.ranks(families).tolist(), strict=True))
    counts = [count for _, count in plan.summary().cells]
    assert places == {(cell, rank) for cell, count in enumerate(counts) for rank in range(count)}


@pytest.mark.parametrize(("rows", "bound"), [(1000, 0.012), (5000, 0.003), (30_000, 0.001)])
@pytest.mark.parametrize("cross", [(), ("b", "c"), ("b", "c", "d", "e")])
def test_pairs_are_nearly_independent(rows, bound, cross):
    factors = [counted(name, size, role) for name, size, role in zip("abcde", (2, 3, 4, 5, 7), ROLES, strict=True)]
    for seed in range(3):
        task = asked(rows, *factors, cross=cross, seed=seed)
        found = levels(balanced().plan(task))
        pairs = [table(task, found, one, two) for one, two in itertools.combinations("abcde", 2)]
        assert max(map(cramers_v, pairs)) <= bound
        assert max(map(gap, pairs)) <= 3


ROLES = ("label", "nuisance", "nuisance", "nuisance", "nuisance")


@pytest.mark.parametrize("rows", [12_000, 38_400, 60_000])
def test_pairs_of_many_levels_are_even_where_combinations_are_about_as_many_as_rows(rows):
    sizes = {"label": 8, "template": 60, "city": 40, "shop": 16}
    factors = [counted(name, size, "label" if name == "label" else "nuisance") for name, size in sizes.items()]
    task = asked(rows, *factors, independent=(("template", "city"),))
    found = levels(balanced().plan(task))
    assert gap(table(task, found, "template", "city")) <= 3
    assert max(gap(table(task, found, one, two)) for one, two in itertools.combinations(sizes, 2)) <= 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(2, 9), min_size=3, max_size=5), st.integers(2, 900), st.integers(0, 2**32))
def test_declared_pairs_are_even(sizes, rows, seed):
    factors = [counted("abcde"[i], size, "label" if i == 0 else "nuisance") for i, size in enumerate(sizes)]
    task = asked(rows, *factors, independent=(("a", "b"), ("b", "c")), seed=seed)
    found = levels(balanced().plan(task))
    assert gap(table(task, found, "a", "b")) <= 1
    assert gap(table(task, found, "b", "c")) <= 4


def test_a_full_factorial_comes_out_where_it_divides():
    factors = [counted(name, size, role) for name, size, role in zip("abcde", (2, 3, 4, 5, 7), ROLES, strict=True)]
    task = asked(840, *factors)
    plan = balanced().plan(task)
    assert table(task, levels(plan), *"abcde").tolist() == np.ones((2, 3, 4, 5, 7), dtype=int).tolist()


def test_a_large_plan_keeps_its_bounds():
    factors = [counted("a", 6, "label"), counted("b", 11), counted("c", 13)]
    task = asked(400_003, *factors, cross=("b",))
    plan = balanced().plan(task)
    found = levels(plan)
    assert gap(table(task, found, "a", "b")) <= 1
    assert gap(table(task, found, "a", "c")) <= 1
    assert cramers_v(table(task, found, "b", "c")) < 0.001
    assert not plan.summary().unique


@pytest.mark.parametrize("rows", [300_001, 1_000_003])
def test_declared_pairs_are_even_in_a_large_plan(rows):
    sizes = {"label": 2, "b": 3, "c": 4, "d": 5, "e": 7}
    made_ = [counted(name, size, "label" if name == "label" else "nuisance") for name, size in sizes.items()]
    pairs = list(itertools.combinations("bcde", 2))
    task = asked(rows, *made_, independent=pairs)
    found = levels(balanced().plan(task))
    assert max(gap(table(task, found, *pair)) for pair in pairs) <= 4
    assert max(gap(table(task, found, "label", name)) for name in "bcde") <= 1


def people(size=24):
    return made(
        "person",
        "protected",
        ("gender", "origin"),
        given=[f"p{i}" for i in range(size)],
        gender=["fm"[i % 2] for i in range(size)],
        origin=["xyz"[i // 2 % 3] for i in range(size)],
    )


CITIES = made("city", value=["Aa", "Bb", "Cc", "Dd", "Ee"], origin=["x", "x", "y", "z", "z"])
LABELS = counted("label", 4, "label")


def templates(per_label, labels=4):
    label = [f"label{i % labels}" for i in range(per_label * labels)]
    return made("template", "surface", name=[f"t{i}" for i in range(per_label * labels)], label=label)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 600), st.integers(0, 2**32), st.integers(1, 5), st.booleans())
def test_the_main_recipe_is_even_and_keeps_its_rules(rows, seed, per_label, crossed):
    cross = ("label", "person.gender", "person.origin") if crossed else ()
    rules = ("template.label == label", "person.origin == city.origin")
    task = asked(rows, LABELS, templates(per_label), people(), CITIES, cross=cross, require=rules, seed=seed)
    plan = balanced().plan(task)
    for attempt in (0, 1, 7):
        found = levels(plan, attempt)
        assert all(rule.keep({name: found[name] for name in rule.factors}).all() for rule in task.rules)
        assert gap(table(task, found, "label")) <= 1
        assert gap(table(task, found, "person.gender")) <= 1
        assert gap(table(task, found, "person.origin")) <= 1
        assert gap(table(task, found, "label", "person.gender")) <= 1
        assert gap(table(task, found, "label", "person.origin")) <= 1
        if crossed:
            assert gap(table(task, found, *cross)) <= 1
    used = table(task, levels(plan), "template")
    own = np.array([int(name[5:]) for name in task.factors["template"].column("label").to_pylist()])
    assert all(gap(used[own == label]) <= 1 for label in range(4))


def test_later_attempts_keep_what_is_declared_and_draw_the_rest():
    factors = [counted("a", 2, "label"), counted("b", 5), counted("c", 6), people()]
    task = asked(600, *factors, cross=("person.gender",), independent=(("a", "b"),))
    plan = balanced().plan(task)
    first, later, other = levels(plan), levels(plan, 1), levels(plan, 2)
    for axis in ("a", "b", "person.gender", "person.origin"):
        assert np.array_equal(codes(task, first, axis), codes(task, later, axis)), axis
    for name in ("c", "person"):
        assert 0.02 < (first[name] == later[name]).mean() < 0.6
        assert (later[name] != other[name]).any()
    mixed = plan.levels(np.arange(600), np.zeros(600, int), np.arange(600) % 3)
    assert np.array_equal(mixed["c"][1::3], later["c"][1::3])
    assert np.array_equal(mixed["c"][0::3], first["c"][0::3])


def test_templates_decide_what_is_used():
    used = (frozenset({"b", "c"}), frozenset({"b"}), frozenset())
    factors = [counted("label", 2, "label"), counted("t", 3), counted("b", 4), counted("c", 5)]
    task = asked(601, *factors, uses=Uses("t", used))
    plan = balanced().plan(task)
    for attempt in (0, 1):
        found = levels(plan, attempt)
        assert np.array_equal(found["b"] >= 0, found["t"] < 2)
        assert np.array_equal(found["c"] >= 0, found["t"] == 0)
    found = levels(plan)
    assert gap(table(task, found, "label", "t")) <= 1
    assert gap(table(task, found, "label", "b", where=found["b"] >= 0)) <= 1
    assert gap(table(task, found, "label", "c", where=found["c"] >= 0)) <= 1
    assert plan.summary().distinct == 20 + 4 + 1
    assert not plan.summary().unique


def test_a_rule_through_a_factor_that_some_templates_do_not_use():
    used = (frozenset({"b", "c"}), frozenset({"b"}), frozenset({"c"}))
    task = asked(
        300,
        counted("t", 3),
        counted("b", 4),
        made("c", value=["b0", "b1", "b2", "b3"]),
        forbid=("b == c",),
        uses=Uses("t", used),
    )
    found = levels(balanced().plan(task))
    both = (found["b"] >= 0) & (found["c"] >= 0)
    assert (found["b"][both] != found["c"][both]).all()
    assert set(found["c"][found["t"] == 2].tolist()) == {0, 1, 2, 3}


def test_rules_between_several_free_factors():
    factors = [counted("label", 2, "label"), made("a", n=range(5)), made("b", n=range(5)), made("c", n=range(5))]
    task = asked(500, *factors, require=("a < b < c",), forbid=("c == a", "label == 'label0' and b == '3'"))
    found = levels(balanced().plan(task))
    assert (found["a"] < found["b"]).all()
    assert (found["b"] < found["c"]).all()
    assert not ((found["label"] == 0) & (found["b"] == 3)).any()
    assert gap(table(task, found, "label")) == 0


def test_a_rule_that_gives_every_level_its_own_list_stays_even():
    task = asked(500, counted("a", 90), made("b", value=[f"a{i}" for i in range(90)]), forbid=("a == b",))
    found = levels(balanced().plan(task))
    assert gap(table(task, found, "a")) <= 1
    assert gap(table(task, found, "b")) <= 3


def test_members_cross_the_within_factors_last_fastest():
    factors = [counted("label", 2, "label"), counted("x", 2), counted("b", 3), counted("y", 3)]
    task = asked(60, *factors, within=("x", "y"))
    plan = balanced().plan(task)
    found = levels(plan)
    assert (plan.families, plan.members) == (10, 6)
    assert found["x"][:6].tolist() == [0, 0, 0, 1, 1, 1]
    assert found["y"][:6].tolist() == [0, 1, 2, 0, 1, 2]
    assert all(len(set(found["b"][start : start + 6].tolist())) == 1 for start in range(0, 60, 6))


def test_rules_inside_a_family_hold_for_every_member():
    factors = [counted("b", 3), made("x", value=["b0", "b1"]), made("y", value=["b0", "b1"])]
    plan = balanced().plan(asked(8, *factors, within=("x", "y"), forbid=("x == y", "b == x")))
    found = levels(plan)
    assert plan.members == 2
    assert set(found["b"].tolist()) == {2}


def test_rows_differ_where_there_is_room():
    factors = [counted("label", 2, "label"), counted("a", 6), counted("b", 7), counted("c", 8)]
    plan = balanced().plan(asked(230, *factors))
    assert plan.summary().unique
    found = levels(plan)
    assert len(np.unique(np.stack([found[name] for name in "abc"], axis=1), axis=0)) == 230
    assert plan.summary().distinct == 336


def test_missing_cells_are_left_out_and_noted():
    person = made("person", given=["a", "b", "c"], gender=["f", "m", "f"], origin=["x", "x", "y"])
    task = asked(99, person, counted("b", 2), cross=("person.gender", "person.origin"))
    plan = balanced().plan(task)
    assert len(plan.summary().cells) == 3
    assert "1 of 4 cells do not exist" in plan.summary().notes[0]
    assert gap(table(task, levels(plan), "person.gender")) <= 1


def refused(*args, **keywords):
    with pytest.raises(RecipeError) as caught:
        balanced().plan(asked(*args, **keywords))
    return str(caught.value)


def test_a_label_without_template_is_named_with_the_rule():
    template = made("template", name=["t1", "t2"], label=["label0", "label1"])
    said = refused(90, counted("label", 3, "label"), template, require=("template.label == label",))
    assert "design.require[0]: no row can have label = 'label2'" in said
    assert "no level of template satisfies 'template.label == label'" in said


def test_rules_in_conflict_are_all_named():
    factors = [counted("a", 3), counted("b", 3)]
    said = refused(9, *factors, require=("a == b", "a == 'a1'"), forbid=("b == 'b2'",))
    assert "'a == b'" in said
    said = refused(
        9,
        counted("label", 2, "label"),
        counted("b", 2),
        require=("b == 'b0'",),
        forbid=("label == 'label1' and b == 'b0'",),
    )
    assert "label = 'label1'" in said
    assert "'b == 'b0''" in said.replace('"', "'")
    assert "not (label" in said


def test_what_cannot_be_planned_is_refused():
    assert "no level has that combination" not in refused(9, counted("a", 2), forbid=("a in ['a0', 'a1']",))
    assert "7 rows do not fill families of 3" in refused(7, counted("a", 2), counted("x", 3), within=("x",))
    assert "in cross or in within" in refused(6, counted("a", 2), counted("x", 3), within=("x",), cross=("x",))
    assert "design.factorial" in refused(None, counted("a", 2))
    assert "cells are more than" in refused(5, counted("a", 1001), counted("b", 1001), cross=("a", "b"))


@pytest.mark.parametrize("rows", [200, 1_000, 10_000])
@pytest.mark.parametrize("declared", [False, True])
def test_ten_nuisance_factors_leave_no_pair_associated(rows, declared):
    """No pair of label, gender, origin and ten binary factors has p < 0.05, whether all pairs are declared or none."""
    many = [counted(f"n{place}", 2) for place in range(10)]
    made_ = [counted("label", 2, "label"), counted("gender", 2, "protected"), counted("origin", 4, "protected"), *many]
    pairs = list(itertools.combinations((factor.name for factor in made_), 2))
    independent = [pair for pair in pairs if pair[1].startswith("n")] if declared else ()
    for seed in (1, 2) if rows < 10_000 else (1,):
        task = asked(rows, *made_, cross=["gender", "origin"], independent=independent, seed=seed)
        found = levels(balanced().plan(task))
        assert min(g_test(table(task, found, *pair)).p for pair in pairs) > 0.05


def test_independent_draws_leave_some_pair_associated():
    """The same in what most generators do: more than nine datasets of ten."""
    many = [counted(f"n{place}", 2) for place in range(10)]
    made_ = [counted("label", 2, "label"), counted("gender", 2, "protected"), counted("origin", 4, "protected"), *many]
    pairs = list(itertools.combinations((factor.name for factor in made_), 2))
    spurious = 0
    for seed in range(30):
        task = asked(200, *made_, cross=["gender", "origin"], seed=seed)
        found = levels(design("uniform").plan(task))
        spurious += min(g_test(table(task, found, *pair)).p for pair in pairs) < 0.05
    assert spurious > 27


def test_a_level_that_no_row_can_have_is_named_with_the_rules():
    """The axis stands only in `independent`, so no cell tells."""
    said = refused(60, counted("a", 3), counted("b", 3), independent=[("a", "b")], forbid=["a == 'a0'"])
    assert "no row can have a = 'a0'" in said
    assert "a == 'a0'" in said
    both = ["a == 'a0' and b != 'b1'", "a == 'a0' and b == 'b1'"]
    said = refused(60, counted("a", 3), counted("b", 3), independent=[("a", "b")], forbid=both)
    assert all(text in said for text in both)
    assert balanced().plan(asked(60, counted("a", 3), counted("b", 3), forbid=["a == 'a0'"])).families == 60
