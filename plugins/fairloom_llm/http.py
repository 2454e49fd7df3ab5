"""One call to a server that speaks the OpenAI protocol, over httpx2 and its transport, and what came of it.

This module and ``lines`` and ``wire`` need httpx2, and are imported when something is asked.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any

import attrs
import httpx2

from fairloom.models import Answer, Failure, Outcome, Request
from fairloom_llm.bodies import PATHS, Dialect, body, read, said_wrong, tokens
from fairloom_llm.lines import ERRORS, Lines, Response
from fairloom_llm.retry import again, asked_to_wait
from fairloom_llm.sending import Reply

_NEVER_SENT = ("ConnectError", "ConnectTimeout", "ProxyError")
"""Errors of httpcore2 after which no server can have answered, and billed."""
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)


@attrs.frozen(eq=False)
class HttpServer:
    """The ``Server`` that ``sending`` asks. The secret of ``lines`` is taken out of everything that is kept or said."""

    lines: Lines
    dialect: Dialect

    def most_tokens(self, request: Request) -> int:
        """The most tokens that an answer to it may have."""
        return self.dialect.most_tokens(request)

    async def call(self, request: Request, seconds: float) -> Reply:
        """One call; what went wrong is an outcome, not an exception."""
        dialect = self.dialect
        content = _ENCODER.encode(body(request, dialect)).encode()
        began = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(seconds):
                response = await self.lines.post(PATHS[dialect.api], content)
        except TimeoutError:
            return self._failed(f"no answer within {seconds:.0f} s")
        except ERRORS as error:
            name = type(error).__name__
            unsent = name in _NEVER_SENT
            return self._failed(f"{name}: {error}", absent=unsent, tokens=(0, 0) if unsent else None)
        return self._reply(self._without_secret(response), request, asyncio.get_running_loop().time() - began)

    def _reply(self, response: Response, request: Request, seconds: float) -> Reply:
        if response.status == 200:
            return self._answered(response.content, request, seconds)
        data = _json(response.content)
        error = data.get("error") if isinstance(data, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        said = f"status {response.status}: {said_wrong(data)}"
        if not again(response.status, code if isinstance(code, str) else None):
            return Reply(outcome=self._clean(Failure(kind="rejected", message=said)), tokens=(0, 0))
        wait = asked_to_wait(response.headers, time.time())
        return self._failed(said, wait=wait, busy=response.status == 429, tokens=(0, 0))

    def _answered(self, content: bytes, request: Request, seconds: float) -> Reply:
        outcome, once_more = read(content, request, self.dialect, seconds)
        if isinstance(outcome, Answer):
            counted = outcome.prompt_tokens, outcome.answer_tokens
        else:
            counted = tokens(_json(content))
        return Reply(outcome=self._clean(outcome), again=once_more, tokens=counted if any(counted) else None)

    def _failed(self, message: str, **more: Any) -> Reply:
        return Reply(outcome=self._clean(Failure(kind="unavailable", message=message)), again=True, **more)

    def _without_secret(self, response: Response) -> Response:
        """The response before any of it is quoted: a message cut inside of the secret would keep its beginning."""
        secret = self.lines.secret
        if not secret or secret.encode() not in response.content:
            return response
        return attrs.evolve(response, content=response.content.replace(secret.encode(), b"***"))

    def _clean(self, outcome: Outcome) -> Outcome:
        """Without the secret, should it come back in another form, as escaped in JSON, or in an error of ours."""
        secret = self.lines.secret
        if not secret:
            return outcome
        if isinstance(outcome, Failure):
            return attrs.evolve(outcome, message=outcome.message.replace(secret, "***"))
        return attrs.evolve(outcome, text=outcome.text.replace(secret, "***"))


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return content[:200].decode("utf-8", "replace")


def lines(base_url: str, secret: str | None) -> Lines:
    """Lines to a server; nothing is opened yet."""
    _hush()
    return Lines(base_url, secret)


def client(base_url: str, secret: str | None, *, seconds: float) -> httpx2.AsyncClient:
    """A client for a look at a server; redirects are not followed, for they would carry the key away."""
    _hush()
    return httpx2.AsyncClient(
        base_url=base_url.rstrip("/") + "/",
        headers={"Authorization": f"Bearer {secret}"} if secret else {},
        timeout=httpx2.Timeout(seconds, connect=min(10.0, seconds)),
    )


def _hush() -> None:
    """Keep what servers say out of the log: httpcore2 logs it at level debug, and one may say the key back."""
    wire = logging.getLogger("httpcore2")
    if wire.level == logging.NOTSET:
        wire.setLevel(logging.WARNING)
