"""What a server may answer, and what we make of it: on a server of our own that answers as it is told."""

from __future__ import annotations

import asyncio
import json
import logging
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

import fairloom as fl
from fairloom.models import Answer, Failure, Request
from fairloom.problems import ModelError, RecipeError
from fairloom_llm.retry import again, asked_to_wait, backoff

OK = {"index": 0, "message": {"role": "assistant", "content": "a fine day"}, "finish_reason": "stop"}


def body(**choice: Any) -> bytes:
    return json.dumps({"choices": [{**OK, **choice}], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}).encode()


def message(**said: Any) -> bytes:
    return body(message={"role": "assistant", **said})


FINAL = {
    "cut": (body(finish_reason="length"), "cut off at max_tokens"),
    "refused": (message(content=None, refusal="I will not"), "I will not"),
    "empty": (message(content="  \n"), "answered nothing"),
}
BROKEN = [
    b"<html>nginx</html>",
    b'{"choices": [{"mess',
    b'{"choices": []}',
    b'{"error": {"message": "overloaded"}}',
    b"[]",
    b"null",
    message(content=["a", "b"]),
    message(content=7),
    b'{"choices": [{"message": "text"}]}',
    b"[" * 99_999,
    b'{"choices": [{"message": {"content": "half a smile: \\ud83d"}}]}',
    b'{"choices": [{"message": {"content": null, "refusal": "no \\ud83d"}}]}',
]


def answering(*given: Any) -> Any:
    """Answer as told, in order; the last answer again and again."""
    left = list(given)

    async def answer(_: Any) -> Any:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


@pytest.mark.parametrize("kind", FINAL)
def test_an_answer_that_is_none_is_classified_and_not_asked_for_again(
    kind: str, serve: Any, opened: Any, ask: Any
) -> None:
    content, said = FINAL[kind]
    with serve(answering((200, {}, content), (200, {}, body()))) as server:
        (outcome,) = opened(server.url).ask([ask("hello")])
    assert isinstance(outcome, Failure)
    assert (outcome.kind, len(server.asked)) == (kind, 1)
    assert said in outcome.message


@pytest.mark.parametrize("phrase", ["I'm sorry, but I can't help with that.", "I can\u2019t assist with this request."])
def test_known_refusals_are_refusals(phrase: str, serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((200, {}, message(content=phrase)))) as server:
        (outcome,) = opened(server.url).ask([ask("hello")])
    assert outcome.kind == "refused"


@pytest.mark.parametrize("content", BROKEN)
def test_a_broken_body_is_asked_for_again(content: bytes, serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((200, {}, content), (200, {}, body()))) as server:
        model = opened(server.url)
        (outcome,) = model.ask([ask("hello")])
    assert outcome == Answer(text="a fine day", prompt_tokens=9, answer_tokens=4, seconds=outcome.seconds, calls=2)
    record = model.journal.record()
    assert (record["answers"], record["failures"]) == (1, {"broken": 1})
    assert len(server.asked) == 2


def test_tokens_that_nobody_can_count_are_not_counted(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((200, {}, body().replace(b": 9", b": 1" + b"0" * 40)))) as server:
        (outcome,) = opened(server.url).ask([ask("hello")])
    assert (outcome.prompt_tokens, outcome.answer_tokens) == (0, 4)


def test_tries_are_bounded_and_the_failure_says_what_the_last_one_said(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((503, {}, b'{"error": {"message": "try later"}}'))) as server:
        model = opened(server.url, attempts=3)
        with pytest.raises(ModelError, match="no request was answered; unavailable: status 503: try later"):
            model.ask([ask("hello")])
    assert len(server.asked) == 3


@pytest.mark.parametrize("content", [b'{"error": {"message": "half \\ud83d"}}', b"[" * 99_999])
@pytest.mark.parametrize("status", [400, 503])
def test_an_error_that_is_no_text_is_a_failure_all_the_same(
    status: int, content: bytes, serve: Any, opened: Any, ask: Any
) -> None:
    with serve(answering((status, {}, content))) as server:
        model = opened(server.url, attempts=1)
        with pytest.raises(ModelError, match=f"no request was answered; .*: status {status}: "):
            model.ask([ask("hello")])
        assert model.journal.record()["failures"]


