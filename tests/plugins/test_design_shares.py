"""Designs with given shares: every table asked for is there, to within one row, whatever the numbers."""

from __future__ import annotations

import itertools
import json
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from fairloom.components import Tools
from fairloom.design import DesignTask
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor
from fairloom.problems import RecipeError
from fairloom.reading.structure import structure
from fairloom.rules import compile_rule
from fairloom.task import Task
from fairloom_design import fairloom_samplers

SAMPLERS = {sampler.name: sampler for sampler in fairloom_samplers()}


def design(use, folder=None, **settings_):
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=lambda text: folder / text)
    sampler = SAMPLERS[use]
    return sampler.build(structure(sampler.config, settings_, ("design",)), tools)


def counted(title, size, role="nuisance"):
    names = tuple(f"{title}{level}" for level in range(size))
    return Factor(title, role, pa.table({"value": list(names)}), names)


def people(size):
    names = tuple(f"p{number}" for number in range(size))
    table = pa.table(
        {
            "name": list(names),
            "gender": ["fm"[n % 2] for n in range(size)],
            "origin": ["xyz"[n // 2 % 3] for n in range(size)],
        }
    )
    return Factor("person", "protected", table, names, balance=("gender",))


def asked(rows, *factors, cross=(), independent=(), forbid=(), seed=1):
    by_name = {factor.name: factor for factor in factors}
    rules = [compile_rule(text, by_name, negate=True, where=("design", "forbid", i)) for i, text in enumerate(forbid)]
    return DesignTask(
        rows=rows,
        factors=by_name,
        cross=tuple(map(Axis.parse, cross)),
        independent=tuple(tuple(map(Axis.parse, group)) for group in independent),
        rules=tuple(rules),
        draws=Draws(seed, ("design",)),
    )


def levels(plan, attempt=0):
    rows = plan.families * plan.members
    address = np.arange(rows)
    return plan.levels(address // plan.members, address % plan.members, np.full(rows, attempt))


def table(task, found, *axes):
    pairs = [Axis.parse(axis).codes(task.factors) for axis in axes]
    columns = [codes[found[Axis.parse(axis).factor]] for axis, (codes, _) in zip(axes, pairs, strict=True)]
    shape = [len(names) for _, names in pairs]
    return np.bincount(np.ravel_multi_index(columns, shape), minlength=int(np.prod(shape))).reshape(shape)


def gap(counts):
    return int(counts.max() - counts.min())


def cut(total, parts):
    """Shares in thousandths from unsorted cuts."""
    ends = [0, *sorted(parts), total]
    return [Fraction(b - a, total) for a, b in itertools.pairwise(ends)]


shares = st.lists(st.integers(0, 1000), min_size=1, max_size=4).map(lambda parts: cut(1000, parts))


def written(title, parts):
    return {f"{title}{level}": float(share) for level, share in enumerate(parts)}


@settings(max_examples=40, deadline=None)
@given(shares, shares, st.integers(1, 2000), st.integers(0, 99), st.booleans())
def test_proportions_are_largest_remainders_and_the_rest_is_even(one, two, rows, seed, crossed):
    factors = [counted("label", len(one), "label"), counted("b", len(two)), counted("c", 3), counted("d", 4)]
    task = asked(rows, *factors, cross=("c",) if crossed else (), seed=seed)
    plan = design("proportions", shares={"label": written("label", one), "b": written("b", two)}).plan(task)
    found = levels(plan)
    for axis, given_ in (("label", one), ("b", two)):
        counts = table(task, found, axis)
        quotas = [rows * share for share in given_]
        assert all(abs(count - quota) < 1 for count, quota in zip(counts.tolist(), quotas, strict=True))
        up = [quota - int(quota) for count, quota in zip(counts.tolist(), quotas, strict=True) if count > quota]
        down = [quota - int(quota) for count, quota in zip(counts.tolist(), quotas, strict=True) if count < quota]
        assert not up or not down or min(up) >= max(down)
    assert gap(table(task, found, "c")) <= 1
    assert gap(table(task, found, "d")) <= 1
    for axis in ("c", "d"):
        assert max(gap(line) for line in table(task, found, "label", axis)) <= 1
    expected = np.outer(np.array(one, float), np.array(two, float)) * rows
    assert np.abs(table(task, found, "label", "b") - expected).max() < 2


@settings(max_examples=40, deadline=None)
@given(shares, st.lists(shares, min_size=5, max_size=5), st.integers(1, 2000), st.integers(0, 99))
def test_nested_shares_are_exact_within_what_stands_around_them(outer, inner, rows, seed):
    inner = [parts[:2] if len(parts) > 1 else [*parts, Fraction(0)] for parts in inner[: len(outer)]]
    inner = [[parts[0], 1 - parts[0]] for parts in inner]
    factors = [counted("label", len(outer), "label"), counted("b", 2), counted("c", 3)]
    task = asked(rows, *factors, seed=seed)
    nested = {f"label{level}": written("b", parts) for level, parts in enumerate(inner)}
    found = levels(design("proportions", shares={"label": written("label", outer), "label, b": nested}).plan(task))
    counts = table(task, found, "label", "b")
    for line, parts in zip(counts, inner, strict=True):
        assert abs(line[0] - int(line.sum()) * parts[0]) <= Fraction(1, 2)


def test_levels_without_a_share_get_an_even_part_of_what_is_left():
    task = asked(1000, counted("label", 4, "label"), people(12))
    plan = design("proportions", shares={"label": {"label1": 0.4}, "person.gender": {"f": 0.7}}).plan(task)
    found = levels(plan)
    assert table(task, found, "label").tolist() == [200, 400, 200, 200]
    assert table(task, found, "label", "person.gender").tolist() == [[140, 60], [280, 120], [140, 60], [140, 60]]
    assert gap(table(task, found, "person")[::2]) <= 1
    assert gap(table(task, found, "person")[1::2]) <= 1


def test_a_rule_takes_rows_from_its_cells_only():
    factors = [counted("label", 3, "label"), counted("b", 3)]
    task = asked(900, *factors, forbid=["label == 'label0' and b == 'b0'"])
    given_ = {"label": written("label", [Fraction(1, 2), Fraction(3, 10), Fraction(1, 5)]), "b": {"b0": 0.2}}
    counts = table(task, levels(design("proportions", shares=given_).plan(task)), "label", "b")
    assert counts[0, 0] == 0
    assert counts.sum(axis=1).tolist() == [450, 270, 180]
    assert counts.sum(axis=0).tolist() == [180, 360, 360]


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"label": {"label0": 0.5, "label1": 0.6}}, "design.shares.label: the shares of label add up to 1.1, not to 1"),
        ({"label": {"label0": 1}}, "leave nothing for the other levels; write 0 for 'label1'"),
        ({"labl": {"x": 1}}, "design.shares.labl: no factor 'labl' with levels; did you mean 'label'"),
        ({"label": {"label7": 0.5}}, "design.shares.label.label7: label has no level 'label7'"),
        ({"label": {"label0": "half"}}, "design.shares.label.label0: a share is a number from 0 to 1, got 'half'"),
        ({"label, b": {"label0": 0.5}}, r"design.shares.label, b.label0: needs a table of levels of b, got 0.5"),
        ({"b": {"b0": 0.5}, "label, b": {"label0": {"b0": 0.5}}}, "decides b, whose shares 'b' gives already"),
        (
            {"label": {"label0": 0.9}, "b": {"b0": 0.5}},
            "design.shares.b: shares.'b' cannot be met together with shares.'label' and the rule",
        ),
    ],
)
def test_shares_that_cannot_be_are_named(given_, said):
    task = asked(100, counted("label", 2, "label"), counted("b", 2), forbid=["label == 'label0' and b == 'b0'"])
    with pytest.raises(RecipeError, match=said):
        design("proportions", shares=given_).plan(task)


