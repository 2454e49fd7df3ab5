"""The network below the calls: encryption, proxies, lines that break off."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

import pytest
import trustme

from fairloom.models import Answer
from fairloom.problems import ModelError
from fairloom_llm import lines

BODY = b'{"choices": [{"message": {"content": "a fine day"}}]}'


def answering(**headers: str) -> Any:
    async def answer(_: Any) -> Any:
        await asyncio.sleep(0.01)
        return 200, headers, BODY

    return answer


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Vouches for servers; nobody knows it unless told."""
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> ssl.SSLContext:
    """The server's side of an encrypted line."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """The client's side, where the authority is known."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_lines_are_encrypted(
    secure: ssl.SSLContext, trusting: ssl.SSLContext, serve: Any, opened: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "_trusted", lambda: trusting)
    with serve(answering(), secure) as server:
        outcomes = opened(server.url, max_places=4).ask([ask(number) for number in range(12)])
    assert server.url.startswith("https://")
    assert all(isinstance(outcome, Answer) and outcome.calls == 1 for outcome in outcomes)


def test_a_server_that_nobody_vouches_for_is_told_nothing(
    secure: ssl.SSLContext, serve: Any, opened: Any, ask: Any
) -> None:
    with serve(answering(), secure) as server:
        model = opened(server.url, attempts=1)
        with pytest.raises(ModelError, match=r"unavailable: ConnectError: .*(certificate|CERTIFICATE)"):
            model.ask([ask("hello")])
    assert server.asked == []
    assert model.limits.spent()["tokens"] == 0


def test_the_proxy_of_the_environment_is_used(
    serve: Any, opened: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serve(answering()) as server:
        monkeypatch.setenv("http_proxy", server.url.removesuffix("/v1"))
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        (outcome,) = opened("http://models.invalid/v1", attempts=1).ask([ask("by proxy")])
        (direct,) = opened(server.url, attempts=1).ask([ask("direct")])
    assert isinstance(outcome, Answer)
    assert isinstance(direct, Answer)
    assert [headers["host"] for _, _, headers in server.asked] == ["models.invalid", server.url.split("/")[2]]


def test_a_server_that_hangs_up_after_every_answer(serve: Any, opened: Any, ask: Any) -> None:
    with serve(answering(connection="close")) as server:
        outcomes = opened(server.url, max_places=2).ask([ask(number) for number in range(8)])
    assert [outcome.calls for outcome in outcomes] == [1] * 8
    assert len(server.asked) == 8
