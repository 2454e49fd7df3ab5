"""The recipes under docs/recipes run, keep their promises, and show what the guides say they show."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.profiling import beside
from fairloom.profiling.valuetables import write_levels

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Any:
    recipe = fl.Recipe.load(RECIPES / "bank-intents" / "recipe.toml", profile="smoke")
    return recipe.run(tmp_path_factory.mktemp("bank") / "out")


def run(name: str, out: Path) -> Any:
    return fl.Recipe.load(RECIPES / name / "recipe.toml").run(out)


def failed(run: Any) -> list[str]:
    return [gate.name for gate in run.gates if gate.status != "passed"]


def test_minimal_has_every_combination_once(tmp_path: Path) -> None:
    made = run("minimal", tmp_path / "out")
    rows = made.table.to_pylist()
    assert failed(made) == []
    assert Counter((row["label"], row["person"], row["thing"]) for row in rows).most_common(1)[0][1] == 1
    assert len(rows) == 24


def test_minimal_is_what_the_tutorial_prints() -> None:
    tutorial = (RECIPES.parent / "tutorial" / "first-dataset.md").read_text(encoding="utf-8")
    lines = (RECIPES / "minimal" / "recipe.toml").read_text(encoding="utf-8").splitlines()
    recipe = [line for line in lines if not line.startswith("#")]
    assert len(recipe) == 10
    assert "\n".join(recipe) in tutorial


def test_the_local_filter_rejects_shouting_and_the_cells_stay_full(tmp_path: Path) -> None:
    made = run("local-filter", tmp_path / "out")
    assert failed(made) == []
    assert not any(row["template"].endswith("_loud") for row in made.table.to_pylist())
    rejected = pq.read_table(tmp_path / "out" / "rejected").to_pylist()
    assert rejected
    assert {row["reason"] for row in rejected} == {"shouting"}
    assert {row["template"] for row in rejected} == {"towels_loud", "noise_loud"}


def test_the_local_filter_in_the_guide_is_the_one_in_the_recipe() -> None:
    guide = (RECIPES.parent / "how-to" / "add-a-filter.md").read_text(encoding="utf-8")
    source = (RECIPES / "local-filter" / "my_filters.py").read_text(encoding="utf-8")
    assert source[source.index("import fairloom") :] in guide


def test_pairs_are_whole_and_differ_in_gender_alone(tmp_path: Path) -> None:
    made = run("pairs", tmp_path / "out")
    assert failed(made) == []
    families = defaultdict(list)
    for row in made.table.to_pylist():
        families[row["family"]].append(row)
    assert len(families) == 120
    for rows in families.values():
        assert sorted(row["gender"] for row in rows) == ["man", "nonbinary", "woman"]
        assert len({(row["label"], row["template"], row["field"], row["city"]) for row in rows}) == 1
        assert len({row["text"] for row in rows}) == 3


def test_bank_messages_pass_their_gates(bank: Any) -> None:
    assert failed(bank) == []


def test_bank_people_agree_with_their_forms(bank: Any) -> None:
    """Pronoun spans say what the gender of the row's person asks for."""
    forms = {"woman": {"she", "her", "hers", "herself"}, "man": {"he", "him", "his", "himself"}}
    seen = Counter[str]()
    for row in bank.table.to_pylist():
        gender = row["person.gender"]
        for span in row["text.spans"]:
            assert row["text"][span["start"] : span["end"]] == span["value"]
            if gender in forms and span["slot"].removeprefix("person.").startswith(("they", "them", "their")):
                assert span["value"].lower() in forms[gender], (row["text"], span)
                seen[gender] += 1
    assert min(seen["woman"], seen["man"]) > 100


def test_bank_compares_with_real_messages(shared: Path, tmp_path: Path) -> None:
    data = shared / "seed-banking77"
    overrides = [f"reference.banking77.path='{data / 'train.csv'}'", "recipe.rows=1_536"]
    recipe = fl.Recipe.load(RECIPES / "bank-intents" / "recipe-compare.toml", set=overrides, allow=[data])
    made = recipe.run(tmp_path / "out", allow=[data])
    gates = {gate.name: gate for gate in made.gates}
    assert made.manifest["status"] == "passed"  # the comparisons only warn
    shares = gates["compare.label_shares"]
    assert shares.values["n_reference"] == 10_003
    assert len(shares.detail["only_here"]) == 1  # spending_limit; the other seven intents are Banking77's too
    assert gates["compare.lengths"].values["mean_reference"] == pytest.approx(11.95, abs=0.01)
    assert (tmp_path / "out" / "report.html").read_text(encoding="utf-8").count("banking77") > 0


def test_a_reference_outside_the_folder_must_be_allowed(shared: Path, tmp_path: Path) -> None:
    path = shared / "seed-banking77" / "train.csv"
    with pytest.raises(fl.RecipeError, match=r"train\.csv"):
        fl.Recipe.load(
            RECIPES / "bank-intents" / "recipe-compare.toml", set=[f"reference.banking77.path='{path}'"]
        ).run(tmp_path / "out")


