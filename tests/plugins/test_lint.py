"""The lint metrics: articles against real corpora and tricky words, and the share of one level."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom_lint
from fairloom.components import Measurement, Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.sounds import begins_with_vowel_sound
from fairloom.task import Task

METRICS = {metric.name: metric for metric in fairloom_lint.fairloom_metrics()}


def measure(name: str, columns: dict[str, Any], factors: dict[str, Factor] | None = None, **config: Any) -> Measurement:
    """Build the metric as the core does, show it the rows in two batches, and ask it."""
    metric = METRICS[name]
    tools = Tools(task=Task(), factors=factors or {}, draws=Draws(1), open_path=Path)
    built = metric.build(metric.config(**config), tools)
    rows = pa.RecordBatch.from_pydict(columns)
    half = rows.num_rows // 2
    built.observe(rows.slice(0, half))
    built.observe(rows.slice(half))
    return built.result()


def articles(*texts: str | None, **config: Any) -> Measurement:
    return measure("articles", {"text": pa.array(texts, pa.string())}, **config)


@pytest.mark.parametrize(
    "phrase",
    [
        *("a union", "a unanimous vote", "a user", "a US citizen", "a UN envoy", "a European", "a euro", "a one-off"),
        *("a once-great club", "a ewe", "a ukulele", "a utility", "a ubiquitous app", "a urologist", "a Ugandan"),
        *(
            "a unique pin",
            "a unilateral step",
            "a NATO base",
            "a year",
            "a U-turn",
            "a B2B shop",
            "a 7",
            "a 1",
            "a 100",
        ),
        *(
            "an hour",
            "an honest man",
            "an heir",
            "an honour",
            "an umbrella",
            "an uninvited guest",
            "an unimportant bill",
        ),
        *("an unidentified payer", "an usher", "an urn", "an FBI agent", "an MRI scan", "an SMS", "an html page"),
        *("an X-ray", "an f-word", "an M1 chip", "an mp3", "an 8", "an 80-year-old", "an 11th hour", "an $18 fee"),
        *(
            "an 11,000 limit",
            "an €800 refund",
            "an HIV/AIDS clinic",
            "an Yves",
            "an éclair",
            "an ATM",
            "an oneiric image",
        ),
        # Both are heard, or the reading is unknown: no judgement.
        *("a historic day", "an historic day", "a herb", "an herb", "a SQL query", "an SQL query", "a 1100s castle"),
        # Not articles at all.
        *("vitamin A is good", "from A in the list to B", "plan A or plan B", "type a is fine"),
    ],
)
def test_right_articles_raise_no_alarm(phrase: str) -> None:
    assert articles(phrase).value == 0, phrase


@pytest.mark.parametrize(
    "phrase",
    [
        *(
            "a hour",
            "a honest man",
            "a apple",
            "a umbrella",
            "a FBI agent",
            "a MRI scan",
            "a 8",
            "a 18-year-old",
            "a X-ray",
        ),
        *("an union", "an university", "an European", "an US citizen", "an one-off", "an cat", "an 7", "an NATO base"),
        *("A elderly man", "He left. A old man", '"A idea"', 'a "apple"', "such a (awful) day", "a unimportant bill"),
    ],
)
def test_wrong_articles_are_found(phrase: str) -> None:
    assert articles(phrase).value == 1, phrase


def test_a_row_with_two_faults_is_one_row() -> None:
    found = articles("a apple and an pear", "a pear", None, "", "an", "a apple a egg")
    assert (found.value, found.n) == (2, 6)
    assert found.values == {"a": 2, "an": 1}
    assert found.detail["faults"] == {"a apple": 2, "a egg": 1, "an pear": 1}


def test_a_missing_field_is_not_computed() -> None:
    found = articles("a apple", field="question")
    assert found.value is None
    assert "question" in str(found.why)


def test_faults_are_counted_by_group() -> None:
    labels = pa.array(["toxic", "toxic", "fine", "fine"]).dictionary_encode()
    texts = pa.array(["a idiot", "a idiot", "a idea", "a book"])
    found = measure("articles", {"text": texts, "label": labels}, by="label")
    assert found.detail["by"] == {"fine": {"wrong": 1, "rows": 2}, "toxic": {"wrong": 2, "rows": 2}}
    assert found.values["gap"] == 0.5


def test_an_axis_the_rows_lack_is_not_computed() -> None:
    assert articles("a apple", by="person.age").value is None
    assert measure("share", {"text": ["x"]}, axis="person").value is None


@given(st.lists(st.text(max_size=12)).map(" ".join))
@settings(max_examples=60, deadline=None)
def test_any_text_is_judged(text: str) -> None:
    assert articles(text, text).value in (0, 2)


@given(st.text(min_size=1, max_size=8))
@settings(max_examples=60, deadline=None)
def test_a_word_takes_one_article_or_both(word: str) -> None:
    assert begins_with_vowel_sound(word) in (True, False, None)


def test_jigsaw_has_11635_wrong_articles_and_most_are_toxic(shared: Path) -> None:
    rows = _read(shared / "worked-jigsaw-madlibs" / "madlibs.csv", ",")
    columns = {"text": rows["phrase"], "template.toxicity": rows["toxicity"]}
    found = measure("articles", columns, by="template.toxicity")
    assert found.value == 11_635
    assert {name: group["wrong"] for name, group in found.detail["by"].items()} == {"toxic": 6_981, "nontoxic": 4_654}


def test_jigsaw_is_94_percent_one_pattern(shared: Path) -> None:
    rows = _read(shared / "worked-jigsaw-madlibs" / "madlibs.csv", ",")
    found = measure("share", {"template": rows["template"]}, axis="template")
    assert found.value == 72_000 / 76_564
    assert found.detail["name_adj"] == 72_000


def test_winogender_has_no_wrong_article(shared: Path) -> None:
    rows = _read(shared / "worked-winogender" / "all_sentences.tsv", "\t")
    assert articles(*rows["sentence"]).value == 0


def test_becpro_has_378_wrong_articles(shared: Path) -> None:
    rows = _read(shared / "worked-becpro-en" / "BEC-Pro_EN.tsv", "\t")
    assert articles(*rows["Sentence"]).value == 378


def test_an_attribute_that_is_not_shown_is_looked_up_by_its_level() -> None:
    table = pa.table({"name": ["Ana", "Ben", "Cy"], "gender": ["woman", "man", "man"]})
    person = Factor("person", "protected", table, ("Ana", "Ben", "Cy"))
    rows = {"person": pa.array(["Ana", "Cy", "Ben", None]).dictionary_encode()}
    found = measure("share", rows, {"person": person}, axis="person.gender")
    assert (found.value, found.detail) == (0.5, {"man": 2, "woman": 1})
    assert found.values == {"levels": 2}


def _read(path: Path, delimiter: str) -> dict[str, list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=delimiter))
    return {name: [row[name] for row in rows] for name in rows[0]}
