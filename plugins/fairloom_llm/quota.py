"""Keeping to a quota per minute, of requests or of tokens: a bucket that fills steadily and is drawn from.

A request draws what it will probably need; once the server has counted, the difference is put back or drawn as well.
"""

from __future__ import annotations

import asyncio

import attrs

from fairloom.models import Request, tokens_of

_SHARE = 0.97
"""How much of the quota is used, since the server's clock and count are not quite ours."""
_BURST = 1.0
"""Seconds of the quota that may be drawn at once after a pause."""
_LEARNING = 0.1
"""The weight of the newest answer in what is expected of the next."""
_FRAME = 4
"""Tokens around each message of a chat."""


@attrs.define(eq=False)
class Bucket:
    """Fills at ``per_minute``; may be overdrawn by one request, which the next ones wait out."""

    per_minute: float
    _level: float = attrs.field(default=0.0, init=False)
    _at: float | None = attrs.field(default=None, init=False)
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    @property
    def _rate(self) -> float:
        return self.per_minute * _SHARE / 60

    async def draw(self, amount: float) -> None:
        """Wait until ``amount`` may be used, in order of asking."""
        loop = asyncio.get_running_loop()
        async with self._turn:
            self._fill(loop.time())
            wanted = min(amount, max(1.0, self._rate * _BURST))
            while self._level < wanted:
                await asyncio.sleep(max((wanted - self._level) / self._rate, 1e-3))
                self._fill(loop.time())
            self._level -= amount

    def put_back(self, amount: float) -> None:
        """Correct what was drawn; negative where it was too little."""
        self._level += amount

    def _fill(self, now: float) -> None:
        most = max(1.0, self._rate * _BURST)
        if self._at is None:
            self._at, self._level = now, most
        self._level = min(most, self._level + (now - self._at) * self._rate)
        self._at = now

    def reset(self) -> None:
        """A new event loop: locks belong to one."""
        self._turn = asyncio.Lock()


@attrs.define(eq=False)
class Expected:
    """How many tokens a request will probably take, learnt from those that were counted."""

    _ratio: float = attrs.field(default=1.0, init=False)
    _answer: float | None = attrs.field(default=None, init=False)

    def of(self, request: Request, most: int) -> float:
        """Prompt and answer together; ``most`` is what an answer may have."""
        answer = most if self._answer is None else min(most, self._answer)
        return self._ratio * _counted(request) + answer

    def learn(self, request: Request, prompt_tokens: int, answer_tokens: int) -> None:
        """The server counted."""
        if prompt_tokens:
            self._ratio += _LEARNING * (prompt_tokens / _counted(request) - self._ratio)
        before = answer_tokens if self._answer is None else self._answer
        self._answer = before + _LEARNING * (answer_tokens - before)


def _counted(request: Request) -> int:
    return sum(tokens_of(message.content) + _FRAME for message in request.messages)
