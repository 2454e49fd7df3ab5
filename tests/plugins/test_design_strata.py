"""Factors with strata in the balanced design: no number of rows, however many divisors it has, ties them together."""

from __future__ import annotations

import itertools
import math

import attrs
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.design import DesignTask, Uses
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor
from fairloom.rules import compile_rule
from fairloom.task import Task
from fairloom_design import fairloom_samplers
from fairloom_design.evening import Exceptions

NEAR = 4
"""Rows by which a margin, a table with the label or a declared pair may be off where tables are ragged."""


def balanced():
    sampler = next(sampler for sampler in fairloom_samplers() if sampler.name == "balanced")
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
    return sampler.build(sampler.config(), tools)


def plain(name, size, role="nuisance"):
    values = tuple(f"{name}{level}" for level in range(size))
    return Factor(name, role, pa.table({"value": values}), values)


def nested(name, shape, many):
    """A factor whose strata are every combination of ``shape``, with ``many`` levels each in turn."""
    groups = list(itertools.product(*map(range, shape)))
    rows = [group for place, group in enumerate(groups) for _ in range(many[place % len(many)])]
    columns = {f"s{place}": [f"s{row[place]}" for row in rows] for place in range(len(shape))}
    values = tuple(f"{name}{level}" for level in range(len(rows)))
    return Factor(name, "nuisance", pa.table({"value": values, **columns}), values, balance=tuple(columns))


def asked(rows, *factors, cross=(), independent=(), require=(), uses=None, seed=1):
    by_name = {factor.name: factor for factor in factors}
    return DesignTask(
        rows=rows,
        factors=by_name,
        cross=tuple(map(Axis.parse, cross)),
        independent=tuple(tuple(map(Axis.parse, pair)) for pair in independent),
        rules=tuple(compile_rule(text, by_name) for text in require),
        uses=uses,
        draws=Draws(seed, ("design",)),
    )


def axes_of(task):
    """Every axis that is balanced."""
    return [axis for name, factor in task.factors.items() for axis in (name, *(f"{name}.{a}" for a in factor.balance))]


def columns(task):
    """The codes of every balanced axis, row by row, and the share of each of its levels."""
    plan = balanced().plan(task)
    address = np.arange(plan.families)
    found = plan.levels(address, address * 0, address * 0)
    result = {}
    for axis in map(Axis.parse, axes_of(task)):
        codes, names = axis.codes(task.factors)
        share = np.bincount(codes, weights=shares(task.factors[axis.factor]), minlength=len(names))
        result[str(axis)] = codes[found[axis.factor]].astype(np.int64), share
    return plan, result


