"""Every first-party component keeps the promises that fairloom asks of everybody's.

Components are found, not listed. What is listed is their settings, where there must be some: a new component with a
required key fails here until it has an entry.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from fairloom.batch import NAMES
from fairloom.components import Component, Generator, Goal, Search, Tools
from fairloom.draws import Draws
from fairloom.edits import EDITS, Edits, LabelRule
from fairloom.factors import Factor, order_table
from fairloom.models import Answer, Failure, Outcome, Request
from fairloom.plugging.installed import installed
from fairloom.plugging.plugins import Plugins
from fairloom.predictors import Prediction
from fairloom.reading.keys import keys
from fairloom.testing import briefs_of, component_checks, sample_rows, sample_tools
from fairloom.testing.case import make
from fairloom_adversarial.goals import Wrong
from fairloom_adversarial.searches import Greedy

TEMPLATES = {
    "lost": "{{ person.given }} lost {{ person.their }} card in {{ city }}.",
    "broke": "{% if label == 'card_lost' %}Lost{% else %}Broken{% endif %}: {{ person.given }}, {{ city }}",
}

FILES = Path(__file__).with_name("files")

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "adversarial.accuracy": {"model": "first"},
    "adversarial.band": {"model": "first", "margin": [-0.5, 0.9]},
    "adversarial.boundary": {"model": "first", "candidates": 3},
    "adversarial.similar": {"model": "first", "edits": ["any.capital"], "on_failure": "keep"},
    "adversarial.target": {"label": "card_lost"},
    "adversarial.transfer": {"model": "second"},
    "counterfactual.consistency": {"model": "first"},
    "counterfactual.verified": {"verifiers": ["first", "second"]},
    "predict.behaviour": {"model": "first"},
    "predict.http": {"url": "http://localhost", "labels": ["card_lost", "card_broken"]},
    "predict.sklearn": {"train": ["real"]},
    "predict.transformers": {"model": "any", "revision": "main"},
    "choice.options": {"correct": "right", "options": ["text", "other"], "separate": True},
    "text.length": {"words": {"min": 5, "max": 7}},
    "text.pattern": {"must_not": [r"\bOslo\b"]},
    "balance.gap": {"over": ["label", "person.gender"]},
    "balance.association": {"between": ["label", "person.gender"]},
    "compare.joint": {"against": "real", "over": ["label", "person.gender"], "resolution": 9.0},
    "compare.label_shares": {"against": "real"},
    "compare.lengths": {"against": "real", "resolution": 9.0},  # few rows, and still a value
    "compare.psi": {"against": "real", "resolution": 9.0},
    "compare.vocabulary": {"against": "real", "least": 1},
    "design.profile": {"from": "profile.json", "axes": {"person.gender": "sex"}},
    "design.proportions": {"shares": {"person.gender": {"female": 0.4}}},
    "design.raked": {"margins": [{"axes": ["person.gender"], "counts": {"female": 2, "male": 3}}]},
    "design.replay": {"from": "levels.csv"},
    "design.weighted": {"weights": {"person.gender": {"female": 2}}},
    "edits.antonym": {"verifier": "judge"},
    "edits.entity": {"factor": "person", "same": ["origin"]},
    "edits.negation": {"verifier": "judge"},
    "edits.number": {"verifier": "judge"},
    "edits.quantifier": {"verifier": "judge"},
    "grammar.sentences": {"rules": {"s": ["{{ n }} sleeps"], "n": ["Ann", "李娜"]}},
    "lint.share": {"axis": "person.origin"},
    "llm.agreement": {"model": "fake", "votes": 3},
    "llm.chat": {"model": "fake", "turns": 3},
    "llm.counterfactual": {"model": "fake", "verifiers": ["fake"], "share": 1.0, "candidates": 2},
    "llm.judge": {"model": "fake"},
    "llm.local": {"call": "./model.py:answer"},
    "llm.novel": {"seeds": "real", "threshold": 0.3},
    "llm.numbered": {"count": 12},
    "llm.openai": {"base_url": "http://127.0.0.1:8080/v1", "model": "tiny"},
    "llm.paraphrase": {"model": "fake", "keep": "original"},
    "llm.self_instruct": {"model": "fake", "seeds": "real"},
    "llm.templates": {"model": "fake", "slots": ["person.given", "city"]},
    "llm.text": {"model": "fake", "seeds": "real", "shots": 2},
    "read.csv": {"path": "rows.csv"},
    "read.bio": {"path": "rows.bio"},
    "read.jsonl": {"path": "rows.jsonl"},
    "read.parquet": {"path": "rows.parquet"},
    "read.snips": {"path": "rows.snips.json"},
    "values.integer": {"min": 5, "max": 900, "step": 5},
    "values.decimal": {"min": -1.5, "max": 99.95},
    "values.amount": {"min": -1.5, "max": 99999.95, "locale": "pl"},
    "values.date": {"min": "2024-02-27", "max": "2025-03-01", "format": "%A %-d %B %Y"},
}


def with_templates() -> Tools:
    """The sample tools with a factor of templates, one of them with logic."""
    table = pa.table({"template": list(TEMPLATES), "text": list(TEMPLATES.values())})
    tools = sample_tools()
    template = Factor("template", "surface", table, tuple(TEMPLATES))
    return attrs.evolve(tools, factors={**tools.factors, "template": template})


def briefs_with_templates() -> pa.RecordBatch:
    """The sample briefs, the templates in turn."""
    briefs = briefs_of(sample_rows(), ("text",))
    names = pa.array([list(TEMPLATES)[number // 3 % 2] for number in range(briefs.num_rows)])
    return briefs.append_column("template", names.dictionary_encode().cast(NAMES))


def with_files() -> Tools:
    """The sample tools, which open the files beside this one."""
    return sample_tools(FILES)


def with_families() -> Tools:
    """The sample tools with the person varying inside families."""
    tools = sample_tools()
    person = attrs.evolve(tools.factors["person"], within=True)
    return attrs.evolve(tools, factors={**tools.factors, "person": person})


def with_order() -> Tools:
    """The sample tools with a factor of the orders of two options."""
    tools = sample_tools()
    table = order_table(["text", "other"])
    order = Factor("order", "nuisance", table, tuple(table["name"].to_pylist()))
    return attrs.evolve(tools, factors={**tools.factors, "order": order})


class FakeModel:
    """Says what fits the question, differently for every question."""

    name = "fake"

    def ask(self, requests: Sequence[Request]) -> list[Outcome]:
        return [self._said(request) for request in requests]

    def _said(self, request: Request) -> Outcome:
        asked = repr((request.messages, request.attempt))
        word = hashlib.sha256(asked.encode()).hexdigest()[:8]
        if request.choices:
            return Answer(text=request.choices[int(word, 16) % len(request.choices)])
        if int(word, 16) % 11 == 0:
            return Failure(kind="refused", message="no")
        slots = [mark for mark in ("[person.given]", "[city]") if f"{mark}," in asked]
        marks = slots or [mark for mark in ("[1]", "[2]", "[3]") if mark in asked]
        return Answer(text=f"{word} {' and '.join(marks)}.")


def with_model() -> Tools:
    """The sample tools with templates and a model."""
    return attrs.evolve(with_templates(), models={"fake": FakeModel()})


@attrs.frozen
class Guesses:
    """A predictor that looks at a letter."""

    name: str
    letter: str

    def predict(self, texts: Any) -> Prediction:
        """The label, by the letter."""
        share = pc.fill_null(pc.count_substring(texts, self.letter), 0).to_numpy(zero_copy_only=False)
        lost = 1 / (1.5 + share)
        return Prediction(("card_lost", "card_broken"), np.stack([lost, 1 - lost], axis=1))


@attrs.frozen
class Capital:
    """A perturbation that sets the first letter again."""

    label: LabelRule

    def propose(self, rows: pa.RecordBatch, field: str, draws: Draws) -> Edits:
        """An e at the start of some texts."""
        texts = pc.fill_null(rows.column(field), "")
        some = pc.greater(pc.utf8_length(texts), 0).to_numpy(zero_copy_only=False)
        at = np.flatnonzero(some & (draws.below(2, rows.column("address").to_numpy()) > 0))
        return Edits.of(at, at * 0, at * 0 + 1, ["e"] * at.size, "capital")


def with_predictors() -> Tools:
    """The sample tools with two predictors and a perturbation."""
    predictors = {"first": Guesses("first", "e"), "second": Guesses("second", "o")}
    made = {Generator: Capital(LabelRule()), Goal: Wrong(), Search: Greedy()}
    return attrs.evolve(sample_tools(), predictors=predictors, make=lambda kind, *_: made[kind])


def rows_attacked() -> pa.RecordBatch:
    """The sample rows as a search left them."""
    rows = sample_rows()
    size = range(rows.num_rows)
    edits = [[{"start": 0, "end": 1, "old": "x", "new": "e", "rule": "capital"}] for _ in size]
    columns = {
        "attack": pa.array([("found", "failed", "already", None)[number % 4] for number in size]),
        "attack.queries": pa.array([number % 7 for number in size], pa.int32()),
        "attack.original": pa.array([f"x {number}" for number in size]),
        "text.edits": pa.array(edits, EDITS),
    }
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    return rows


def rows_with_options() -> pa.RecordBatch:
    """The sample rows with a second option, some of them equal to the first, and the right one."""
    rows = sample_rows()
    size = range(rows.num_rows)
    other = [rows["text"][number].as_py() if number % 7 == 0 else f"no {number}" for number in size]
    orders = pa.array([["text-other", "other-text"][number % 2] for number in size])
    columns = {"other": pa.array(other), "right": pa.array([["other", "text"][number % 3 > 0] for number in size])}
    columns["order"] = orders.dictionary_encode().cast(NAMES)
    for name, column in columns.items():
        rows = rows.append_column(name, column)
    return rows


def with_judge() -> Tools:
    """The sample tools of a step that a filter follows."""
    return attrs.evolve(sample_tools(), judges=("judge",))


def with_labels() -> Tools:
    """The files, and no factor but the label: designs that are lists plan as many rows as they hold."""
    tools = with_files()
    return attrs.evolve(tools, factors={"label": tools.factors["label"]})


ROWS: dict[str, pa.RecordBatch] = {
    "adversarial.omit": sample_rows(),
    "adversarial.similar": sample_rows(),
    "adversarial.success": rows_attacked(),
    "adversarial.transfer": rows_attacked(),
    "choice.options": rows_with_options(),
    "llm.counterfactual": sample_rows(),
    "llm.paraphrase": sample_rows(),
    "lint.surface": rows_attacked(),
    "llm.templates": briefs_with_templates(),
    "template.template": briefs_with_templates(),
}
TOOLS: Mapping[str, Callable[[], Tools]] = {
    "adversarial.accuracy": with_predictors,
    "adversarial.band": with_predictors,
    "adversarial.boundary": with_predictors,
    "adversarial.similar": with_predictors,
    "adversarial.transfer": with_predictors,
    "counterfactual.consistency": with_predictors,
    "counterfactual.verified": with_predictors,
    "balance.minimal_pairs": with_families,
    "choice.options": with_order,
    "design.profile": with_files,
    "design.replay": with_labels,
    "design.zip": with_labels,
    **{f"edits.{name}": with_judge for name in ("antonym", "negation", "number", "quantifier")},
    "predict.behaviour": with_predictors,
    "template.template": with_templates,
    **dict.fromkeys(
        (use for use in SETTINGS if use.startswith("llm.") and use not in ("llm.local", "llm.openai")), with_model
    ),
}


def components() -> dict[str, Component]:
    """Every component that this distribution offers, by the name a recipe uses."""
    plugins = Plugins()
    return {
        f"{claim.name}.{component.name}": component
        for claim in installed()
        if claim.distribution == "fairloom"
        for component in plugins.load(claim.name).components.values()
    }


COMPONENTS = components()
ROWS.update({use: sample_rows() for use in COMPONENTS if use.startswith("edits.")})  # they change rows that exist
ROWS["edits.amount"] = rows_attacked()


def checks() -> Iterator[Any]:
    """One parameter per component and check."""
    for use, component in COMPONENTS.items():
        tools = with_files if component.kind == "reader" else TOOLS.get(use)
        for check in component_checks(use, SETTINGS.get(use), rows=ROWS.get(use), tools=tools):
            yield pytest.param(check, id=f"{use}-{check.name}")


@pytest.mark.parametrize("check", list(checks()))
def test_component(check: Callable[[], None]) -> None:
    check()


@pytest.mark.parametrize("use", list(COMPONENTS))
def test_what_must_be_set_is_set_here(use: str) -> None:
    """Without this, the checks of a new component would fail one by one and say less."""
    required = {name for name, field in keys(COMPONENTS[use].config).items() if field.default is attrs.NOTHING}
    missing = required - set(SETTINGS.get(use, {}))
    assert not missing, f"give {use} an entry in SETTINGS with {', '.join(sorted(missing))}"


def test_every_entry_belongs_to_a_component() -> None:
    assert {*SETTINGS, *ROWS, *TOOLS} <= set(COMPONENTS)


def test_the_reference_rows_are_enough_to_measure() -> None:
    """A metric that says "not computed" would pass its checks without being tried."""
    for use, component in COMPONENTS.items():
        if component.kind == "metric":
            case = make(use, SETTINGS.get(use, {}), ROWS.get(use), TOOLS.get(use))
            (found,) = case.answer()
            assert found["value"] is not None, f"{use}: {found['why']}"