def test_a_server_that_is_not_there_ends_the_run(opened: Any, ask: Any) -> None:
    model = opened("http://127.0.0.1:9/v1", attempts=2)
    said: list[str] = []
    model.say = lambda counts: said.append(counts.line)
    with pytest.raises(ModelError, match="no request was answered; unavailable: ConnectError"):
        model.ask([ask("hello")])
    assert model.limits.spent()["calls"] == 2
    assert "0 of 1 asked, 0.0 a second, tried again: unavailable: ConnectError" in said[0]


def test_an_account_that_has_run_out_is_not_retried(serve: Any, opened: Any, ask: Any) -> None:
    error = json.dumps({"error": {"message": "You exceeded your quota", "code": "insufficient_quota"}}).encode()
    with serve(answering((429, {}, error))) as server, pytest.raises(ModelError, match="rejected: status 429"):
        opened(server.url).ask([ask("hello")])
    assert len(server.asked) == 1


def test_retry_after_is_kept(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((429, {"retry-after": "1.5"}, b"{}"), (200, {}, body()))) as server:
        opened(server.url).ask([ask("hello")])
    (first, _, _), (second, _, _) = server.asked
    assert second - first >= 1.5


def test_a_wait_past_the_deadline_is_not_waited_for(serve: Any, opened: Any, ask: Any) -> None:
    began = time.monotonic()
    with (
        serve(answering((429, {"retry-after": "900"}, b"{}"))) as server,
        pytest.raises(ModelError, match="past the deadline"),
    ):
        opened(server.url, deadline=30.0).ask([ask("hello")])
    assert time.monotonic() - began < 10
    assert len(server.asked) == 1


def test_a_server_that_hangs_is_given_up_and_counts_as_paid(serve: Any, opened: Any, ask: Any) -> None:
    async def hang(_: Any) -> Any:
        await asyncio.sleep(3)

    with serve(hang) as server:
        model = opened(server.url, timeout=0.2, attempts=2, parameters={"max_tokens": 100})
        with pytest.raises(ModelError, match="no answer within 0 s"):
            model.ask([ask("hello")])
    assert model.limits.spent()["tokens"] >= 200


def test_what_is_sent(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((200, {}, body()))) as server:
        model = opened(server.url, parameters={"temperature": 0.5, "stop": ["\n"]})
        model.ask([ask("hello", parameters={"temperature": 1.0})])
    (_, sent, headers) = server.asked[0]
    messages = [{"role": "user", "content": "hello"}]
    assert sent == {"model": "tiny", "max_tokens": 512, "temperature": 1.0, "stop": ["\n"], "messages": messages}
    assert "authorization" not in headers


def test_equal_questions_are_asked_once_and_all_get_the_answer(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((200, {}, body()))) as server:
        model = opened(server.url)
        outcomes = model.ask([ask("hello") for _ in range(20)] + [ask("hello", attempt=1)])
        assert len(server.asked) == 2
        assert len({outcome.text for outcome in outcomes}) == 1
        model.ask([ask("hello")])
        assert len(server.asked) == 2


def test_asking_inside_a_running_loop_as_in_a_notebook(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering((200, {}, body()))) as server:
        model = opened(server.url)

        async def cell() -> Any:
            return model.ask([ask("hello")])

        (outcome,) = asyncio.run(cell())
    assert isinstance(outcome, Answer)


# -- when to try again -------------------------------------------------------------------------------------------


def test_what_is_tried_again() -> None:
    assert [status for status in range(300, 600) if again(status)] == [408, 409, 429, *range(500, 600)]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0.25"}, 0.25),
        ({"retry-after-ms": "150", "retry-after": "7"}, 0.15),
        ({"retry-after": "-3"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        (
            {"retry-after": format_datetime(datetime(2026, 4, 11, tzinfo=UTC) + timedelta(seconds=90), usegmt=True)},
            90.0,
        ),
        ({"retry-after": format_datetime(datetime(2026, 4, 11, tzinfo=UTC) - timedelta(days=9), usegmt=True)}, 0.0),
    ],
)
def test_how_long_a_server_asks_to_wait(headers: dict[str, str], wait: float | None) -> None:
    assert asked_to_wait(headers, datetime(2026, 4, 11, tzinfo=UTC).timestamp()) == wait


def test_the_jitter_is_full_bounded_and_no_chance() -> None:
    waits = [backoff(3, str(number)) for number in range(2000)]
    assert waits == [backoff(3, str(number)) for number in range(2000)]
    assert 0 <= min(waits) < 0.05
    assert 3.95 < max(waits) < 4.0
    assert abs(sum(waits) / len(waits) - 2.0) < 0.1
    assert max(backoff(1000, str(number)) for number in range(200)) < 60


