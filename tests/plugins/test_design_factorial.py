"""The factorial design: every combination once, in the documented order; and a published set, in its order."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.design import UNUSED, DesignTask, Uses, design_task
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor, load_factors
from fairloom.problems import RecipeError
from fairloom.recipe import DesignSpec, FactorSpec
from fairloom.rules import compile_rule, rules_of
from fairloom.tables import read_table
from fairloom.task import Label, Task
from fairloom_design import fairloom_samplers


def factorial():
    sampler = next(sampler for sampler in fairloom_samplers() if sampler.name == "factorial")
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=pytest.fail)
    return sampler.build(sampler.config(), tools)


def counted(name, size, role="nuisance"):
    values = [f"v{level}" for level in range(size)]
    return Factor(name, role, pa.table({"value": values}), tuple(values))


def asked(*factors, rows=None, within=(), forbid=(), uses=None, cross=()):
    by_name = {factor.name: factor for factor in factors}
    rules = tuple(compile_rule(text, by_name, negate=True, where=("design", "forbid", 0)) for text in forbid)
    axes = tuple(map(Axis.parse, cross))
    return DesignTask(
        rows=rows, factors=by_name, within=within, rules=rules, uses=uses, cross=axes, draws=Draws(1, ("design",))
    )


def rows_of(plan, task):
    address = np.arange(plan.families * plan.members)
    found = plan.levels(address // plan.members, address % plan.members, np.zeros_like(address))
    return list(zip(*(found[name].tolist() for name in task.factors), strict=True))


def test_the_last_factor_is_fastest_and_the_driver_slowest():
    used = (frozenset({"a", "b"}), frozenset({"b"}))
    task = asked(counted("a", 2), counted("b", 2), counted("t", 2), uses=Uses("t", used))
    plan = factorial().plan(task)
    assert rows_of(plan, task) == [(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (UNUSED, 0, 1), (UNUSED, 1, 1)]
    summary = plan.summary()
    assert (summary.rows, summary.distinct, summary.unique) == (6, 6, True)


RULES = ("a == b", "a == c", "b == c", "a == 'v0' and c != 'v0'", "b == d", "d != 'v0'", "a == b and c == d")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=4, max_size=4), st.sets(st.sampled_from(RULES), max_size=3), st.booleans())
def test_it_is_the_filtered_product_in_order(sizes, forbid, driven):
    factors = [counted(name, size) for name, size in zip("abcd", sizes, strict=True)]
    task = asked(
        *factors, forbid=tuple(sorted(forbid)), uses=Uses("a", (frozenset("bcd"),) * sizes[0]) if driven else None
    )
    product = np.array(list(itertools.product(*map(range, sizes)))).T
    keep = np.ones(product.shape[1], dtype=bool)
    for rule in task.rules:
        keep &= rule.keep(dict(zip("abcd", product, strict=True)))
    expected = [tuple(row) for row in product[:, keep].T.tolist()]
    if not expected:
        with pytest.raises(RecipeError, match="no combination of levels satisfies"):
            factorial().plan(task)
        return
    plan = factorial().plan(task)
    assert rows_of(plan, task) == expected
    some = np.arange(plan.families)[::-3]
    found = plan.levels(some, np.zeros_like(some), np.zeros_like(some))
    assert list(zip(*(found[name].tolist() for name in "abcd"), strict=True)) == expected[::-3]


def test_within_factors_are_innermost():
    task = asked(counted("w", 3), counted("a", 2), within=("w",))
    assert rows_of(factorial().plan(task), task) == [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1)]


def test_another_number_of_rows_is_refused_with_the_product():
    with pytest.raises(RecipeError, match=r"asks for 5 rows, but there are 6 combinations.*design\.balanced"):
        factorial().plan(asked(counted("a", 2), counted("b", 3), rows=5))
    assert factorial().plan(asked(counted("a", 2), counted("b", 3), rows=6)).families == 6


def test_cells_and_ranks_of_a_long_plan():
    task = asked(counted("a", 3, "label"), counted("b", 100), counted("c", 700), cross=("a",))
    plan = factorial().plan(task)
    assert plan.summary().cells == ((("v0",), 70_000), (("v1",), 70_000), (("v2",), 70_000))
    some = np.array([209_999, 0, 70_000, 140_001])
    assert plan.cells(some).tolist() == [2, 0, 1, 2]
    assert plan.ranks(some).tolist() == [69_999, 0, 0, 1]


def test_a_hundred_billion_combinations_are_not_listed():
    task = asked(*[counted(name, 1_000) for name in "abcd"])
    plan = factorial().plan(task)
    last = np.array([plan.families - 1, 12_003])
    found = plan.levels(last, np.zeros(2, int), np.zeros(2, int))
    assert plan.families == 10**12
    assert [found[name].tolist() for name in "abcd"] == [[999, 0], [999, 0], [999, 12], [999, 3]]


def test_too_many_tied_levels_are_refused():
    with pytest.raises(RecipeError, match="ties more than"):
        factorial().plan(asked(counted("a", 4_000), counted("b", 4_000), forbid=("a == b",)))


def test_the_jigsaw_set_comes_out_in_its_order(shared):
    folder = shared / "worked-jigsaw-madlibs"
    task = Task(labels={"nontoxic": Label(definition="harmless"), "toxic": Label(definition="hateful")})

    def words(kind, also="", **keywords):
        return FactorSpec(from_="words.csv", where=f'type == "{kind}" and word != "cis"{also}', **keywords)

    toxic = {"connotation": "template.toxicity"}
    specs = {
        "template": FactorSpec(
            from_="sentence_templates.csv",
            match={"toxicity": "label"},
            # A slot that stands behind the identity is a factor of its own, for order follows the recipe.
            rewrite=(["phrase", r"is \{type\|adjective_", "is {type|predicate_"],
                     ["phrase", r"\} is a \{type\|predicate_", "} is a {type|adjective_"]),
        ),
        "name": words("name"),
        "verb": words("verb", match=toxic),
        "adjective": words("adjective", match=toxic),
        "identity": words("identity", also=' and connotation == "neutral"'),
        "predicate": words("adjective", match=toxic),
        "occupation": words("occupation"),
    }  # fmt: skip
    factors = load_factors(specs, task, folder.joinpath)
    phrases = factors["template"].column("phrase").to_pylist()
    slot = re.compile(r"\{type\|(\w+?)_connotation\|\w+\}")
    uses = Uses("template", tuple(frozenset(slot.findall(phrase)) for phrase in phrases))
    rules = rules_of(DesignSpec(), specs, factors)
    plan = factorial().plan(design_task(DesignSpec(), factors, rows=None, rules=rules, uses=uses, draws=Draws(1)))
    published = read_table(folder / "madlibs.csv").to_pylist()
    assert plan.families == len(published) == 76_564
    address = np.arange(plan.families)
    found = plan.levels(address, np.zeros_like(address), np.zeros_like(address))
    columns = {
        name: factor.column("word").to_pylist() for name, factor in factors.items() if "word" in factor.attributes
    }
    wrong = 0
    for row, line in enumerate(published):
        text = slot.sub(lambda m, row=row: columns[m[1]][found[m[1]][row]], phrases[found["template"][row]])
        wrong += (text, factors["label"].names[found["label"][row]]) != (line["phrase"], line["toxicity"])
    assert wrong == 0
