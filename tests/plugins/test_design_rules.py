"""Any small recipe at all: whatever is planned obeys its rules, uses and cells, and what is refused is impossible."""

from __future__ import annotations

import contextlib

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
from fairloom.problems import RecipeError
from fairloom.reading.structure import structure
from fairloom.rules import compile_rule
from fairloom.task import Task
from fairloom_design import fairloom_samplers

TOOLS = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
FOUND = {sampler.name: sampler for sampler in fairloom_samplers()}
PLAIN = ("balanced", "covering", "factorial", "independent", "uniform")
SAMPLERS = {name: FOUND[name].build(FOUND[name].config(), TOOLS) for name in PLAIN}
DESIGNS = (*PLAIN, "proportions", "raked", "weighted")
NAMES = ("label", "t", "a", "b", "c")


@st.composite
def factors(draw):
    made = {}
    for name in NAMES[draw(st.integers(0, 1)) : draw(st.integers(2, 5))]:
        size = draw(st.integers(1, 5))
        few = st.lists(st.sampled_from("012"), min_size=size, max_size=size)
        table = pa.table({"n": [str(level) for level in range(size)], "p": draw(few), "q": draw(few)})
        balance = () if name == "label" else tuple(sorted(draw(st.sets(st.sampled_from("pq"), max_size=1))))
        role = "label" if name == "label" else "nuisance"
        made[name] = Factor(name, role, table, tuple(table.column("n").to_pylist()), balance=balance)
    return made


def compiled(texts, made):
    """The rules that are none about values that no level has."""
    for text in texts:
        with contextlib.suppress(RecipeError):
            yield compile_rule(text, made)


@st.composite
def tasks(draw):
    made = draw(factors())
    terms = st.sampled_from([name + end for name in made for end in ("", ".p", ".q")])
    sides = st.one_of(terms, st.sampled_from(["0", "1", "'2'"]))
    signs = st.sampled_from(["==", "!=", "<="])
    texts = [f"{draw(terms)} {draw(signs)} {draw(sides)}" for _ in range(draw(st.integers(0, 3)))]
    free = [name for name in made if name not in {"label", "t"}]
    within = tuple(draw(st.lists(st.sampled_from(free), max_size=1))) if free else ()
    cross = [Axis.parse(text) for text in draw(st.lists(terms, max_size=2, unique=True))]
    uses = None
    if "t" in made and draw(st.booleans()):
        used = st.frozensets(st.sampled_from(sorted(made.keys() - {"t"}) or ["t"]))
        uses = Uses("t", tuple(draw(used) for _ in range(made["t"].size)))
    return DesignTask(
        rows=draw(st.integers(1, 60)),
        factors=made,
        cross=tuple(axis for axis in cross if axis.factor not in within),
        within=within,
        rules=tuple(compiled(texts, made)),
        uses=uses,
        draws=Draws(draw(st.integers(0, 99)), ("design",)),
    )


def sampler(name, task):
    """The design; where it takes settings, some for the last factor outside the families."""
    if name in SAMPLERS:
        return SAMPLERS[name]
    last = next((factor for title, factor in reversed(task.factors.items()) if title not in task.within), None)
    table = {last.name: {last.names[0]: 0.6 if last.size > 1 else 1.0}} if last else {}
    counts = dict.fromkeys(last.names, 1) if last else {}
    margins = [{"axes": [last.name], "counts": counts}] if last else []
    settings = {"proportions": {"shares": table}, "weighted": {"weights": table}, "raked": {"margins": margins}}[name]
    return FOUND[name].build(structure(FOUND[name].config, settings), TOOLS)


def planned(name, task):
    if name == "factorial":
        try:
            return SAMPLERS[name].plan(attrs.evolve(task, rows=None))
        except RecipeError:
            return None
    if name == "covering":
        task = attrs.evolve(task, rows=None)
        try:
            plan = SAMPLERS[name].plan(task)
            more = plan.families * plan.members + task.draws.seed % 3 * plan.members
            return SAMPLERS[name].plan(attrs.evolve(task, rows=more))
        except RecipeError:
            return None
    members = task.factors[task.within[0]].size if task.within else 1
    for count in range(members, 0, -1):
        try:
            return sampler(name, task).plan(attrs.evolve(task, rows=task.rows * count))
        except RecipeError as error:
            if "do not fill families" not in str(error):
                return None
    raise AssertionError("no number of members fits")


def columns(plan, attempt):
    address = np.arange(plan.families * plan.members)
    return plan.levels(address // plan.members, address % plan.members, np.full_like(address, attempt))


@settings(max_examples=100, deadline=None)
@given(tasks(), st.sampled_from(DESIGNS))
def test_rules_uses_and_cells_hold_at_every_attempt(task, name):
    plan = planned(name, task)
    if plan is None:
        return
    first = columns(plan, 0)
    axes = [Axis.parse(text) for text in plan.summary().axes]
    forced = {"label", "t", *task.within, *(axis.factor for axis in axes)}
    for attempt in (0, 1, 2):
        found = columns(plan, attempt)
        for rule in task.rules:
            assert rule.keep({factor: found[factor] for factor in rule.factors}).all(), rule.text
        for axis in axes:
            codes = axis.codes(task.factors)[0]
            assert np.array_equal(codes[found[axis.factor]], codes[first[axis.factor]]), axis
        for factor in task.factors.keys() - forced if task.uses else ():
            used = np.array([factor in factors for factors in task.uses.factors])
            assert np.array_equal(used[found["t"]], found[factor] >= 0), factor
    families = np.arange(plan.families)
    places = set(zip(plan.cells(families).tolist(), plan.ranks(families).tolist(), strict=True))
    assert places == {(cell, rank) for cell, (_, count) in enumerate(plan.summary().cells) for rank in range(count)}


@settings(max_examples=60, deadline=None)
@given(tasks(), st.sampled_from(DESIGNS), st.integers(1, 7))
def test_any_address_can_be_computed_alone(task, name, step):
    plan = planned(name, task)
    if plan is None:
        return
    some = np.arange(plan.families * plan.members)[::-step]
    for attempt in (0, 1):
        every = columns(plan, attempt)
        mine = plan.levels(some // plan.members, some % plan.members, np.full_like(some, attempt))
        assert {factor: level.tolist() for factor, level in mine.items()} == {
            factor: level[some].tolist() for factor, level in every.items()
        }


@settings(max_examples=60, deadline=None)
@given(tasks())
def test_it_is_refused_exactly_where_no_combination_is_left(task):
    task = attrs.evolve(task, cross=(), within=(), uses=None)
    if "label" in task.factors:  # a label without rows is refused though other labels have some
        return
    impossible = False
    try:
        SAMPLERS["factorial"].plan(attrs.evolve(task, rows=None))
    except RecipeError:
        impossible = True
    assert (planned("balanced", task) is None) == impossible
