"""`permute` and `choice.options`: options in their designed order, the right one recorded, ambiguous rows refused."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom as fl
from fairloom.cli import main
from fairloom.factors import order_table
from fairloom.problems import PluginError, RecipeError

ONE = ["a tall oak", "a small pine", "a red maple", "a grey birch"]
TWO = ["a blue boat", "a green canoe", "a red maple", "a white ferry"]


def data(**more: Any) -> dict[str, Any]:
    """A question of three options; some draws make two of them read the same."""
    return {
        "recipe": {"name": "asked", "seed": 8, "rows": 288},
        "task": {
            "kind": "choice",
            "fields": ["question"],
            "labels": {
                "one": {"definition": "the first"},
                "two": {"definition": "the second"},
                "none": {"definition": "no"},
            },
        },
        "factors": {
            "first": {"values": ONE},
            "second": {"values": TWO},
            "order": {"permute": ["one", "two", "none"]},
            "template": {"values": [{"name": "q", "question": "{{ first }} or {{ second }}?"}]},
        },
        "design": {"cross": ["label"], "independent": [["label", "order"]]},
        "step": [
            {"generate": "template", "columns": {"one": "{{ first }}", "two": "{{ second }}", "none": "neither"}},
            {"generate": "choice.options", **more},
        ],
        "gate": [{"metric": "balance.gap", "over": ["label", "answer"], "max": 0}],
        "export": {"formats": ["write.csv", "write.jsonl"]},
    }


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> fl.Run:
    return fl.Recipe.from_data(data(separate=True), Path()).run(tmp_path_factory.mktemp("asked") / "run")


def test_the_answer_is_the_place_of_the_right_option(run: fl.Run) -> None:
    assert run.status == "passed"
    for row in run.table.to_pylist():
        assert row["options"][row["answer"]] == row[row["label"]]
        assert row["options"] == [row[option] for option in row["order"].split("-")]
        assert row["options"] == [row[f"option_{place}"] for place in range(3)]


def test_every_place_is_right_equally_often_under_every_label(run: fl.Run) -> None:
    places = Counter(zip(run.table["label"].to_pylist(), run.table["answer"].to_pylist(), strict=True))
    assert set(places.values()) == {32}


def test_options_that_read_the_same_make_no_row(run: fl.Run) -> None:
    assert all(len(set(row["options"])) == 3 for row in run.table.to_pylist())
    lost = pq.read_table(run.path / "rejected").to_pylist()
    assert {row["reason"] for row in lost} == {"options one and two read the same"}


def test_lists_come_through_every_output(run: fl.Run) -> None:
    first = run.table.slice(0, 1).to_pylist()[0]
    lines = next(path for path in run.path.rglob("*.jsonl") if path.name != "log.jsonl")
    assert json.loads(lines.read_text("utf-8").splitlines()[0])["options"] == first["options"]
    table = next(run.path.rglob("*.csv")).read_text("utf-8")
    assert json.dumps(first["options"], ensure_ascii=False).replace('"', '""') in table
    croissant = json.loads((run.path / "croissant.json").read_text("utf-8"))
    (field,) = [f for f in croissant["recordSet"][0]["field"] if f["name"] == "options"]
    assert field["repeated"]
    assert field["dataType"] == "sc:Text"
    assert "options" in (run.path / "README.md").read_text("utf-8")
    assert main(["verify", str(run.path)]) == 0


@settings(max_examples=40, deadline=None)
@given(options=st.lists(st.sampled_from("abcdef"), min_size=2, max_size=5, unique=True))
def test_all_orders_stand_once_with_their_places(options: list[str]) -> None:
    table = order_table(options).to_pylist()
    assert [row["name"] for row in table] == ["-".join(order) for order in itertools.permutations(options)]
    assert all(row[name] == row["name"].split("-").index(name) for row in table for name in options)


def test_cyclic_orders_put_every_option_in_every_place_once() -> None:
    table = order_table([f"o{number}" for number in range(7)], cyclic=True).to_pylist()
    assert len(table) == 7
    for number in range(7):
        assert sorted(row[f"o{number}"] for row in table) == list(range(7))


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        ({"permute": ["a"]}, "factors.order.permute: an order takes two or more options, got 1"),
        (
            {"permute": list("abcdef")},
            'factors.order.permute: 6 options have 720 orders; at most 5 options; orders = "cyclic"',
        ),
        ({"permute": ["a", "name"]}, "no option can be called 'name'"),
        ({"permute": ["a", "a"]}, "holds 'a' twice"),
        ({"permute": ["a b", "c"]}, "'a b' is no usable name"),
        ({"permute": ["a", "b"], "values": [1]}, "exactly one of values, from, table, sample and permute"),
        ({"permute": ["a", "b"], "key": "a"}, "factors.order.key: speaks of a table, and permute makes its own"),
        ({"values": [1], "orders": "cyclic"}, "factors.order.orders: goes with permute"),
    ],
)
def test_orders_that_are_none(factor: dict[str, Any], said: str) -> None:
    made = data()
    made["factors"]["order"] = factor
    with pytest.raises(RecipeError) as caught:
        fl.Recipe.from_data(made, Path()).run("nowhere")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"order": "ordr"}, "there is no factor 'ordr' with the order of options; did you mean 'order'"),
        ({"order": "first"}, "a choice takes two or more options, got 0"),
        ({"options": ["one", "too"]}, "factor 'order' gives 'too' no place; did you mean 'two'"),
        ({"options": ["one", "two"]}, "do not hold every place from 0 once per level"),
        ({"correct": "first"}, "first may be 'a tall oak', which is no option"),
        ({"correct": "first.nam"}, "factor 'first' has no attribute 'nam'"),
    ],
)
def test_settings_that_cannot_be(more: dict[str, Any], said: str) -> None:
    with pytest.raises(RecipeError) as caught:
        fl.Recipe.from_data(data(**more), Path()).run("nowhere")
    assert said in str(caught.value)


def test_a_column_that_is_taken() -> None:
    made = data()
    made["factors"]["answer"] = {"values": ["x"]}
    with pytest.raises(RecipeError, match="the column 'answer' is to be written here, and is a factor too"):
        fl.Recipe.from_data(made, Path()).run("nowhere")


def test_the_right_option_may_be_an_attribute_or_a_column(tmp_path: Path) -> None:
    made = data(correct="first.right")
    made["factors"]["first"] = {
        "values": [{"name": name, "right": "two" if "t" in name else "one"} for name in ONE[:2]]
    }
    made["step"][0]["columns"]["right"] = "{{ first.right }}"
    made["gate"] = []
    by_attribute = fl.Recipe.from_data(made, Path()).run(tmp_path / "a").table.to_pylist()
    made["step"][1]["correct"] = "right"
    by_column = fl.Recipe.from_data(made, Path()).run(tmp_path / "b").table.to_pylist()
    assert [row["answer"] for row in by_attribute] == [row["answer"] for row in by_column]
    assert all(row["options"][row["answer"]] == row[row["right"]] for row in by_column)


def test_a_right_option_that_is_none_makes_no_row(tmp_path: Path) -> None:
    made = data(correct="right")
    made["step"][0]["columns"]["right"] = "{{ 'three' if first == 'a tall oak' else 'one' }}"
    made["gate"] = []
    run = fl.Recipe.from_data(made, Path()).run(tmp_path / "run")
    reasons = {row["reason"] for row in pq.read_table(run.path / "rejected").to_pylist()}
    assert "no option is right: right names none" in reasons


def test_a_missing_column_of_texts_is_named(tmp_path: Path) -> None:
    made = data()
    del made["step"][0]["columns"]["none"]
    with pytest.raises(PluginError, match="options names the column 'none', which no step before has written"):
        fl.Recipe.from_data(made, Path()).run(tmp_path / "run")


def test_a_choice_without_options_is_no_choice(tmp_path: Path) -> None:
    made = data()
    made["step"] = made["step"][:1]
    made["gate"] = []
    with pytest.raises(PluginError, match=r'no column \'options\'; task.kind = "choice" asks for options'):
        fl.Recipe.from_data(made, Path()).run(tmp_path / "run")


def test_the_order_is_used_though_no_template_names_it(run: fl.Run) -> None:
    assert run.table["order"].null_count == 0
    assert pa.types.is_list(run.table.schema.field("options").type)
