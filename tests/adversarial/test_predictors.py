"""Predictors: trained inside a run, behind an endpoint, or a function; asked once per text."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from types import SimpleNamespace
from typing import Any, ClassVar

import attrs
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

import fairloom as fl
from fairloom.predictors import Prediction
from fairloom.task import Label
from fairloom.testing import sample_tools
from fairloom.weaving.predicted import Predictors
from fairloom.weaving.prepare import prepare
from fairloom_llm.openai import OpenAI
from fairloom_predict import http, sklearn

RECIPES = Path(__file__).parents[2] / "docs" / "recipes"
LABELS = ("a", "b", "c")


class Counting:
    """A model that remembers what it was asked."""

    def __init__(self) -> None:
        self.identity = {"model": "counting"}
        self.asked: list[list[str]] = []

    def predict(self, texts: pa.Array) -> Prediction:
        self.asked.append(texts.to_pylist())
        share = np.array([len(text) % 7 / 7 for text in texts.to_pylist()])
        return Prediction(("a", "b"), np.stack([share, 1 - share], axis=1))


def opened(model: Any, path: Path | None = None, **given_: Any) -> tuple[Any, Predictors]:
    home = Predictors()
    home.open("m", model, use="x", **{"batch": 3, "max_texts": None, **given_})
    if path is not None:
        home.keep(path)
    return home.named["m"], home


def test_every_text_is_asked_once_in_batches_and_answers_stay_in_order(tmp_path: Path) -> None:
    model = Counting()
    predictor, home = opened(model, tmp_path / "kept.sqlite")
    texts = pa.array(["one", "three", "one", None, "fifteen", "three", "twenty-one"])
    found = predictor.predict(texts)
    assert model.asked == [["one", "three", ""], ["fifteen", "twenty-one"]]
    assert found.probabilities[:, 0] == pytest.approx([3 / 7, 5 / 7, 3 / 7, 0, 0, 5 / 7, 3 / 7], abs=1e-6)
    predictor.predict(pa.chunked_array([["one"], ["twenty-one"]]))
    assert predictor.asked == 5
    home.close()
    other = Counting()
    again, home = opened(other, tmp_path / "kept.sqlite")
    assert np.array_equal(again.predict(texts).probabilities, found.probabilities)
    assert other.asked == []
    home.close()


def test_answers_of_one_model_are_not_those_of_another(tmp_path: Path) -> None:
    first, one = opened(Counting(), tmp_path / "kept.sqlite")
    first.predict(pa.array(["a", "b"]))
    other = Counting()
    other.identity = {"model": "counting", "version": "2"}
    second, two = opened(other, tmp_path / "kept.sqlite")
    second.predict(pa.array(["b", "c"]))
    assert other.asked == [["b", "c"]]
    for home in (one, two):
        home.close()


DYING = """
from __future__ import annotations
import os, signal
from pathlib import Path
import fairloom as fl
HERE = Path(__file__).parent

@fl.predictor
def spam(texts: list[str]) -> list[dict[str, float]]:
    \"\"\"Writes down what it is asked, and takes the run along where a file says after how many texts.\"\"\"
    log, flag = HERE / "asked.txt", HERE / "die"
    known = len(log.read_text().splitlines()) if log.exists() else 0
    if flag.exists() and known >= int(flag.read_text()):
        os.kill(os.getpid(), signal.SIGKILL)
    with log.open("a") as out:
        out.writelines(text + "\\n" for text in texts)
    return [{"ham": 1 - (len(text) % 9) / 9, "spam": (len(text) % 9) / 9} for text in texts]
