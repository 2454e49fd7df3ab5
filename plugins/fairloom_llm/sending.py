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
_SHARING = 0.25
"""Seconds after which processes of a run look again who needs how many places."""


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


@attrs.frozen(kw_only=True)
class _Entry:
    """What is to be written down of one try: what it took, ``unused`` of the tokens drawn, the outcome if it is one."""

    ticket: int | None
    tokens: tuple[int, int] | None
    unused: float
    index: int
    outcome: Outcome | None


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
    _entries: list[_Entry] = attrs.field(factory=list, init=False)
    _left: int = attrs.field(default=0, init=False)

    async def run(self, requests: Sequence[Request]) -> None:
        """Bring every request to its outcome: so many workers take one after the other."""
        self.traffic.reset()
        self._left, left = len(requests), iter(enumerate(requests))

        async def work() -> None:
            for index, request in left:
                await self._bring(index, request)
                self._left -= 1

        try:
            async with asyncio.TaskGroup() as tasks:
                looking = tasks.create_task(self._look())
                for each in [tasks.create_task(work()) for _ in range(self._workers)]:
                    await each
                looking.cancel()
        finally:
            self._share(wanted=0)

    @property
    def _workers(self) -> int:
        return min(self._left, self.traffic.places.most * _QUEUE)

    async def _look(self) -> None:
        """See now and then how many places other processes of the run leave."""
        while True:
            self._share(wanted=min(self._left, self.traffic.places.most))
            await asyncio.sleep(_SHARING)

    async def _bring(self, index: int, request: Request) -> None:
        """Bring one request to its outcome, with as many tries as it takes and may take."""
        loop, name = asyncio.get_running_loop(), f"{index} {request.attempt}"
        deadline, calls = float("inf"), 0
        while True:
            began, ticket, reply, drawn = await self._try(request, deadline)
            deadline = min(deadline, began + self.patience.deadline)
            calls += ticket is not None
            wait = (reply.wait or backoff(calls, name)) if reply.again else 0.0
            outcome = self._final(reply, calls, wait, deadline - loop.time())
            unused = drawn - sum(reply.tokens) if reply.tokens is not None else 0.0
            await self._write(_Entry(ticket=ticket, tokens=reply.tokens, unused=unused, index=index, outcome=outcome))
            if outcome is not None:
                return
            await asyncio.sleep(wait)

    def _final(self, reply: Reply, calls: int, wait: float, left: float) -> Outcome | None:
        """The outcome after so many calls; ``None`` where the request is to be tried again."""
        if not reply.again or calls >= self.patience.attempts:
            return attrs.evolve(reply.outcome, calls=calls)
        return _out_of_time(reply, wait, calls) if wait >= left else None

    async def _write(self, entry: _Entry) -> None:
        """Write it down together with all that becomes known in this turn of the loop."""
        self._entries.append(entry)
        if len(self._entries) > 1:
            return
        try:
            await asyncio.sleep(0)
        finally:  # what was answered is written down even where the run is being stopped
            entries, self._entries = self._entries, []
            with self.meter.together():
                for each in entries:
                    self._note(each)

    def _note(self, entry: _Entry) -> None:
        if entry.ticket is not None:
            self.meter.settle(entry.ticket, *(entry.tokens or ()))
            self._open -= 1
            self._settled.set()
        if self.traffic.tokens is not None:
            self.traffic.tokens.put_back(entry.unused, self.meter)
        if entry.outcome is not None:
            self.done(entry.index, entry.outcome)

    async def _try(self, request: Request, deadline: float) -> tuple[float, int | None, Reply, float]:
        """One call, when there is place and quota for it.

        Returns: When it was sent, its ticket (none at a limit), its reply, and the tokens that were drawn for it.
        """
        loop, traffic = asyncio.get_running_loop(), self.traffic
        await traffic.places.take()
        try:
            drawn = await self._quotas(request)
            await self._paused()
            ticket = await self._reserved(request)
            if ticket is None:
                return loop.time(), None, _AT_A_LIMIT, drawn
            sent = loop.time()
            reply = await self.server.call(request, max(0.001, min(self.patience.call, deadline - sent)))
            self._learn(request, reply, sent)
            return sent, ticket, reply, drawn
        finally:
            traffic.places.leave()

    def _share(self, *, wanted: int) -> None:
        places = self.traffic.places
        held = places.under_way if wanted else 0
        seconds = self.patience.call + 2 * _SHARING
        places.allow(self.meter.places(places.most, wanted=wanted, held=held, seconds=seconds))

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
            await traffic.requests.draw(1, self.meter)
        if traffic.tokens is not None:
            await traffic.tokens.draw(expected, self.meter)
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

    def _learn(self, request: Request, reply: Reply, sent: float) -> None:
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
        if reply.tokens is not None and isinstance(reply.outcome, Answer):
            traffic.expected.learn(request, *reply.tokens)


_AT_A_LIMIT = Reply(outcome=Failure(kind="budget", message="a limit of the run is reached"))


def _out_of_time(reply: Reply, wait: float, calls: int) -> Failure:
    said = reply.outcome.message if isinstance(reply.outcome, Failure) else ""
    message = f"{said}; the next try in {wait:.0f} s would be past the deadline"
    return Failure(kind="unavailable", message=message, calls=calls)