@st.composite
def tables(draw):
    """Overlapping margins of one random table, so they agree: sizes, groups of axes, and the truth."""
    sizes = draw(st.lists(st.integers(2, 5), min_size=2, max_size=4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    truth = rng.gamma(draw(st.sampled_from([0.3, 1.0, 5.0])), size=sizes)
    if draw(st.booleans()):
        truth *= rng.random(sizes) > 0.3
    assume(truth.sum() > 0.01)
    groups = [group for size in (1, 2) for group in itertools.combinations(range(len(sizes)), size)]
    return sizes, draw(st.lists(st.sampled_from(groups), min_size=1, max_size=6, unique=True)), truth / truth.sum()


def nested(counts, titles):
    if not titles:
        return float(counts)
    return {f"{titles[0]}{level}": nested(part, titles[1:]) for level, part in enumerate(counts)}


@settings(max_examples=40, deadline=None)
@given(tables(), st.integers(1, 3000), st.integers(0, 99))
def test_given_tables_are_kept_to_within_one_row(made, rows, seed):
    sizes, groups, truth = made
    titles = ["label", "b", "c", "d"][: len(sizes)]
    task = asked(
        rows,
        *(
            counted(title, size, "label" if title == "label" else "nuisance")
            for title, size in zip(titles, sizes, strict=True)
        ),
        seed=seed,
    )
    margins, wanted = [], {}
    for group in groups:
        names = tuple(titles[place] for place in group)
        wanted[names] = truth.sum(axis=tuple(set(range(len(sizes))) - set(group)))
        margins.append({"axes": list(names), "counts": nested(wanted[names], names)})
    plan = design("raked", margins=margins).plan(task)
    found = levels(plan)
    for names, shares_ in wanted.items():
        assert np.abs(table(task, found, *names) - shares_ * rows).max() < 1 + 1e-3, plan.summary().notes
    free = [title for title in titles if not any(title in names for names in wanted)]
    assert all(gap(table(task, found, title)) <= 1 for title in free)


def test_a_table_may_stand_in_a_file(tmp_path):
    (tmp_path / "t.csv").write_text("person.gender,label,count\nf,label0,30\nm,label0,10\nf,label1,20\nm,label1,40.5\n")
    task = asked(201, counted("label", 2, "label"), people(6))
    margins = [{"axes": ["label", "person.gender"], "from": "t.csv"}]
    found = levels(design("raked", tmp_path, margins=margins).plan(task))
    assert table(task, found, "label", "person.gender").tolist() == [[60, 20], [40, 81]]


@pytest.mark.parametrize(
    ("margins", "said"),
    [
        ([{"axes": ["label"]}], r"design.margins\[0\]: needs counts, or a file as from"),
        ([{"axes": ["label"], "counts": {"label0": 1}}], r"margins\[0\] says nothing about label 'label1'"),
        ([{"axes": ["label"], "counts": {"label0": -1, "label1": 3}}], "needs a number from 0, got -1"),
        ([{"axes": ["label"], "counts": {"label0": 0, "label1": 0}}], "counts nothing"),
        ([{"axes": ["label"], "from": "bad.csv"}], r"bad.csv:2: design.margins\[0\].from: label has no level 'nobody'"),
        (
            [
                {"axes": ["label"], "counts": {"label0": 1, "label1": 3}},
                {"axes": ["label", "b"], "counts": {"label0": {"b0": 1, "b1": 1}, "label1": {"b0": 1, "b1": 1}}},
            ],
            r"margins\[1\].counts: margins\[1\] gives label = 'label0' 50.0 rows, margins\[0\] 25.0",
        ),
        ([], "design.margins: names no table"),
    ],
)
def test_tables_that_cannot_be_are_named(margins, said, tmp_path):
    (tmp_path / "bad.csv").write_text("label,count\nnobody,3\n")
    with pytest.raises(RecipeError, match=said):
        design("raked", tmp_path, margins=margins).plan(asked(100, counted("label", 2, "label"), counted("b", 2)))


def profile(folder, rows):
    """A profile of (income, sex, job) rows, every pair of axes counted."""
    axes = ("income", "sex", "job")
    names = {axis: sorted({row[place] for row in rows}) for place, axis in enumerate(axes)}
    codes = {axis: np.array([names[axis].index(row[place]) for row in rows]) for place, axis in enumerate(axes)}

    def counts(group):
        found = np.zeros([len(names[axis]) for axis in group], dtype=int)
        np.add.at(found, tuple(codes[axis] for axis in group), 1)
        return found.tolist()

    data = {
        "format": "fairloom-profile",
        "version": 1,
        "rows": len(rows),
        "axes": {axis: {"levels": names[axis], "counts": counts([axis])} for axis in axes},
        "tables": [{"axes": list(pair), "counts": counts(pair)} for pair in itertools.combinations(axes, 2)],
    }
    (folder / "real.json").write_text(json.dumps(data))
    return data


REAL = (
    [("high", "f", "cook")] * 5
    + [("high", "m", "cook")] * 30
    + [("high", "m", "clerk")] * 25
    + [("high", "f", "clerk")] * 20
)
REAL += (
    [("low", "f", "cook")] * 70
    + [("low", "m", "cook")] * 10
    + [("low", "m", "clerk")] * 25
    + [("low", "f", "clerk")] * 15
)


def adults(rows, **more):
    label = Factor("label", "label", pa.table({"name": ["low", "high"]}), ("low", "high"))
    sex = Factor("sex", "protected", pa.table({"value": ["m", "f"]}), ("m", "f"))
    job = Factor("job", "nuisance", pa.table({"value": ["clerk", "cook"]}), ("clerk", "cook"))
    return asked(rows, label, sex, job, counted("d", 5), **more)


AXES = {"label": "income", "sex": "sex", "job": "job"}


def test_a_profile_gives_its_tables(tmp_path):
    profile(tmp_path, REAL)
    task = adults(400)
    found = levels(design("profile", tmp_path, **{"from": "real.json"}, axes=AXES).plan(task))
    assert table(task, found, "label", "sex").tolist() == [[70, 170], [110, 50]]
    assert table(task, found, "label", "job").tolist() == [[80, 160], [90, 70]]
    assert table(task, found, "sex", "job").tolist() == [[100, 80], [70, 150]]
    assert max(gap(line) for line in table(task, found, "label", "d")) <= 1


def test_a_pair_made_independent_keeps_its_margins_and_all_other_tables(tmp_path):
    profile(tmp_path, REAL)
    task = adults(401, independent=[("label", "sex")])
    found = levels(design("profile", tmp_path, **{"from": "real.json"}, axes=AXES).plan(task))
    pair = table(task, found, "label", "sex")
    wanted = np.outer([240, 160], [180, 220]) / 400 * 401 / 400
    assert np.abs(pair - wanted).max() < 1
    assert np.abs(pair.sum(axis=1) - np.array([0.6, 0.4]) * 401).max() < 1
    assert np.abs(table(task, found, "label", "job") - np.array([[80, 160], [90, 70]]) / 400 * 401).max() < 1
    assert np.abs(table(task, found, "sex", "job") - np.array([[100, 80], [70, 150]]) / 400 * 401).max() < 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"format": "other"}, 'real.json: is no profile: it needs "format": "fairloom-profile"'),
        ({"version": 2}, "has version 2; this fairloom reads version 1"),
        ({"axes": {"income": {"levels": ["a", "a"], "counts": [1, 2]}}}, "axes.income has a level twice"),
        ({"tables": [{"axes": ["income", "sex"], "counts": [[1, 2]]}]}, r"tables\[0\] needs counts, 2 x 2 numbers"),
        ({"tables": [{"axes": ["income", "six"], "counts": []}]}, "names 'six', which is no axis; did you mean 'sex'"),
        (
            {"axes": {"income": {"levels": ["low", "none"], "counts": [1, 2]}}, "tables": []},
            "the profile has no axis 'sex'",
        ),
    ],
)
def test_what_is_wrong_with_a_profile_is_said(change, said, tmp_path):
    data = profile(tmp_path, REAL)
    (tmp_path / "real.json").write_text(json.dumps({**data, **change}))
    with pytest.raises(RecipeError, match=said):
        design("profile", tmp_path, **{"from": "real.json"}, axes=AXES).plan(adults(100))


