"""Labels recomputed by rule: what rules say, what rows get, and what is refused."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom as fl
from fairloom.problems import RecipeError
from fairloom.weaving.prepare import prepare

TEXT = "The {{ thing }} {{ negated.was }} {{ mood }} on {{ day }}."


def data(*relabel: dict[str, Any], labels: tuple[str, ...] = ("good", "bad"), rows: int = 240) -> dict[str, Any]:
    return {
        "recipe": {"name": "relabelled", "seed": 3, "rows": rows},
        "task": {"labels": {name: {"definition": f"it is {name}"} for name in labels}, "relabel": list(relabel)},
        "factors": {
            "negated": {"key": "name", "values": [{"name": "no", "was": "was"}, {"name": "yes", "was": "was not"}]},
            "tense": {"values": ["past", "present"]},
            "thing": {"values": ["card", "key", "coat", "book", "ring"]},
            "day": {"values": ["Monday", "Tuesday", "Wednesday"]},
            "mood": {
                "key": "word",
                "match": {"label": "label"},
                "values": [{"word": f"{name}-{n}", "label": name} for name in labels for n in range(4)],
            },
            "template": {
                "key": "name",
                "values": [{"name": "one", "text": TEXT + "{% if tense == 'past' %}{% endif %}"}],
            },
        },
        "design": {"cross": ["label"], "within": ["negated", "tense"], "independent": [["label", "thing"]]},
        "step": [{"generate": "template"}],
        "gate": [{"metric": "balance.gap", "over": ["label"], "max": 10_000}],
    }


def recipe(*relabel: dict[str, Any], **more: Any) -> fl.Recipe:
    return fl.Recipe.from_data(data(*relabel, **more), Path())


def refused(*relabel: dict[str, Any], **more: Any) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        prepare(recipe(*relabel, **more))
    return str(caught.value).splitlines()


FLIP = {"when": 'negated.name == "yes"', "flip": True}


def test_the_label_turns_and_the_rest_goes_by_the_planned_one(tmp_path: Path) -> None:
    run = recipe(FLIP).run(tmp_path / "run")
    assert run.status == "passed"
    for row in run.table.to_pylist():
        planned = row["label.planned"]
        assert (row["label"] == planned) == (row["negated"] == "no")
        assert row["mood"].startswith(planned)
    counted = Counter(zip(run.table["label"].to_pylist(), run.table["negated"].to_pylist(), strict=True))
    assert set(counted.values()) == {60}


def test_the_certificate_shows_the_recomputed_labels_planned_and_reached(tmp_path: Path) -> None:
    run = recipe({"when": 'negated == "yes"', "to": "bad"}).run(tmp_path / "run")
    reached = next(axis for axis in run.certificate["axes"] if axis["axis"] == "label")
    planned = next(axis for axis in run.certificate["design"]["axes"] if axis["axis"] == "label")
    assert reached["counts"] == planned["counts"] == [60, 180]


def test_the_first_rule_that_applies_counts(tmp_path: Path) -> None:
    rules = ({"when": 'tense == "present"', "to": "open"}, {"when": 'negated == "yes"', "map": {"good": "bad"}})
    run = recipe(*rules, labels=("good", "bad", "open")).run(tmp_path / "run")
    for row in run.table.to_pylist():
        planned = row["label.planned"]
        negated = "bad" if planned == "good" else planned
        wanted = "open" if row["tense"] == "present" else negated if row["negated"] == "yes" else planned
        assert row["label"] == wanted


def test_a_condition_may_ask_for_the_planned_label(tmp_path: Path) -> None:
    run = recipe({"when": 'label == "good" and negated == "yes"', "to": "bad"}).run(tmp_path / "run")
    assert {row["label"] for row in run.table.to_pylist() if row["label.planned"] == "bad"} == {"bad"}


def test_without_rules_there_is_no_further_column(tmp_path: Path) -> None:
    assert "label.planned" not in recipe().run(tmp_path / "run").table.column_names


def test_a_label_may_come_from_rules_alone(tmp_path: Path) -> None:
    made = data({"when": 'tense == "present"', "to": "open"}, labels=("open", "good", "bad"))
    made["task"]["labels"]["open"]["planned"] = False
    made["factors"]["mood"]["values"] = [v for v in made["factors"]["mood"]["values"] if v["label"] != "open"]
    run = fl.Recipe.from_data(made, Path()).run(tmp_path / "run")
    assert Counter(run.table["label"].to_pylist()) == {"open": 120, "good": 60, "bad": 60}
    assert Counter(run.table["label.planned"].to_pylist()) == {"good": 120, "bad": 120}
    assert all(row["mood"].startswith(row["label.planned"]) for row in run.table.to_pylist())


def test_the_plan_says_what_comes_out_uneven_and_what_does_nothing() -> None:
    loom = prepare(
        recipe({"when": 'negated == "yes"', "to": "bad"}, {"when": 'label == "good" and label == "bad"', "flip": True})
    )
    notes = "\n".join(loom.summary.notes)
    assert "as [[task.relabel]] recomputes them, the labels are not even: good 60, bad 180" in notes
    assert "no planned row meets the rule of [[task.relabel]]" in notes
    assert not prepare(recipe(FLIP)).summary.notes


@settings(max_examples=25, deadline=None)
@given(
    labels=st.integers(2, 4),
    rules=st.lists(
        st.tuples(
            st.sampled_from(['negated == "yes"', 'tense != "past"', 'thing in ["card", "coat"]', 'label == "l1"']),
            st.dictionaries(st.integers(0, 3), st.integers(0, 3), min_size=1, max_size=3),
        ),
        min_size=1,
        max_size=3,
    ),
)
def test_labels_are_those_of_a_row_by_row_reference(labels: int, rules: list[tuple[str, dict[int, int]]]) -> None:
    names = tuple(f"l{number}" for number in range(labels))
    maps = [{names[a % labels]: names[b % labels] for a, b in each.items()} for _, each in rules]
    tables = [{"when": when, "map": mapping} for (when, _), mapping in zip(rules, maps, strict=True)]
    loom = prepare(recipe(*tables, labels=names, rows=48 * labels))
    table = loom.weaver().weave(*_all(loom)).rows()
    tests = {
        'negated == "yes"': lambda row: row["negated"] == "yes",
        'tense != "past"': lambda row: row["tense"] != "past",
        'thing in ["card", "coat"]': lambda row: row["thing"] in {"card", "coat"},
        'label == "l1"': lambda row: row["label.planned"] == "l1",
    }
    for row in table.to_pylist():
        rule = next((mapping for (when, _), mapping in zip(rules, maps, strict=True) if tests[when](row)), {})
        assert row["label"] == rule.get(row["label.planned"], row["label.planned"])


def _all(loom: Any) -> tuple[Any, Any]:
    families = np.arange(loom.plan.families, dtype=np.int64)
    return families, np.zeros_like(families)


def test_every_fault_is_said_at_once() -> None:
    with pytest.raises(RecipeError) as caught:
        recipe(
            {"when": 'negated == "yes"', "to": "goood"},
            {"when": 'negated == "yes"', "map": {"god": "bad", "bad": "worse"}},
            {"when": 'negated == "yes"', "flip": True},
            {"when": 'negatd == "yes"', "to": "good"},
            labels=("good", "bad", "open"),
        )
    said = str(caught.value).splitlines()
    assert [line.split(":")[0] for line in said] == [
        "task.relabel[0].to",
        "task.relabel[1].map.bad",
        "task.relabel[1].map.god",
        "task.relabel[2].flip",
        "task.relabel[3].when",
    ]
    assert "did you mean 'good'?" in said[0]
    assert "flip takes exactly two labels, the task has 3" in said[3]
    assert "did you mean 'negated'?" in said[4]


def test_a_rule_says_one_thing() -> None:
    with pytest.raises(RecipeError, match="exactly one of map, to and flip, got map and to"):
        recipe({"when": 'negated == "yes"', "to": "good", "map": {"good": "bad"}})
    with pytest.raises(RecipeError, match="exactly one of map, to and flip, got none of them"):
        recipe({"when": 'negated == "yes"'})


def test_an_attribute_that_is_none() -> None:
    (said,) = refused({"when": 'negated.nam == "yes"', "flip": True})
    assert "task.relabel[0].when" in said
    assert "factor 'negated' has no column 'nam'; did you mean 'name'?" in said


def test_a_label_nobody_gives() -> None:
    made = data(FLIP, labels=("good", "bad"))
    made["task"]["labels"]["open"] = {"definition": "open", "planned": False}
    made["task"]["relabel"] = [{"when": 'negated == "yes"', "to": "bad"}]
    with pytest.raises(RecipeError, match=r"task\.labels\.open: no rule of \[\[task\.relabel\]\] gives this label"):
        fl.Recipe.from_data(made, Path())


def test_a_rejected_candidate_shows_its_recomputed_label(tmp_path: Path) -> None:
    made = data(FLIP)
    made["step"].append({"filter": "text.pattern", "must_not": ["was not .* on Monday"]})
    made["design"]["attempts"] = 200
    run = fl.Recipe.from_data(made, Path()).run(tmp_path / "run")
    lost = pq.read_table(run.path / "rejected").to_pylist()
    assert lost
    assert all((row["label"] == row["label.planned"]) == (row["negated"] == "no") for row in lost)
    assert set(Counter(run.table["label"].to_pylist()).values()) == {120}
