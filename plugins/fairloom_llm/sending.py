"""Sending many requests to one server: places, quotas, limits, retries. Knows nothing of HTTP or of bodies.

A ``Server`` is asked once per try and says what came of it. Everything here waits on the event loop and reads its
clock, so that tests run it on a loop whose clock they turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import attrs

from fairloom.models import Answer, Failure, Meter, Outcome, Request, most_tokens
from fairloom_llm.places import Places
from fairloom_llm.quota import Bucket, Expected
from fairloom_llm.retry import backoff

_QUEUE = 4
"""Requests that may wait (for a place, or to be tried again) for every place there can be."""
_IN_A_ROW = 3
"""So many calls in a row that were asked to wait mean everybody."""


@attrs.frozen(kw_only=True)
class Reply:
    """What came of one try.

    ``outcome`` is final unless ``again``. ``wait`` is what the server asked for. ``busy`` says that it refused for
    there being too many calls. ``billed`` is whether tokens may have been counted: ``None`` where nobody knows.
    """

    outcome: Outcome
    again: bool = False
    wait: float | None = None
    busy: bool = False
    tokens: tuple[int, int] | None = None


class Server(Protocol):
    """One call to a server."""

    async def call(self, request: Request, seconds: float) -> Reply:
        """What came of it, in no more than ``seconds``."""

    def most_tokens(self, request: Request) -> int:
        """The most tokens that an answer to it may have."""


@attrs.frozen(kw_only=True)
class Patience:
    """How long to try: seconds for one call, for a request with all its tries, and how many of these."""

    call: float
    deadline: float
    attempts: int


@attrs.define(eq=False)
class Traffic:
    """What one process has learnt about a server; it outlives a single ``ask``."""

    places: Places
    requests: Bucket | None = None
    tokens: Bucket | None = None
    expected: Expected = attrs.field(factory=Expected)
    pause_until: float = 0.0
    refused: int = 0

    def refuse(self, until: float) -> None:
        """The server asked to wait: that call waits, and once it has said so several times in a row, all do."""
        self.refused += 1
        if self.refused >= _IN_A_ROW:
            self.pause_until = max(self.pause_until, until)

    def reset(self) -> None:
        """A new event loop begins."""
        self.places.reset()
        for bucket in (self.requests, self.tokens):
            if bucket is not None:
                bucket.reset()


@attrs.define(eq=False)
class Sender:
    """Sends the requests of one ``ask``."""

    server: Server
    traffic: Traffic
    patience: Patience
    meter: Meter
    done: Callable[[int, Outcome], None]
    _settled: asyncio.Event = attrs.field(factory=asyncio.Event, init=False)
    _open: int = attrs.field(default=0, init=False)
    _broke: bool = attrs.field(default=False, init=False)

    async def run(self, requests: Sequence[Request]) -> None:
        """Bring every request to its outcome."""
        self.traffic.reset()
        room = asyncio.Semaphore(self.traffic.places.most * _QUEUE)

        async def one(index: int, request: Request) -> None:
            try:
                outcome = await self._outcome(request, name=f"{index} {request.attempt}")
                if outcome is not None:
                    self.done(index, outcome)
            finally:
                room.release()

        async with asyncio.TaskGroup() as tasks:
            for index, request in enumerate(requests):
                await room.acquire()
                tasks.create_task(one(index, request))

    async def _outcome(self, request: Request, name: str) -> Outcome:
        """The outcome of one request after as many tries as it takes and may take."""
        loop = asyncio.get_running_loop()
        deadline, calls = float("inf"), 0
        while True:
            began, reply = await self._try(request, deadline)
            if reply is None:
                return Failure(kind="budget", message="a limit of the run is reached", calls=calls)
            deadline = min(deadline, began + self.patience.deadline)
            calls += 1
            if not reply.again or calls >= self.patience.attempts:
                return attrs.evolve(reply.outcome, calls=calls)
            wait = backoff(calls, name) if not reply.wait else reply.wait
            if loop.time() + wait >= deadline:
                return _out_of_time(reply, wait, calls)
            await asyncio.sleep(wait)

    async def _try(self, request: Request, deadline: float) -> tuple[float, Reply | None]:
        """One call, when there is place and quota for it: when it was sent, and its reply; none at a limit."""
        loop, traffic = asyncio.get_running_loop(), self.traffic
        await traffic.places.take()
        try:
            expected = await self._quotas(request)
            await self._paused()
            ticket = await self._reserved(request)
            if ticket is None:
                return loop.time(), None
            sent = loop.time()
            reply = await self.server.call(request, max(0.001, min(self.patience.call, deadline - sent)))
            self._settle(ticket, reply)
            self._learn(request, reply, sent, expected)
            return sent, reply
        finally:
            traffic.places.leave()

    async def _paused(self) -> None:
        """Wait as long as the server asked anybody to wait; another call may have made it longer meanwhile."""
        loop = asyncio.get_running_loop()
        while (left := self.traffic.pause_until - loop.time()) > 0:  # noqa: ASYNC110 - time has to pass, no event comes
            await asyncio.sleep(left)

    async def _quotas(self, request: Request) -> float:
        """Wait for both quotas; the tokens drawn."""
        traffic = self.traffic
        expected = traffic.expected.of(request, self.server.most_tokens(request))
        if traffic.requests is not None:
            await traffic.requests.draw(1)
        if traffic.tokens is not None:
            await traffic.tokens.draw(expected)
        return expected

    async def _reserved(self, request: Request) -> int | None:
        """A ticket; at a limit it waits for calls under way, which mostly cost less than was reserved for them."""
        while True:
            ticket = None if self._broke else self.meter.reserve(most_tokens(request), self.server.most_tokens(request))
            if ticket is not None:
                self._open += 1
                return ticket
            if not self._open:
                self._broke = True
                return None
            self._settled.clear()
            await self._settled.wait()

    def _settle(self, ticket: int, reply: Reply) -> None:
        self.meter.settle(ticket, *(reply.tokens or ()))
        self._open -= 1
        self._settled.set()

    def _learn(self, request: Request, reply: Reply, sent: float, expected: float) -> None:
        """What the reply says of the server."""
        traffic, now = self.traffic, asyncio.get_running_loop().time()
        if reply.wait:
            traffic.refuse(now + reply.wait)
        elif not reply.again:
            traffic.refused = 0
        if reply.busy:
            traffic.places.refused(sent, now)
        elif reply.again:
            traffic.places.faltered()
        else:
            traffic.places.answered(now - sent)
        if reply.tokens is not None:
            prompt, answer = reply.tokens
            if isinstance(reply.outcome, Answer):
                traffic.expected.learn(request, prompt, answer)
            if traffic.tokens is not None:
                traffic.tokens.put_back(expected - prompt - answer)


def _out_of_time(reply: Reply, wait: float, calls: int) -> Failure:
    said = reply.outcome.message if isinstance(reply.outcome, Failure) else ""
    message = f"{said}; the next try in {wait:.0f} s would be past the deadline"
    return Failure(kind="unavailable", message=message, calls=calls)
