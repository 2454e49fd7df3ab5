"""Against servers that nobody here wrote: llmock judges us, aimock makes trouble, llama.cpp is a real engine."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import fairloom as fl
from fairloom.models import Answer, Failure
from fairloom.problems import ModelError

SCENARIOS: dict[str, list[dict[str, Any]]] = {
    "nothing wrong": [],
    "429 with Retry-After": [{"type": "fail", "status": 429, "retry_after": 1, "times": 2}],
    "429 without": [{"type": "fail", "status": 429, "times": 3}],
    "an outage": [{"type": "fail", "status": 503, "times": 4}],
    "500 and 502": [{"type": "fail", "status": 500}, {"type": "fail", "status": 502}],
    "503 with Retry-After": [{"type": "fail", "status": 503, "retry_after": 1}],
    "408 and 409": [{"type": "fail", "status": 408}, {"type": "fail", "status": 409}],
    "an answer that takes its time": [{"type": "delay", "seconds": 1.0}],
}


@pytest.mark.parametrize("name", SCENARIOS)
def test_llmock_finds_no_fault_with_us(name: str, llmock: Any, opened: Any, ask: Any) -> None:
    llmock.script(*SCENARIOS[name])
    outcomes = opened(llmock.url).ask([ask(f"question {number}") for number in range(6)])
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    verdict = llmock.verdict()
    assert verdict["errors"] == verdict["warnings"] == 0, verdict


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
def test_llmock_sees_no_second_try_of_what_cannot_succeed(status: int, llmock: Any, opened: Any, ask: Any) -> None:
    llmock.script({"type": "fail", "status": status, "times": 1, "message": "not like this"})
    bad, *good = opened(llmock.url, max_places=1).ask([ask(f"question {number}") for number in range(3)])
    assert isinstance(bad, Failure)
    assert (bad.kind, bad.calls, f"status {status}: not like this" in bad.message) == ("rejected", 1, True)
    assert all(isinstance(outcome, Answer) for outcome in good)
    assert llmock.requests()["count"] == 3
    verdict = llmock.verdict()
    assert verdict["errors"] == verdict["warnings"] == 0, verdict


def test_llmock_cuts_a_stream_that_nobody_asked_for(llmock: Any, opened: Any, ask: Any) -> None:
    llmock.script({"type": "stream_fault", "kind": "truncate", "after_chunks": 1})
    (outcome,) = opened(llmock.url).ask([ask("no stream, please")])
    assert isinstance(outcome, Answer)
    assert llmock.verdict()["errors"] == 0


def test_aimock_with_a_third_of_all_calls_failing(aimock: Any, opened: Any, ask: Any) -> None:
    rows = 2000
    # Few 429s, for we wait the second that each asks for; llmock has more of them.
    faults = {"drop": 0.195, "ratelimit": 0.005, "disconnect": 0.05, "malformed": 0.05}
    with aimock(*(f"--chaos-{kind}={rate}" for kind, rate in faults.items())) as url:
        # One row in 5,000 fails seven times in a row, and may then wait for a minute.
        model = opened(url, max_places=16, deadline=300.0)
        outcomes = model.ask([ask(f"noun {number}") for number in range(rows)])
    assert [outcome for outcome in outcomes if isinstance(outcome, Failure)] == []
    assert Counter(type(outcome) for outcome in outcomes) == {Answer: rows}
    assert {outcome.text for outcome in outcomes} == {"fox"}
    calls = [outcome.calls for outcome in outcomes]
    assert model.limits.spent()["calls"] == sum(calls) <= 1.5 * rows
    assert model.journal.record()["answers"] == rows


CHOICES = ("yes", "no", 'a "quoted" one', "naïve: ü")


@pytest.mark.parametrize(("closed", "api"), [("grammar", "chat"), ("json_schema", "chat"), ("grammar", "completion")])
def test_llama_keeps_to_the_choices(closed: str, api: str, llama: str, opened: Any, ask: Any) -> None:
    requests = [ask(f"question {number}", choices=CHOICES, attempt=number) for number in range(20)]
    # JSON may be followed by spaces, and a model that says noise may go on for long: so room for it, and one seed.
    parameters = {"max_tokens": 512, "temperature": 1.5, "seed": 1}
    outcomes = opened(llama, closed=closed, api=api, parameters=parameters).ask(requests)
    assert [outcome for outcome in outcomes if not isinstance(outcome, Answer) or outcome.text not in CHOICES] == []
    assert len({outcome.text for outcome in outcomes}) > 1


def test_llama_without_a_grammar_is_caught(llama: str, opened: Any, ask: Any) -> None:
    (closed,) = opened(llama, parameters={"max_tokens": 8}).ask([ask(1, choices=("yes",))])
    assert isinstance(closed, Failure), closed
    assert closed.kind in {"cut", "broken", "empty"}


def test_llama_is_probed(llama: str, opened: Any) -> None:
    found = opened(llama).asks.probe()
    assert (found["reachable"], found["chat"], found["completion"]) == (True, True, True)
    assert {"grammar", "json_schema"} <= set(found["closed"])
    assert found["seed"] == "honoured"


def test_a_run_on_llama_is_made_again_without_a_network(
    llama: str, asking: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = asking(
        ('use = "llm.local"', f'use = "llm.openai"\nbase_url = "{llama}"\nmodel = "tiny"\nclosed = "grammar"'),
        ('call = "./model.py:answer"', "parameters = { temperature = 1.0, seed = 1, max_tokens = 16 }"),
        ('model = "writer"', 'model = "writer"\nchoices = ["it is lost", "it is broken"]'),
    )
    first = fl.Recipe.load(path).run(tmp_path / "first")
    assert set(first.table["text"].to_pylist()) == {"it is lost", "it is broken"}

    def no_network(*_: object, **__: object) -> None:
        raise OSError("there is no network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket.socket, "connect_ex", no_network)
    with pytest.raises(ModelError, match="lacks 8 of the answers"):
        fl.Recipe.load(path).run(tmp_path / "empty", replay="only")
    journal = tmp_path / "first" / "journal.sqlite"
    again = fl.Recipe.load(path).run(tmp_path / "again", replay="only", journal=journal, workers=2)
    assert again.manifest["content_digest"] == first.manifest["content_digest"]
    for name in ("data", "rejected"):
        files = sorted(file.relative_to(tmp_path / "first") for file in (tmp_path / "first" / name).rglob("*.parquet"))
        assert files or name == "rejected"
        for file in files:
            assert (tmp_path / "again" / file).read_bytes() == (tmp_path / "first" / file).read_bytes()