def test_levels_that_only_the_profile_knows_are_named(tmp_path):
    profile(tmp_path, [*REAL, ("huge", "f", "cook")])
    with pytest.raises(RecipeError, match=r"design.from: the profile has rows with 'huge', which is no level of label"):
        design("profile", tmp_path, **{"from": "real.json"}, axes=AXES).plan(adults(100))


def test_weights_are_chances():
    task = asked(
        20_000, counted("label", 3, "label"), people(12), counted("c", 4), forbid=["label == 'label0' and c == 'c0'"]
    )
    weights = {"label": {"label0": 2, "label2": 0}, "person.gender": {"f": 3}, "c": {"c1": 0.5}}
    plan = design("weighted", weights=weights).plan(task)
    found = levels(plan)
    assert np.allclose(table(task, found, "label") / 20_000, [2 / 3, 1 / 3, 0], atol=0.02)
    assert np.allclose(table(task, found, "person.gender") / 20_000, [3 / 4, 1 / 4], atol=0.02)
    assert np.allclose(
        table(task, found, "label", "c")[0] / table(task, found, "label")[0], [0, 0.2, 0.4, 0.4], atol=0.02
    )
    assert table(task, found, "label", "c")[2].sum() == 0
    assert not plan.summary().balanced
    again = levels(plan, attempt=1)
    assert np.array_equal(again["label"], found["label"])
    assert not np.array_equal(again["person"], found["person"])


