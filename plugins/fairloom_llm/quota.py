"""Keeping to a quota per minute, of requests or of tokens: a bucket that fills steadily and is drawn from.

The bucket stands where all processes of the run find it, which is the ``Meter``'s business. A request draws what it
will probably need; once the server has counted, the difference is put back or drawn as well.
"""

from __future__ import annotations

import asyncio

import attrs

from fairloom.models import Meter, Request, tokens_of

_SHARE = 0.97
"""How much of the quota is used, since the server's clock and count are not quite ours."""
_BURST = 0.5
"""Seconds of the quota that may be drawn at once after a pause; some servers count by the second."""
_LEARNING = 0.1
"""The weight of the newest answer in what is expected of the next."""
_FRAME = 4
"""Tokens around each message of a chat."""


@attrs.define(eq=False)
class Bucket:
    """The quota ``name``, which the processes of a run share; may be overdrawn by one request of each of them."""

    name: str
    per_minute: float
    _turn: asyncio.Lock = attrs.field(factory=asyncio.Lock, init=False)

    async def draw(self, amount: float, meter: Meter) -> None:
        """Wait until ``amount`` may be used, in order of asking."""
        async with self._turn:
            wait = self._drawn(amount, meter)
            if wait:
                await asyncio.sleep(wait)

    def put_back(self, amount: float, meter: Meter) -> None:
        """Correct what was drawn; negative where it was too little."""
        if amount:
            self._drawn(-amount, meter)

    def _drawn(self, amount: float, meter: Meter) -> float:
        rate = self.per_minute * _SHARE / 60
        return meter.draw(self.name, rate=rate, burst=max(1.0, rate * _BURST), amount=amount)

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
