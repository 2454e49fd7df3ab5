"""Verifiers: predictors that vote on labels, and never those that write the rows or are attacked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.problems import RecipeError
from fairloom.weaving.prepare import prepare

SMALL = Path(__file__).with_name("small")
FLIP = {"generate": "edits.number_form", "label": "CHK", "verifier": "check", "unedited": "keep"}
ATTACK: dict[str, Any] = {
    "generate": "adversarial.similar",
    "model": "spam",
    "edits": [{"use": "./parts.py:typo"}],
    "on_failure": "keep",
}


def recipe(*steps: dict[str, Any], **tables: Any) -> fl.Recipe:
    """The small recipe with further steps."""
    data = dict(fl.Recipe.load(SMALL / "recipe.toml").resolved)
    data["step"] = [*data["step"], *steps]
    data["predictors"] = {**data["predictors"], "twin": {"use": "./parts.py:spam"}}
    return fl.Recipe.from_data({**data, **tables}, SMALL)


def verified(*models: str, **more: Any) -> dict[str, Any]:
    """A step in which these models vote."""
    return {"name": "check", "filter": "counterfactual.verified", "verifiers": list(models), **more}


def test_rows_stand_where_enough_models_name_their_label(tmp_path: Path) -> None:
    design = {"cross": ["label", "group"], "attempts": 60}
    both = recipe(verified("spam", "other"), design=design).run(tmp_path / "both")
    any_of = recipe(verified("spam", "other", votes=1), design=design).run(tmp_path / "any")
    things = [set(run.table["thing"].to_pylist()) for run in (both, any_of)]
    assert [each & {"p2", "h3"} for each in things] == [set(), {"h3"}]  # nobody finds spam in "win", one in "free now"
    assert set(pq.read_table(tmp_path / "both" / "rejected")["reason"].to_pylist()) <= {
        "0 of 2 models verify the label",
        "1 of 2 models verify the label",
    }


def test_a_margin_asks_for_more_than_the_most_probable_label(tmp_path: Path) -> None:
    design = {"cross": ["label", "group"], "attempts": 60}
    run = recipe(verified("spam", margin=0.5), design=design).run(tmp_path / "run")
    assert "p2" not in run.table["thing"].to_pylist()


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (verified("spma"), "no predictor 'spma'.*did you mean 'spam'"),
        (verified("spam", "spam"), "'spam' would vote twice"),
        (
            verified("spam", "twin"),
            r"\[predictors.spam\] and \[predictors.twin\] are one model, which would vote twice",
        ),
        (verified(), "verifiers: must not be empty; name a predictor"),
        (verified("spam", votes=2), "from 1 to the number of models, 1, got 2"),
        (verified("spam", margin=1.0), "at least 0 and below 1"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, step: dict[str, Any], why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        recipe(step).run(tmp_path / "run")


@pytest.mark.parametrize(
    "asking",
    [
        {"filter": "counterfactual.verified", "verifiers": ["spam"]},
        {"filter": "adversarial.band", "model": "spam"},
        {"filter": "adversarial.boundary", "model": "spam"},
        {"metric": "adversarial.accuracy", "model": "spam", "min": 0},
        ATTACK,
    ],
    ids=lambda asking: str(asking.get("filter", asking.get("metric", "similar"))),
)
def test_without_labels_there_is_nothing_to_be_right_about(asking: dict[str, Any]) -> None:
    gate, steps = ([asking], ()) if "metric" in asking else ([], (asking,))
    data = {**recipe(*steps).resolved, "task": {"kind": "text"}, "design": {}, "gate": gate}
    data["factors"] = {**data["factors"], "thing": {"values": ["call me", "lunch"]}}
    data["factors"]["template"] = {"key": "name", "values": [{"name": "t", "text": "{{ opening }}, {{ thing }}"}]}
    with pytest.raises(RecipeError, match=r"(step|gate)\[.\]\.(model|verifiers): needs a task with labels"):
        prepare(fl.Recipe.from_data(data, SMALL))


@pytest.mark.parametrize("voter", ["spam", "twin"])
@pytest.mark.parametrize(
    "attack",
    [
        ATTACK,
        {"filter": "adversarial.boundary", "model": "spam", "candidates": 2},
        {"filter": "adversarial.band", "model": "spam", "margin": [-0.2, 0.2]},
    ],
    ids=["similar", "boundary", "band"],
)
def test_a_verifier_is_never_the_attacked_model_whatever_it_is_called(
    tmp_path: Path, voter: str, attack: dict[str, Any]
) -> None:
    said = rf"step\[1\].verifier: \[predictors.{voter}\] cannot verify: it is attacked in step .*let another"
    with pytest.raises(RecipeError, match=said):
        recipe(FLIP, attack, verified("other", voter)).run(tmp_path / "run")
    band = {"name": "check", "filter": "adversarial.band", "model": voter, "margin": [0.0, 1.0]}
    with pytest.raises(RecipeError, match=said):
        recipe(FLIP, attack, band).run(tmp_path / "run")
    prepare(recipe(FLIP, attack, verified("other")))


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ({"filter": "text.duplicates"}, r"step 'check' \(text.duplicates\) compares rows with each other"),
        ({"filter": "adversarial.boundary", "model": "other"}, "compares rows with each other"),
        ({"filter": "adversarial.band", "model": "other"}, "it is attacked in step 'check'"),
    ],
)
def test_a_verifier_looks_for_the_label(check: dict[str, Any], why: str) -> None:
    with pytest.raises(RecipeError, match=rf"step\[1\].verifier: .*{why}"):
        prepare(recipe(FLIP, {"name": "check", **check}))


def test_an_address_is_one_model_whatever_is_said_of_it() -> None:
    there = {"use": "predict.http", "url": "http://127.0.0.1:9/p", "labels": ["ham", "spam"]}
    again = {**there, "url": "http://127.0.0.1:9/p/", "labels": ["spam", "ham"], "version": "2", "seconds": 5.0}
    base = recipe(FLIP, {**ATTACK, "model": "there"}, verified("again"))
    for other, refused in ((again, True), ({**there, "url": "http://127.0.0.1:9/q"}, False)):
        data = {**base.resolved, "predictors": {**base.resolved["predictors"], "there": there, "again": other}}
        made = fl.Recipe.from_data(data, SMALL)
        if refused:
            with pytest.raises(RecipeError, match=r"\[predictors.again\] cannot verify: it is attacked"):
                prepare(made)
        else:
            prepare(made)


def test_a_server_asked_in_another_way_is_the_same_model(tmp_path: Path) -> None:
    models = {"writer": {"use": "llm.openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"}}
    models["judge"] = {**models["writer"], "api": "completion", "closed": "grammar", "parameters": {"seed": 2}}
    data: dict[str, Any] = {
        "recipe": {"name": "x", "seed": 1, "rows": 8},
        "task": {"labels": {"ham": {"definition": "a"}, "spam": {"definition": "b"}}},
        "models": models,
        "step": [
            {"generate": "llm.text", "model": "writer"},
            FLIP,
            {"name": "check", "filter": "llm.judge", "model": "judge", "same_model": True},
        ],
    }
    with pytest.raises(RecipeError, match=r"\[models.judge\] cannot verify: it writes the rows"):
        prepare(fl.Recipe.from_data(data, tmp_path))


LLM = """
def write(messages, attempt):
    return "a free prize now"
