"""Sending many requests to one server: places, quotas, limits, retries. Knows nothing of HTTP or of bodies.

A ``Server`` is asked once per try and says what came of it. Everything here waits on the event loop and reads its
clock, so that tests run it on a loop whose clock they turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Protocol

import attrs

from fairloom.models import Answer, Done, Failure, FailureKind, Meter, Outcome, Request, most_tokens
from fairloom_llm.places import Places
from fairloom_llm.quota import Bucket, Expected
from fairloom_llm.retry import backoff

_QUEUE = 4
"""Requests that may wait (for a place, or to be tried again) for every place there can be."""
_IN_A_ROW = 3
"""So many calls in a row that were asked to wait mean everybody."""
_KNOCKS = 5
"""Tries of one request after which a server that never took a call is taken to be not there."""
_SHARING = 0.25
"""Seconds after which processes of a run look again who needs how many places."""


@attrs.frozen(kw_only=True)
class Reply:
    """What came of one try.

    ``outcome`` is final unless ``again``. ``wait`` is what the server asked for. ``busy`` says that it refused for
    there being too many calls, ``absent`` that nothing took the call. ``tokens`` are what it cost, ``None`` where
    nobody knows.
    """

    outcome: Outcome
    again: bool = False
    wait: float | None = None
    busy: bool = False
    absent: bool = False
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
    met: bool = False
    absent: bool = False

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
class _Case:
    """One request on its way to an outcome; the deadline runs from when it was first sent."""

    index: int
    request: Request
    calls: int = 0
    deadline: float = float("inf")

    @property
    def name(self) -> str:
        """What its waits are jittered by."""
        return f"{self.index} {self.request.attempt}"

    def failed(self, kind: FailureKind, message: str) -> Failure:
        """The outcome where none is to be had."""
        return Failure(kind=kind, message=message, calls=self.calls)


@attrs.frozen(kw_only=True)
class _Entry:
    """What is to be written down of one try: its ticket, if it was sent, and what it took.

    ``unused`` of the tokens drawn for it go back. Where it is no outcome yet, the request is tried ``again`` after
    ``wait``.
    """

    index: int
    outcome: Outcome
    again: bool = False
    unused: float = 0.0
    ticket: int | None = None
    tokens: tuple[int, int] | None = None
    wait: float = 0.0


@attrs.define(eq=False)
class Sender:
    """Sends the requests of one ``ask``."""

    server: Server
    traffic: Traffic
    patience: Patience
    meter: Meter
    done: Done
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
                await self._bring(_Case(index, request))
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

    async def _bring(self, case: _Case) -> None:
        """Bring one request to its outcome, with as many tries as it takes and may take."""
        places = self.traffic.places
        while True:
            await places.take()
            try:  # the place is kept until it is written down: no more answers than places can ever be lost
                entry = await self._try(case)
                await self._write(entry)
            finally:
                places.leave()
            if not entry.again:
                return
            await asyncio.sleep(entry.wait)

    async def _try(self, case: _Case) -> _Entry:
        """One call, when there is quota for it."""
        loop, request = asyncio.get_running_loop(), case.request
        drawn = await self._quotas(request)
        await self._paused()
        if loop.time() >= case.deadline:
            late = case.failed("unavailable", "its next turn came past the deadline")
            return _Entry(index=case.index, outcome=late, unused=drawn)
        ticket = await self._reserved(request)
        if ticket is None:
            over = case.failed("budget", "a limit of the run is reached")
            return _Entry(index=case.index, outcome=over, unused=drawn)
        sent = loop.time()
        reply = await self.server.call(request, max(0.001, min(self.patience.call, case.deadline - sent)))
        case.calls, case.deadline = case.calls + 1, min(case.deadline, sent + self.patience.deadline)
        self._learn(case, reply, sent)
        wait = (reply.wait or backoff(case.calls, case.name)) if reply.again else 0.0
        final = self._final(case, reply, wait)
        return _Entry(
            index=case.index,
            outcome=final or reply.outcome,
            again=final is None,
            unused=drawn - sum(reply.tokens) if reply.tokens is not None else 0.0,
            ticket=ticket,
            tokens=reply.tokens,
            wait=wait,
        )

    def _final(self, case: _Case, reply: Reply, wait: float) -> Outcome | None:
        """The outcome after so many calls; ``None`` where the request is to be tried again after ``wait``."""
        if not reply.again or case.calls >= self.patience.attempts or (reply.absent and self.traffic.absent):
            return attrs.evolve(reply.outcome, calls=case.calls)
        if asyncio.get_running_loop().time() + wait < case.deadline:
            return None
        said = reply.outcome.message if isinstance(reply.outcome, Failure) else ""
        return case.failed("unavailable", f"{said}; the next try in {wait:.0f} s would be past the deadline")

    async def _write(self, entry: _Entry) -> None:
        """Write it down together with all that becomes known in this turn of the loop."""
        self._entries.append(entry)
        try:
            await asyncio.sleep(0)
        finally:  # what was answered is written down even where the run is being stopped
            entries, self._entries = self._entries, []
            if entries:
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
        self.done(entry.index, entry.outcome, again=entry.again)

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

    def _learn(self, case: _Case, reply: Reply, sent: float) -> None:
        """What the reply says of the server."""
        traffic, now = self.traffic, asyncio.get_running_loop().time()
        traffic.met |= not reply.absent
        traffic.absent = not traffic.met and (traffic.absent or case.calls >= _KNOCKS)
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
            traffic.expected.learn(case.request, *reply.tokens)