ADULT = [
    "age",
    "workclass",
    "fnlwgt",
    "education",
    "education_num",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "capital_gain",
    "capital_loss",
    "hours",
    "country",
    "income",
]


def test_adult_without_one_dependence(shared: Path, tmp_path: Path) -> None:
    """Profile, design, run: income says nothing about sex and race, and all else is as it was."""
    profile = fl.profile(
        shared / "seed-adult" / "adult.data",
        reader="read.csv",
        settings={"header": ADULT, "trim": True},
        axes={"label": "income", "sex": "sex", "race": "race", "occupation": "occupation"},
    )
    profile.write(tmp_path / "adult.json")
    write_levels(profile, tmp_path / "levels")
    text = (RECIPES / "adult-fair" / "recipe.toml").read_text(encoding="utf-8")
    for gone in ("education", "age", "hours"):
        text = text.replace(f'[factors.{gone}]\nfrom = "levels/{gone}.csv"\n', "").replace(f"{{{{ {gone} }}}}", "-")
    (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
    made = fl.Recipe.load(tmp_path / "recipe.toml", set=["recipe.rows=8_000"]).run(tmp_path / "out")
    gates = {gate.name: gate for gate in made.gates}
    assert failed(made) == ["income x sex beside the real rows"]
    assert gates["income x sex beside the real rows"].value == pytest.approx(0.0869, abs=0.001)
    found = beside.beside(profile, beside.other_profile(profile, tmp_path / "out", {}))
    pairs = {tuple(pair["axes"]): pair for pair in found["tables"]}
    certificate = {tuple(pair["axes"]): pair["v"] for pair in made.certificate["pairs"]}
    assert pairs["label", "sex"]["v"] == pytest.approx(0.216, abs=0.001)
    assert pairs["label", "sex"]["v_other"] == pytest.approx(certificate["label", "sex"])
    assert certificate["label", "sex"] < 0.002
    assert pairs["sex", "occupation"]["v_other"] == pytest.approx(pairs["sex", "occupation"]["v"], abs=0.002)
    assert max(axis["psi"] for axis in found["axes"]) < 0.001


def test_negation_turns_the_label_and_nothing_else(tmp_path: Path) -> None:
    made = run("negation-pairs", tmp_path / "out")
    assert failed(made) == []
    families = defaultdict(list)
    for row in made.table.to_pylist():
        families[row["family"]].append(row)
    assert len(families) == 240
    for plain, negated in families.values():
        assert {plain["label"], negated["label"]} == {"positive", "negative"}
        assert plain["label"] == plain["label.planned"] == negated["label.planned"]
        assert plain["text"] != negated["text"]
        assert plain["quality"] == negated["quality"]


def test_questions_have_their_right_answer_in_every_place(tmp_path: Path) -> None:
    """The answer is worked out anew, from the text alone."""
    made = run("questions", tmp_path / "out")
    assert failed(made) == []
    rows = made.table.to_pylist()
    for row in rows:
        right = row["options"][row["answer"]]
        told = row["context"].split(". ")[1:]
        if not told:
            assert right == row["unsure"]
            continue
        (sentence,) = told
        (did, did_not) = sentence.removesuffix(".").split(", and the ")
        asked = row["question"].removeprefix("Who ").removesuffix("?")
        who = did.removeprefix("The ") if asked in did else did_not
        assert (asked in did) != (asked in did_not) or "seat" in asked
        assert who.startswith(right.removeprefix("The ")) or "seat" in asked
    for kind in ("open", "clear"):
        places = Counter(row["answer"] for row in rows if row["context_kind"] == kind)
        assert set(places.values()) == {192}
    members = Counter(row["family"] for row in rows)
    assert set(members.values()) == {8}
    splits = [set(made.split(name)["template"].to_pylist()) for name in ("train", "test")]
    assert not splits[0] & splits[1]


def test_people_come_from_the_lists_and_agree_with_their_forms(tmp_path: Path) -> None:
    made = run("people", tmp_path / "out")
    assert failed(made) == []
    rows = made.table.to_pylist()
    assert set(Counter((row["person.gender"], row["person.origin"]) for row in rows).values()) == {20}
    assert {row["city.region"] for row in rows} == {"europe"}
    assert {record["table"] for record in made.manifest["tables"]} == {
        f"entities.{name}" for name in ("people", "occupations", "cities", "products", "organisations")
    }
    for row in rows:
        assert (") says " in row["text"]) == row["template"].endswith("_says"), "a name takes the singular"
        if row["template"].endswith("_asks"):
            form = "(?:are|have)" if row["person.they"] == "they" else "(?:is|has)"
            assert re.search(rf": {row['person.they']} {form} ", row["text"]), "a pronoun takes its own form"
        for span in row["text.spans"]:
            assert row["text"][span["start"] : span["end"]] == span["value"]
