"""Places, quotas, retries and limits on a loop whose clock we turn: hours pass in a moment."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.modelling.journal import Journal
from fairloom.modelling.limits import Limits
from fairloom.models import Answer, Failure, Message, Outcome, Request
from fairloom.recipe import ModelSpec
from fairloom_llm.places import Places
from fairloom_llm.quota import Bucket
from fairloom_llm.sending import Patience, Reply, Sender, Traffic


class _NoWait(selectors.SelectSelector):
    """Waits for nothing; whatever would have waited turns the clock."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        self.now += timeout or 0.0
        return super().select(0)


class TurnedLoop(asyncio.SelectorEventLoop):
    """An event loop in its own time."""

    def __init__(self) -> None:
        self._turned = _NoWait()
        super().__init__(self._turned)

    def time(self) -> float:
        return self._turned.now


def turned(work: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run in turned time."""
    with asyncio.Runner(loop_factory=TurnedLoop) as runner:
        return runner.run(work())


ANSWER = Reply(outcome=Answer(text="x", prompt_tokens=100, answer_tokens=50), tokens=(100, 50))
BUSY = Reply(outcome=Failure(kind="unavailable", message="busy"), again=True, busy=True, tokens=(0, 0))
DOWN = Reply(outcome=Failure(kind="unavailable", message="down"), again=True)


NOBODY = attrs.evolve(DOWN, absent=True, tokens=(0, 0))


@attrs.define
class Fake:
    """A server that a function plays; it notes when it was called and how many calls were under way."""

    play: Callable[[Fake, Request], Coroutine[Any, Any, Reply]]
    sent: list[float] = attrs.field(factory=list)
    now: int = 0
    most: int = 0
    refused: int = 0

    async def call(self, request: Request, seconds: float) -> Reply:
        self.sent.append(asyncio.get_running_loop().time())
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            async with asyncio.timeout(seconds):
                return await self.play(self, request)
        except TimeoutError:
            return DOWN
        finally:
            self.now -= 1

    def most_tokens(self, request: Request) -> int:
        return int(request.parameters.get("max_tokens", 50))


def asked(number: int, **more: Any) -> list[Request]:
    return [Request(messages=(Message("user", "w" * 380 + f"{place:06d}"),), **more) for place in range(number)]


def send(
    server: Fake,
    requests: list[Request],
    *,
    traffic: Traffic | None = None,
    spec: ModelSpec | None = None,
    patience: Patience | None = None,
    journal: Journal | None = None,
) -> list[Outcome | None]:
    """Send; the outcomes in order, and a check that each came once."""
    found: list[Outcome | None] = [None] * len(requests)

    def done(index: int, outcome: Outcome, *, again: bool = False) -> None:
        assert found[index] is None
        assert not again or isinstance(outcome, Failure)
        found[index] = None if again else outcome

    limits = Limits("writer", spec or ModelSpec(use="fake"), journal or Journal(None, run="r"))
    limits.clock = lambda: asyncio.get_running_loop().time()
    traffic = traffic or Traffic(Places(1, 64))
    patience = patience or Patience(call=60, deadline=600, attempts=16)
    turned(lambda: Sender(server, traffic, patience, limits, done).run(requests))
    limits.flush()
    return found


def test_the_places_of_a_server_are_found() -> None:
    async def play(_fake: Fake, _: Request) -> Reply:
        await asyncio.sleep(0.05)
        return ANSWER

    server, traffic = Fake(play), Traffic(Places(1, 64))
    outcomes = send(server, asked(6000), traffic=traffic)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert (server.most, traffic.places.limit) == (64, 64)
    possible = 6000 * 0.05 / 64
    assert server.sent[-1] <= possible / 0.9


def test_a_server_that_queues_is_not_flooded() -> None:
    """It works on eight at a time and never refuses: 64 places would only wait in its queue."""

    async def play(fake: Fake, _: Request) -> Reply:
        await asyncio.sleep(0.05 * max(1.0, fake.now / 8))
        return ANSWER

    server, traffic = Fake(play), Traffic(Places(1, 64))
    send(server, asked(3000), traffic=traffic)
    assert 8 <= traffic.places.limit <= 32


def test_a_server_that_refuses_is_cut_once_per_episode() -> None:
    async def play(fake: Fake, _: Request) -> Reply:
        if fake.now > 20:
            await asyncio.sleep(0.01)
            fake.refused += 1
            return BUSY
        await asyncio.sleep(0.05)
        return ANSWER

    server, traffic = Fake(play), Traffic(Places(1, 64))
    outcomes = send(server, asked(4000), traffic=traffic)
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert 10 <= traffic.places.limit <= 23
    assert server.refused <= 0.03 * 4000
    assert traffic.places.cuts < server.refused


def test_one_episode_one_cut() -> None:
    places = Places(1, 64)
    places.limit = 40.0
    for sent in (1.0, 1.1, 1.2):
        places.refused(sent, now=2.0)
    assert (places.cuts, places.limit) == (1, 28.0)
    places.refused(2.1, now=2.5)
    assert places.cuts == 2


@pytest.mark.parametrize(
    ("requests", "tokens", "needed"), [(600, 90_000, "both"), (600, None, "requests"), (None, 9000, "tokens")]
)
def test_a_quota_is_used_and_kept(requests: float | None, tokens: float | None, needed: str) -> None:
    """The server refuses by buckets of its own; the minutes are turned, not waited for."""
    levels = {"requests": requests or 1e9, "tokens": tokens or 1e9}
    most, last = dict(levels), [0.0]

    async def play(fake: Fake, _: Request) -> Reply:
        now = asyncio.get_running_loop().time()
        for name, level in levels.items():
            levels[name] = min(most[name] / 60, level + (now - last[0]) * most[name] / 60)
        last[0] = now
        await asyncio.sleep(0.01)
        if levels["requests"] < 1 or levels["tokens"] < 150:
            fake.refused += 1
            return attrs.evolve(BUSY, wait=0.5)
        levels["requests"] -= 1
        levels["tokens"] -= 150
        await asyncio.sleep(0.5)
        return ANSWER

    quotas = {"requests": requests, "tokens": tokens}
    buckets = [Bucket(name, most) if most else None for name, most in quotas.items()]
    server = Fake(play)
    number = 3000 if requests else 300
    send(server, asked(number), traffic=Traffic(Places(1, 64), *buckets))
    minutes = server.sent[-1] / 60
    used = number / minutes / min(requests or 1e9, (tokens or 1e9) / 150)
    assert used >= 0.9, needed
    assert server.refused <= 0.02 * number


def test_nobody_is_asked_while_the_server_asks_all_to_wait() -> None:
    async def play(fake: Fake, _: Request) -> Reply:
        now = asyncio.get_running_loop().time()
        await asyncio.sleep(0.01)
        if 1.0 <= now < 21.0:
            fake.refused += 1
            return attrs.evolve(BUSY, wait=21.0 - now)
        return ANSWER

    server = Fake(play)
    outcomes = send(server, asked(20_000), traffic=Traffic(Places(1, 8)))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert server.refused <= 3 + 8
    assert not [sent for sent in server.sent if 1.2 < sent < 20.9]


def test_an_outage_of_a_minute_loses_nothing() -> None:
    async def play(_fake: Fake, _: Request) -> Reply:
        await asyncio.sleep(0.05)
        return DOWN if 1 < asyncio.get_running_loop().time() < 61 else ANSWER

    outcomes = send(Fake(play), asked(3000))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)


def test_tries_and_deadline_are_bounds() -> None:
    async def play(_fake: Fake, _: Request) -> Reply:
        await asyncio.sleep(1)
        return DOWN

    server = Fake(play)
    (outcome,) = send(server, asked(1), patience=Patience(call=60, deadline=1e6, attempts=4))
    assert isinstance(outcome, Failure)
    assert (outcome.kind, outcome.calls, len(server.sent)) == ("unavailable", 4, 4)
    server = Fake(play)
    send(server, asked(1), patience=Patience(call=60, deadline=20, attempts=1000))
    assert server.sent[-1] < 20
    server, quota = Fake(play), Bucket("requests", 1.0)  # the second try would have to wait for a minute
    traffic, patience = Traffic(Places(1, 4), quota), Patience(call=60, deadline=20, attempts=10)
    (outcome,) = send(server, asked(1), traffic=traffic, patience=patience)
    assert isinstance(outcome, Failure)
    assert (outcome.kind, "past the deadline" in outcome.message, len(server.sent)) == ("unavailable", True, 1)


@settings(max_examples=200, deadline=None)
@given(
    calls=st.one_of(st.none(), st.integers(0, 60)),
    tokens=st.one_of(st.none(), st.integers(0, 30_000)),
    cost=st.one_of(st.none(), st.floats(0, 0.05)),
    places=st.integers(1, 16),
    number=st.integers(1, 40),
    wrong=st.lists(st.sampled_from([ANSWER, ANSWER, BUSY, DOWN]), min_size=1, max_size=7),
)
def test_a_limit_is_never_exceeded(
    calls: int | None, tokens: int | None, cost: float | None, places: int, number: int, wrong: list[Reply]
) -> None:
    """Two hundred runs with servers in every mood: what the server counted stays below every limit."""
    counted = [0, 0]

    async def play(fake: Fake, _: Request) -> Reply:
        reply = wrong[len(fake.sent) % len(wrong)]
        await asyncio.sleep(0.01 * (len(fake.sent) % 5))
        if reply is not BUSY:  # a call that broke off may have been billed
            counted[0] += 100
            counted[1] += 50
        return reply

    prices = {"prompt_price": 3.0, "answer_price": 15.0} if cost is not None else {}
    spec = ModelSpec(use="fake", max_calls=calls, max_tokens=tokens, max_cost=cost, **prices)
    journal, server = Journal(None, run="r"), Fake(play)
    outcomes = send(server, asked(number), traffic=Traffic(Places(1, places)), spec=spec, journal=journal)
    assert all(outcome is not None for outcome in outcomes)
    limits = Limits("writer", spec, journal)
    assert len(server.sent) == limits.spent()["calls"]
    assert calls is None or len(server.sent) <= calls
    assert tokens is None or sum(counted) <= tokens
    assert cost is None or limits.cost(*counted) <= cost + 1e-9
    stopped = [outcome for outcome in outcomes if isinstance(outcome, Failure) and outcome.kind == "budget"]
    assert bool(stopped) <= (calls is not None or tokens is not None or cost is not None)


def test_seconds_are_a_limit_too() -> None:
    limits = Limits("writer", ModelSpec(use="fake", max_seconds=0.0), Journal(None, run="r"))
    assert limits.reserve(1, 1) is not None
    assert limits.reserve(1, 1) is None
    assert limits.reached == "max_seconds = 0"
    limits.begin()
    assert limits.reserve(1, 1) is not None


@pytest.mark.parametrize("number", [1, 500])
def test_a_server_that_never_took_a_call_is_not_waited_for(number: int) -> None:
    async def play(_fake: Fake, _: Request) -> Reply:
        return NOBODY

    server = Fake(play)
    outcomes = send(server, asked(number))
    assert all(isinstance(outcome, Failure) and outcome.kind == "unavailable" for outcome in outcomes)
    assert server.sent[-1] < 20
    assert server.sent[-1] > 0.5
    assert len(server.sent) <= number + 5 * 256


def test_a_server_that_goes_away_for_a_while_is_waited_for() -> None:
    async def play(_fake: Fake, _: Request) -> Reply:
        gone = 5 < asyncio.get_running_loop().time() < 120
        if not gone:
            await asyncio.sleep(0.05)
        return NOBODY if gone else ANSWER

    server = Fake(play)
    outcomes = send(server, asked(9000), patience=Patience(call=60, deadline=600, attempts=16))
    assert all(isinstance(outcome, Answer) for outcome in outcomes)
    assert server.sent[-1] > 120