def test_weights_that_leave_nothing_are_named():
    task = asked(10, counted("label", 2, "label"), counted("b", 2), forbid=["b == 'b0'"])
    with pytest.raises(RecipeError, match=r"no row is possible: no level of b satisfies .*weight 0 of b 'b1'"):
        design("weighted", weights={"b": {"b1": 0}}).plan(task)
    with pytest.raises(RecipeError, match=r"design.weights.b: all weights are 0"):
        design("weighted", weights={"b": {"b0": 0, "b1": 0}}).plan(task)


def test_uniform_draws_take_every_combination_alike():
    factors = [counted("label", 2, "label"), counted("b", 3)]
    task = asked(20_000, *factors, forbid=["label == 'label0' and b != 'b0'"])
    found = levels(design("uniform").plan(task))
    assert np.allclose(table(task, found, "label", "b") / 20_000, [[1 / 4, 0, 0], [1 / 4, 1 / 4, 1 / 4]], atol=0.02)
    found = levels(design("independent").plan(task))
    assert np.allclose(table(task, found, "label", "b") / 20_000, [[1 / 2, 0, 0], [1 / 6, 1 / 6, 1 / 6]], atol=0.02)


@pytest.mark.parametrize("use", ["uniform", "factorial"])
def test_more_combinations_than_can_be_numbered_are_refused(use):
    task = asked(10 if use == "uniform" else None, *(counted(f"f{place}", 10) for place in range(20)))
    with pytest.raises(RecipeError, match=r"design.use: there are more than 2\*\*62 combinations"):
        design(use).plan(task)