def judge(messages, attempt):
    return "spam"
"""


@pytest.mark.parametrize("judge", ["writer", "same", "cold"])
def test_a_verifier_is_never_a_model_that_writes_even_where_it_may_judge_itself(tmp_path: Path, judge: str) -> None:
    (tmp_path / "model.py").write_text(LLM, encoding="utf-8")
    step = {"name": "check", "filter": "llm.judge", "model": judge, "same_model": True}
    data: dict[str, Any] = {
        "recipe": {"name": "x", "seed": 1, "rows": 8},
        "task": {"kind": "classification", "labels": {"ham": {"definition": "a"}, "spam": {"definition": "b"}}},
        "models": {
            "cold": {"use": "llm.local", "call": "./model.py:write", "parameters": {"temperature": 0.0}},
            **{name: {"use": "llm.local", "call": "./model.py:write"} for name in ("writer", "same")},
            "judge": {"use": "llm.local", "call": "./model.py:judge"},
        },
        "step": [{"generate": "llm.text", "model": "writer"}, FLIP, step],
    }
    with pytest.raises(RecipeError, match=rf"\[models.{judge}\] cannot verify: it writes the rows in step 'llm.text'"):
        fl.Recipe.from_data(data, tmp_path).run(tmp_path / "run")
    data["step"][2] = {**step, "model": "judge"}
    prepare(fl.Recipe.from_data(data, tmp_path))