"""


def test_a_killed_run_goes_on_without_asking_a_text_twice(tmp_path: Path) -> None:
    small = Path(__file__).with_name("small")
    (tmp_path / "model.py").write_text(DYING)
    (tmp_path / "parts.py").write_bytes((small / "parts.py").read_bytes())
    text = (small / "recipe.toml").read_text().replace("rows = 240", "rows = 90")
    text = text.replace('use = "./parts.py:spam"', 'use = "./model.py:spam"\nbatch = 8')
    attack = '\n[[step]]\ngenerate = "adversarial.similar"\nmodel = "spam"\nedits = ["./parts.py:typo"]\n'
    attack += 'on_failure = "keep"\n'
    (tmp_path / "recipe.toml").write_text(text + attack + "[parts]\nrows = 30\n")
    (tmp_path / "die").write_text("150")
    command = [sys.executable, "-m", "fairloom", "run", "recipe.toml", "--to", "run"]
    killed = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "run" / "manifest.json").exists()
    (tmp_path / "die").unlink()
    run = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "run")
    asked = (tmp_path / "asked.txt").read_text().splitlines()
    assert len(asked) == len(set(asked)) > 200
    (tmp_path / "asked.txt").unlink()
    whole = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "whole")
    assert whole.manifest["content_digest"] == run.manifest["content_digest"]
    assert sorted((tmp_path / "asked.txt").read_text().splitlines()) == sorted(asked)


def test_a_budget_counts_what_another_process_asked(tmp_path: Path) -> None:
    first, one = opened(Counting(), tmp_path / "kept.sqlite", max_texts=4)
    second, two = opened(Counting(), tmp_path / "kept.sqlite", max_texts=4)
    first.predict(pa.array(["a", "b", "c"]))
    second.predict(pa.array(["a", "d"]))
    with pytest.raises(fl.RunError, match="max_texts = 4 does not allow 1 more"):
        first.predict(pa.array(["e"]))
    for home in (one, two):
        home.close()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"spam": 1.0}, "returns a Prediction"),
        (Prediction(("a", "b"), np.zeros((2, 2))), r"shape \(2, 2\) for 1 texts"),
        (Prediction(("a", "a"), np.zeros((1, 2))), "two or more, each once"),
        (Prediction(("a", "b"), np.array([[np.nan, 0.5]])), "outside of 0 to 1"),
        (Prediction((0, 1), np.array([[0.5, 0.5]])), "answered for the label 0; labels are texts"),
    ],
)
def test_an_answer_that_breaks_the_contract_names_the_predictor(answer: Any, said: str) -> None:
    predictor, home = opened(SimpleNamespace(identity={}, predict=lambda _: answer))
    with pytest.raises(fl.PluginError, match=f"predictor 'm' .*{said}"):
        predictor.predict(pa.array(["one"]))
    home.close()


def test_labels_may_come_as_any_sequence_and_answers_as_lists() -> None:
    model: Any = SimpleNamespace(identity={}, predict=lambda texts: Prediction(["a", "b"], [[0.5, 0.5]] * len(texts)))
    predictor, home = opened(model)
    assert predictor.predict(pa.array(["one", "two", "three", "four"])).labels == ("a", "b")
    home.close()


def test_a_model_that_knows_no_label_of_the_task_is_refused_and_not_called_wrong() -> None:
    predictor, home = opened(Counting())
    home.labels = ("ham", "spam")
    found = predictor.predict(pa.array(["one", "two"]))
    assert found.right(pa.array(["a", "b"])).any()
    assert found.right(pa.array([None, None], pa.string())).tolist() == [False, False]
    for ask in (found.right, found.margins, found.of):
        with pytest.raises(fl.RecipeError, match=r"predictor 'm' .* answers for a, b; the labels are ham, spam; "):
            ask(pa.array(["ham", "spam"]))
    home.labels = ("a", "spam")
    assert predictor.predict(pa.array(["one"])).of(pa.array(["spam"])).tolist() == [0]
    home.close()


def test_answers_that_cannot_be_read_any_more_are_no_fault_of_the_model(tmp_path: Path) -> None:
    """The file is not synced, so that a power cut may leave it broken."""
    (tmp_path / "kept.sqlite").write_bytes(b"no database" * 99)
    predictor, home = opened(Counting(), tmp_path / "kept.sqlite")
    with pytest.raises(
        fl.RunError, match=r"kept\.sqlite cannot be used: file is not a database; finished parts are kept"
    ):
        predictor.predict(pa.array(["one"]))
    home.close()


@settings(max_examples=60, deadline=None)
@given(
    weights=st.lists(st.lists(st.integers(0, 20), min_size=3, max_size=3), min_size=1, max_size=6),
    labels=st.lists(st.sampled_from([*LABELS, "unknown"]), min_size=6, max_size=6),
)
def test_margins_are_negative_exactly_where_another_label_is_surer(weights: list[list[int]], labels: list[str]) -> None:
    found = Prediction(LABELS, np.array(weights, dtype=np.float64) / 60)
    said = pa.array(labels[: len(weights)]).dictionary_encode()
    for line, label, margin in zip(found.probabilities, said.to_pylist(), found.margins(said), strict=True):
        own = line[LABELS.index(label)] if label in LABELS else 0.0
        assert margin == pytest.approx(own - max(p for p, name in zip(line, LABELS, strict=True) if name != label))
    assert np.all(found.margins(said)[found.right(said)] >= 0)
    assert np.all(found.margins(said)[~found.right(said)] <= 0)


def test_the_trained_model_is_scikit_learns() -> None:
    tools = sample_tools()
    predictor = sklearn.build(sklearn.Sklearn(train=("real",), ngrams=(1, 1), regularise=0.5), tools)
    rows = tools.references["real"]()
    texts, labels = rows["text"].to_pylist(), [str(each) for each in rows["label"].to_pylist()]
    features = TfidfVectorizer(sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    model = LogisticRegression(C=2.0, max_iter=1000).fit(features.fit_transform(texts), labels)
    found = predictor.predict(pa.array(["Zoë lost her card", "the card broke in Oslo"]))
    assert found.labels == tuple(model.classes_)
    wanted = model.predict_proba(features.transform(["Zoë lost her card", "the card broke in Oslo"]))
    assert found.probabilities == pytest.approx(wanted, abs=1e-6)


def test_training_rows_that_are_not_there_are_the_recipes_mistake() -> None:
    with pytest.raises(fl.RecipeError, match="did you mean 'real'"):
        sklearn.build(sklearn.Sklearn(train=("rael",)), sample_tools())
    with pytest.raises(fl.RecipeError, match="no column 'txt'"):
        sklearn.build(sklearn.Sklearn(train=("real",), field="txt"), sample_tools()).predict(pa.array(["x"]))
    tools = sample_tools()
    known = attrs.evolve(tools.task, labels={**tools.task.labels, "unheard_of": Label(definition="in no row")})
    with pytest.raises(fl.RecipeError, match="no reference row has the label 'unheard_of' of the task"):
        sklearn.build(sklearn.Sklearn(train=("real",)), attrs.evolve(tools, task=known)).predict(pa.array(["x"]))


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("rare", 0, "is at least 1, got 0"),
        ("rounds", 0, "is at least 1, got 0"),
        ("regularise", 0, "is above 0, got 0"),
        ("ngrams", [0, 1], "goes from 1 upwards"),
    ],
)
def test_training_that_cannot_be_is_said_at_its_key(key: str, value: object, said: str) -> None:
    data = dict(fl.Recipe.load(RECIPES / "hard-rows" / "recipe.toml").resolved)
    data["predictors"] = {**data["predictors"], "words": {**data["predictors"]["words"], key: value}}
    with pytest.raises(fl.RecipeError, match=rf"predictors.words.{key}: {said}"):
        prepare(fl.Recipe.from_data(data, RECIPES / "hard-rows"))


@pytest.fixture
def endpoint() -> Iterator[tuple[str, list[dict[str, Any]], list[int]]]:
    """An endpoint, what it was sent, and the codes with which it answers before it does its work."""
    heard: list[dict[str, Any]] = []
    codes: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            heard.append({**body, "token": self.headers.get("Authorization")})
            self.send_response(codes.pop(0) if codes else 200)
            self.end_headers()
            self.wfile.write(json.dumps({"probabilities": [[0.75, 0.25] for _ in body["texts"]]}).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", heard, codes
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_endpoint_gets_a_batch_and_a_token_and_is_tried_again(
    endpoint: tuple[str, list[dict[str, Any]], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, heard, codes = endpoint
    monkeypatch.setenv("MY_KEY", "s3cret")
    monkeypatch.setattr("time.sleep", lambda _: None)
    codes += [503, 500]
    predictor = http.build(http.Http(url=url, labels=("a", "b"), key_from="MY_KEY"), sample_tools())
    assert predictor.predict(pa.array(["x", "y"])).probabilities.tolist() == [[0.75, 0.25]] * 2
    assert heard == [{"texts": ["x", "y"], "token": "Bearer s3cret"}] * 3
    assert "s3cret" not in json.dumps(dict(predictor.identity))
    codes += [404]
    with pytest.raises(fl.PluginError, match="answered 404"):
        predictor.predict(pa.array(["x"]))
    codes += [500] * 3
    with pytest.raises(fl.PluginError, match="answered 500"):
        predictor.predict(pa.array(["x"]))


class Lying(BaseHTTPRequestHandler):
    """Does what the path says; at any other path it would take the token."""

    heard: ClassVar[list[str | None]] = []

    def do_POST(self) -> None:
        token = self.headers["Authorization"]
        self.rfile.read(int(self.headers["Content-Length"]))
        said = {"/echo": json.dumps({"error": f"{'x' * 45}, {token}"}), "/deep": "[" * 99_999}.get(self.path, "{")
        self.send_response(302 if self.path == "/moved" else 200)
        self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", str(len(said) + 99 * (self.path in {"/half", "/drip"})))
        self.end_headers()
        self.wfile.write(said.encode())
        with contextlib.suppress(OSError):
            for _ in range(50 * (self.path == "/drip")):
                self.wfile.write(b" ")
                sleep(0.02)

    def do_GET(self) -> None:
        self.heard.append(self.headers["Authorization"])

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def test_an_endpoint_that_lies_or_breaks_off_is_named_and_learns_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_KEY", "s3cret\n")
    monkeypatch.setattr("time.sleep", lambda _: None)
    faults = {
        "moved": "answered 302 Found; it sends us elsewhere",
        "half": "gave no whole answer: IncompleteRead",
        "drip": "gave no whole answer: the answer took too long",
        "echo": r"answered no table of probabilities: .*x, Bearer \*",
        "deep": "answered no JSON",
    }
    with ThreadingHTTPServer(("127.0.0.1", 0), Lying) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for path, said in faults.items():
            url = f"http://127.0.0.1:{server.server_port}/{path}"
            config = http.Http(url=url, labels=("a", "b"), key_from="MY_KEY", tries=2, seconds=0.3)
            with pytest.raises(fl.PluginError, match=said) as caught:
                http.build(config, sample_tools()).predict(pa.array(["x"]))
            assert "s3c" not in str(caught.value)
        server.shutdown()
    assert Lying.heard == []
    monkeypatch.setenv("MY_KEY", "s3cret and more")
    with pytest.raises(fl.PluginError, match=r"MY_KEY \(key_from\) holds something else$"):
        http.build(config, sample_tools()).predict(pa.array(["x"]))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://me:s3cret@host/", "must hold no user, password or query"),
        ("https://host/?key=s3cret", "must hold no user, password or query"),
        ("http://", "name a host"),
        ("ftp://host/", "must begin with http"),
        ("http://a host/", "ASCII without blanks"),
        ("http://h\u00f6st/", "ASCII without blanks"),
        ("http://me:s3cret@a host/", "must hold no user, password or query"),
        ("http://me:s3/cret@host", "is no address"),
        ("http://[::1", "is no address"),
        ("http://host:99999/", "is no address"),
    ],
)
@pytest.mark.parametrize(
    "of", [lambda url: http.Http(url=url, labels=("a", "b")), lambda url: OpenAI(base_url=url, model="m")]
)
def test_addresses_that_cannot_be_or_hold_secrets(url: str, said: str, of: Any) -> None:
    with pytest.raises(fl.RecipeError, match=said) as caught:
        of(url)
    assert "s3" not in str(caught.value)


def test_the_hard_rows_of_the_recipe_all_fool_the_model_and_fill_every_cell(tmp_path: Path) -> None:
    run = fl.Recipe.load(RECIPES / "hard-rows" / "recipe.toml").run(tmp_path / "out")
    assert run.status == "passed"
    counted = run.table.group_by(["label", "guest"]).aggregate([([], "count_all")])["count_all"].to_pylist()
    assert counted == [20] * 6
    sent = run.manifest["predictors"]
    assert 0 < sent["words"]["texts"] <= 100_000
    assert set(run.table["attack"].to_pylist()) <= {"found", "already"}


def test_the_suite_of_the_recipe_finds_what_its_model_cannot_do() -> None:
    found = fl.probe(RECIPES / "suite" / "recipe.toml", f"{RECIPES / 'suite' / 'model.py'}:predict")
    rates = {line.capability: line.rate for line in found.capabilities}
    assert rates["negation"] == 0.5
    assert rates["intensity"] == 0
    assert 0 < rates["people"] < 1
    blamed = {line.group for line in found.lines if line.capability == "people" and line.by == "person" and line.failed}
    assert blamed == {"she"}
