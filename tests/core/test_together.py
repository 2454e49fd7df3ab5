"""Levels kept together: every level in one split, splits balanced as well as whole groups allow."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom as fl
from fairloom.draws import Draws
from fairloom.problems import RecipeError, RunError
from fairloom.weaving.together import allotted


def worst(sizes, shares, chosen):
    target = np.array(shares)[:, None] * sizes.sum(axis=0)
    mine = np.array([sizes[np.array(chosen) == split].sum(axis=0) for split in range(len(shares))])
    return np.abs(mine - target).max()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 20), min_size=2, max_size=2), min_size=3, max_size=7),
    st.sampled_from([(0.8, 0.2), (0.5, 0.5), (0.6, 0.2, 0.2)]),
    st.integers(0, 99),
)
def test_near_the_best_there_is(sizes, shares, seed):
    counts = np.array(sizes) + np.array([1, 0])
    chosen = allotted(counts, np.array(shares), Draws(seed))
    assert set(chosen.tolist()) == set(range(len(shares)))
    options = [
        option
        for option in itertools.product(range(len(shares)), repeat=len(counts))
        if set(option) == set(range(len(shares)))
    ]
    best = min(worst(counts, shares, option) for option in options)
    # The largest group is what cannot be cut; an exhaustive search gains less than that.
    assert worst(counts, shares, chosen) <= best + counts.max()


def test_equal_groups_fall_evenly():
    """Twelve templates of three labels: a quarter of the templates of each label is tested."""
    sizes = np.kron(np.eye(3, dtype=np.int64) * 50, np.ones((4, 1), dtype=np.int64))
    for seed in range(5):
        chosen = allotted(sizes, np.array([0.75, 0.25]), Draws(seed))
        assert [Counter(chosen[label * 4 : label * 4 + 4].tolist()) for label in range(3)] == [{0: 3, 1: 1}] * 3
    assert len({tuple(allotted(sizes, np.array([0.75, 0.25]), Draws(seed)).tolist()) for seed in range(20)}) > 5


def test_many_uneven_groups_come_close():
    sizes = 1 + Draws(4).below(30, np.arange(200 * 4).reshape(200, 4))
    chosen = allotted(sizes, np.array([0.7, 0.1, 0.2]), Draws(1))
    assert worst(sizes, (0.7, 0.1, 0.2), chosen) <= 10  # of about 3,100 rows in each cell


TEMPLATES = [
    {"name": f"{label}{number}", "label": label, "text": f"{{{{ who }}}} {label} number {number} in {{{{ city }}}}."}
    for label in ("lost", "found")
    for number in range(8)
]


def recipe(
    together, *, rows=480, part_rows=100, split=None, within=(), cities=("Oslo", "Lyon", "Pune", "Lima", "Bari")
):
    return {
        "recipe": {"name": "together", "seed": 3, "rows": rows},
        "task": {"labels": {name: {"definition": f"it is {name}"} for name in ("lost", "found")}},
        "factors": {
            "who": {"role": "protected", "values": [{"name": n, "group": n[0]} for n in ("ann", "abe", "bob", "bea")]},
            "city": {"values": list(cities)},
            "template": {"role": "surface", "key": "name", "match": {"label": "label"}, "values": TEMPLATES},
        },
        "design": {"cross": ["label", "who"] if not within else ["label"], "within": list(within)},
        "step": [{"generate": "template"}],
        "export": {"split": {**(split or {"train": 0.75, "test": 0.25}), "together": together}},
        "parts": {"rows": part_rows},
    }


def made(tmp_path, *args, **kwargs):
    return fl.Recipe.from_data(recipe(*args, **kwargs), Path()).run(tmp_path / "run")


def places(run, *columns):
    """The splits in which each level occurs."""
    found = defaultdict(set)
    for split in run.manifest["splits"]:
        for level in zip(*(run.split(split)[column].to_pylist() for column in columns), strict=True):
            found[level].add(split)
    return found


def test_a_template_is_in_one_split(tmp_path):
    run = made(tmp_path, ["template"])
    assert {len(splits) for splits in places(run, "template").values()} == {1}
    assert run.manifest["splits"] == {"train": 360, "test": 120}
    for split, share in (("train", 0.75), ("test", 0.25)):
        cells = Counter(zip(*(run.split(split)[axis].to_pylist() for axis in ("label", "who")), strict=True))
        assert len(cells) == 8
        assert all(abs(count - 60 * share) <= 4 for count in cells.values())
    report = run.manifest["split"]
    assert report["together"] == ["template"]
    assert report["groups"] == 16
    assert report["splits"]["test"]["reached"] == 0.25
    assert report["splits"]["test"]["groups"] == 4
    assert report["splits"]["train"]["largest_cell_deviation"] <= 4


def test_parts_do_not_matter(tmp_path):
    one, other = (made(tmp_path / str(size), ["template"], part_rows=size) for size in (40, 5000))
    assert one.digest == other.digest
    assert places(one, "id") == places(other, "id")
    assert one.manifest["split"] == other.manifest["split"]


def test_an_attribute_and_several_factors(tmp_path):
    run = made(tmp_path, ["who.group"])
    assert {len(splits) for splits in places(run, "who").values()} == {1}
    assert sorted(places(run, "who")) == [("abe",), ("ann",), ("bea",), ("bob",)]
    # With two levels there is nothing to choose; what was reached is said.
    assert {name: split["reached"] for name, split in run.manifest["split"]["splits"].items()} == {
        "train": 0.5,
        "test": 0.5,
    }
    with pytest.raises(RunError, match="fall into 1 groups that stay together by template, city"):
        made(tmp_path / "both", ["template", "city"])


def test_families_are_whole_with_a_factor_that_varies_inside(tmp_path):
    run = made(tmp_path, ["template", "family"], within=("who",))
    assert {len(splits) for splits in places(run, "family").values()} == {1}
    assert {len(splits) for splits in places(run, "template").values()} == {1}


@pytest.mark.parametrize(
    ("together", "message"),
    [
        (["templat"], "export.split.together[0]: there is no factor 'templat'; did you mean 'template'?"),
        (["who.grup"], "export.split.together[0]: factor 'who' has no attribute 'grup'; did you mean 'group'?"),
        (["who.group"], "export.split.together[0]: 'who.group' has 2 levels, which cannot be shared among 3 splits"),
    ],
)
def test_what_cannot_be_is_said_before_the_work(tmp_path, together, message):
    with pytest.raises(RecipeError) as caught:
        made(tmp_path, together, split={"train": 0.5, "dev": 0.25, "test": 0.25})
    assert message in str(caught.value)


def test_shares_are_checked():
    for split, message in (
        ({"train": "0.5"}, "export.split.train: is a share in quotes, got '0.5'; write train = 0.5"),
        ({"train": 0.5, "test": 0.4}, "export.split: the shares must sum to 1, got 0.9"),
        ({"together": "template", "train": 1.0}, "export.split.together: must be an array, got the string 'template'"),
    ):
        with pytest.raises(RecipeError) as caught:
            fl.Recipe.from_data({**recipe([]), "export": {"split": split}}, Path())
        assert message in str(caught.value)