def shares(factor):
    """Strata are alike, level by level, and so is what they hold."""
    share = np.ones(factor.size)
    group = np.zeros(factor.size, dtype=np.int64)
    for attribute in factor.balance:
        codes = factor.codes(attribute)[0].astype(np.int64)
        share /= np.array([len(np.unique(codes[group == one])) for one in range(group.max() + 1)])[group]
        group = np.unique(np.stack([group, codes], axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    return share / np.bincount(group)[group]


def excess(one, two, rows):
    """The pair table less what independence at the planned shares gives."""
    (codes, share), (others, their) = one, two
    counts = np.bincount(codes * len(their) + others, minlength=len(share) * len(their))
    return counts.reshape(len(share), len(their)) - rows * np.outer(share, their)


def pairs_of(task):
    return [
        pair for pair in itertools.combinations(axes_of(task), 2) if len({axis.split(".")[0] for axis in pair}) == 2
    ]


@st.composite
def tasks(draw):
    """Recipes with nested strata, and numbers of rows that line up with them."""
    factors = [plain("label", draw(st.integers(2, 4)), "label")]
    for name in "pqrst"[: draw(st.integers(1, 5))]:
        shape = draw(st.lists(st.integers(2, 6), max_size=3))
        many = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
        factors.append(nested(name, shape, many) if shape else plain(name, draw(st.integers(2, 9))))
    free = asked(1, *factors)
    strata = [axis for axis in axes_of(free) if axis.endswith(".s0")]
    cross = ["label", *draw(st.lists(st.sampled_from(strata), unique=True, max_size=2))] if strata else ["label"]
    independent = draw(st.lists(st.sampled_from(pairs_of(free)), unique=True, max_size=3))
    sizes = [len(Axis.parse(axis).codes(free.factors)[1]) for axis in axes_of(free)]
    some = draw(st.lists(st.sampled_from(sizes), min_size=1, max_size=4))
    lined_up = min(draw(st.sampled_from([math.lcm(*some), math.prod(some)])), 960)
    lined_up *= draw(st.integers(1, max(1, 960 // lined_up)))
    rows = draw(st.sampled_from([lined_up, lined_up, lined_up, 480, 960, 997, draw(st.integers(1, 960))]))
    seed = draw(st.integers(0, 2**32))
    return asked(rows, *factors, cross=cross, independent=independent, seed=seed)


@settings(max_examples=50, deadline=None)
@given(tasks())
def test_strata_are_even_and_keep_apart_at_any_number_of_rows(task):
    plan, found = columns(task)
    declared = {frozenset(map(str, pair)) for pair in task.independent}
    for axis, (codes, share) in found.items():
        off = np.abs(np.bincount(codes, minlength=len(share)) - task.rows * share).max()
        assert (
            off < 1 + 1e-6
            if axis.endswith(".s0") or ("." not in axis and not task.factors[axis].balance)
            else off < NEAR
        )
    for one, two in pairs_of(task):
        off = excess(found[one], found[two], task.rows)
        if "label" in {one, two}:
            assert np.abs(off).max() < (1 + 1e-6 if two.endswith(".s0") else NEAR)
        elif frozenset((one, two)) in declared:
            said = any(
                f"{one} x {two} are declared" in note or f"{two} x {one} are" in note for note in plan.summary().notes
            )
            assert np.abs(off).max() <= NEAR or said
        elif 4 * off.size <= task.rows >= 240:
            # What independent draws give is chi-square: as many rows, in squares, as the table has rows.
            drawn = task.rows * (1 - 1 / off.shape[0]) * (1 - 1 / off.shape[1])
            assert (off**2).sum() <= 3 * drawn / 4 + off.size / 2


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 960),
    st.integers(0, 2**32),
    st.lists(st.sets(st.sampled_from("pqr")), min_size=2, max_size=6),
    st.booleans(),
)
def test_rules_and_the_use_of_factors_outlive_every_exchange(rows, seed, used, tied):
    template = Factor(
        "t",
        "surface",
        pa.table({"value": [f"t{i}" for i in range(len(used))]}),
        tuple(f"t{i}" for i in range(len(used))),
    )
    factors = plain("label", 2, "label"), template, nested("p", (2, 3), (2, 1)), nested("q", (4,), (3,)), plain("r", 5)
    uses = Uses("t", tuple(frozenset({"t", *names}) for names in used))
    require = ["p.s0 == q.s0"] if tied and rows % 2 else ["p.s0 != q.s0"] if tied else []
    task = asked(rows, *factors, independent=[("label", "p.s0")], require=require, uses=uses, seed=seed)
    plan = balanced().plan(task)
    address = np.arange(rows)
    for attempt in (1, 0):
        found = plan.levels(address, address * 0, address * 0 + attempt)
        for name in "pqr":
            puts = np.array([name in names for names in used])[found["t"]]
            assert ((found[name] >= 0) == puts).all()
        assert all(rule.keep(found).all() for rule in task.rules)
    counts = np.bincount(found["label"] * len(used) + found["t"], minlength=2 * len(used))
    assert counts.max() - counts.min() <= 1


@pytest.mark.parametrize("rows", [480, 960, 1000, 1920, 4800])
@pytest.mark.parametrize("declared", [False, True])
def test_people_and_occupations_are_independent_where_rows_have_many_divisors(rows, declared):
    factors = (
        plain("label", 2, "label"),
        nested("person", (3, 16), (4,)),
        nested("job", (8, 3), (5,)),
        nested("item", (9,), (8,)),
    )
    pairs = [("person.s0", "job.s0"), ("job.s0", "item.s0"), ("label", "item.s0")] if declared else []
    task = asked(rows, *factors, cross=["label", "person.s0"], independent=pairs)
    plan, found = columns(task)
    bound = 2 if declared else 6
    for one, two in [("person.s0", "job.s0"), ("job.s0", "item.s0"), ("label", "item.s0"), ("person.s1", "job.s1")]:
        off = np.abs(excess(found[one], found[two], rows)).max()
        assert off <= bound or (one == "person.s1" and off <= 6), (one, two)
    assert not any("declared independent" in note for note in plan.summary().notes)


def test_large_plans_hold_declared_strata():
    factors = plain("label", 2, "label"), nested("person", (3, 16), (4,)), nested("job", (8, 3), (5,))
    task = asked(300_000, *factors, cross=["label", "person.s0"], independent=[("person.s0", "job.s0")])
    _, found = columns(task)
    assert np.abs(excess(found["person.s0"], found["job.s0"], task.rows)).max() <= NEAR


def test_a_declared_pair_that_is_not_met_is_said():
    factors = plain("label", 2, "label"), nested("p", (4,), (1,)), nested("q", (4,), (1,))
    plan = balanced().plan(asked(80, *factors, cross=["label"], independent=[("p", "q")]))
    assert "declared" not in " ".join(plan.summary().notes)
    _, parts = plan.everything()
    same = {**parts, "q": parts["p"], "q.s0": parts["p.s0"]}
    tied = attrs.evolve(plan, exceptions=Exceptions(np.arange(80), same))
    assert [note for note in tied.summary().notes if note.startswith("p x q are declared independent, but their table")]