# -- secrets -----------------------------------------------------------------------------------------------------

SECRETS = [f"sk-planted-{number:02d}-{'x' * number}Z" for number in range(20)]


def test_planted_secrets_are_nowhere(
    serve: Any, asking: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    for number, secret in enumerate(SECRETS):
        monkeypatch.setenv("PLANTED_KEY", secret)
        echo = json.dumps({"error": {"message": f"Incorrect API key provided: {secret}"}}).encode()
        outcomes: list[Any] = [(500, {}, echo), (200, {}, f"no json, but {secret}".encode()), (400, {}, echo)]
        outcomes += [(200, {}, message(content=f"your key is {secret}")), (200, {}, message(content=f"{secret}!"))]
        outcomes = outcomes if number % 2 else [(401, {"x-key": secret}, echo)]
        path = asking(('use = "llm.local"', "USE"), ("rows = 40", "rows = 4"), name=f"r{number}")
        with serve(answering(*outcomes)) as server:
            more = (
                f'use = "llm.openai"\nbase_url = "{server.url}"\nmodel = "m"\nkey_env = "PLANTED_KEY"\nmax_places = 1'
            )
            text = path.read_text().replace("USE", more).replace('call = "./model.py:answer"', "")
            path.write_text(text)
            raised: list[str] = []
            try:
                fl.Recipe.load(path).run(tmp_path / f"out{number}")
            except ModelError as error:
                raised = ["".join(traceback.format_exception(error, chain=True))]
            assert all("***" in each and secret not in each for each in raised)
            assert bool(raised) == (number % 2 == 0)
            assert server.asked[0][2]["authorization"] == f"Bearer {secret}"
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    said = "".join([caplog.text, *capfd.readouterr()])
    assert [secret for secret in SECRETS if secret.encode() in written or secret in said] == []


@pytest.mark.parametrize("value", ["", "two words", "naïve", "line\nbreak"])
def test_a_key_that_cannot_be_sent_is_not_shown(
    value: str, opened: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLANTED_KEY", value)
    with pytest.raises(RecipeError, match="'PLANTED_KEY' holds") as caught:
        opened("http://127.0.0.1:9/v1", key_env="PLANTED_KEY").ask([ask("hello")])
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_wrong_with_a_model_is_said_where_it_stands(workers: int, asking: Any, tmp_path: Path) -> None:
    settings = 'use = "llm.openai"\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\nkey_env = "NO_SUCH_KEY"'
    recipe = asking(('use = "llm.local"\ncall = "./model.py:answer"', settings))
    line = recipe.read_text("utf-8").splitlines().index('key_env = "NO_SUCH_KEY"') + 1
    with pytest.raises(RecipeError) as caught:
        fl.Recipe.load(recipe).run(tmp_path / "out", workers=workers)
    assert f"recipe.toml:{line}:1: models.writer.key_env: the environment variable 'NO_SUCH_KEY' holds no key" in str(
        caught.value
    )


@pytest.mark.parametrize("before", [80, 180])
def test_a_message_that_is_cut_inside_of_a_secret_keeps_nothing_of_it(
    before: int, opened: Any, serve: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "sk-planted-0123456789abcdef"
    monkeypatch.setenv("PLANTED_KEY", secret)
    text = f"{'x' * before} {secret}"
    wrong = [(400, {}, text.encode()), (400, {}, json.dumps({"error": {"message": text}}).encode())]
    wrong += [(200, {}, text.encode()), (200, {}, message(content=None, refusal=text))]
    for given in wrong:
        with serve(answering(given)) as server:
            model = opened(server.url, key_env="PLANTED_KEY", attempts=1, deadline=1.0)
            try:
                said = str(model.ask([ask("hello")]))
            except ModelError as error:
                said = str(error)
            model.journal.close()
        assert "sk-planted" not in said
        assert "xxx" in said


@pytest.mark.parametrize(
    "url",
    ["https://user:secret@example.org/v1", "https://example.org/v1?key=secret", "ftp://example.org", "example.org"],
)
def test_addresses_hold_no_secrets(url: str, opened: Any) -> None:
    with pytest.raises(RecipeError, match="base_url") as caught:
        opened(url)
    assert "secret" not in str(caught.value)


def test_requests_are_plain_and_comparable() -> None:
    assert Request(messages=()) == Request(messages=())
