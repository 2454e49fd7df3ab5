"""How many calls may be under way at once: found by trying, since no server says.

The number doubles with every round of answers (slow start) until the server refuses or slows down, and grows by one a
round from then on. A refusal (429) cuts it once per *episode*: those of calls sent before the cut say nothing new. Some
servers never refuse, they queue: so a round that took much longer than the quickest one ends the growth too (the idea
of TCP Vegas: Brakmo and Peterson, IEEE JSAC 13(8), 1995).
"""

from __future__ import annotations

import asyncio
from collections import deque

import attrs

CUT = 0.7
"""What a refusal leaves of the places."""
QUEUEING = 2.0
"""A round this many times slower than the quickest waits in a queue: no more places."""
OVERLOADED = 4.0
"""A round this many times slower gives places back."""
_FORGETTING = 1.001
"""The quickest round fades by so much a round, for servers and texts change."""


@attrs.define(eq=False)
class Places:
    """The places of one model. ``cuts`` counts the episodes of refusals.

    ``limit`` is what the server seems to bear, ``allowed`` what other processes of the run leave.
    """

    least: int
    most: int
    limit: float = attrs.field(init=False)
    allowed: int = attrs.field(init=False)
    cuts: int = attrs.field(default=0, init=False)
    under_way: int = attrs.field(default=0, init=False)
    _starting: bool = attrs.field(default=True, init=False)
    _last_cut: float = attrs.field(default=float("-inf"), init=False)
    _quickest: float = attrs.field(default=float("inf"), init=False)
    _round: list[float] = attrs.field(factory=list, init=False)
    _waiting: deque[asyncio.Future[None]] = attrs.field(factory=deque, init=False)

    def __attrs_post_init__(self) -> None:
        """Begin with few."""
        self.limit, self.allowed = float(max(self.least, min(4, self.most))), self.most

    @property
    def size(self) -> int:
        """How many there are."""
        return min(int(self.limit), self.allowed)

    def allow(self, allowed: int) -> None:
        """Other processes leave so many."""
        self.allowed = allowed
        self._admit()

    async def take(self) -> None:
        """Wait for a place, first come, first served."""
        if not self._waiting and self.under_way < self.size:
            self.under_way += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def leave(self) -> None:
        """Give a place back."""
        self.under_way -= 1
        self._admit()

    def reset(self) -> None:
        """Forget who waits and who is under way: their event loop is gone. What was learnt stays."""
        self._waiting.clear()
        self.under_way = 0

    def answered(self, seconds: float) -> None:
        """A call was answered after this long; a round is as many of them as there are places."""
        self._round.append(seconds)
        if len(self._round) >= self.size:
            mean = max(sum(self._round) / len(self._round), 1e-6)
            self._round.clear()
            self._quickest = min(self._quickest * _FORGETTING, mean)
            self._after_round(mean / self._quickest)
            self._admit()

    def refused(self, sent_at: float, now: float) -> None:
        """The server refused a call sent at ``sent_at`` for there being too many: cut, once per episode."""
        if sent_at < self._last_cut:
            return
        self._last_cut, self._starting = now, False
        self._round.clear()
        self.cuts += 1
        self.limit = max(float(self.least), self.limit * CUT)

    def faltered(self) -> None:
        """A call failed for another reason: no sign of too many, and none of room for more."""
        self._round.clear()

    def _after_round(self, slower: float) -> None:
        if slower > OVERLOADED:
            self._starting, self.limit = False, self.limit * CUT
        elif slower > QUEUEING:
            self._starting = False
        elif self.limit <= self.allowed:  # places that could not be taken say nothing of more
            self.limit += self.limit if self._starting else 1
        self.limit = min(float(self.most), max(float(self.least), self.limit))

    def _admit(self) -> None:
        while self._waiting and self.under_way < self.size:
            turn = self._waiting.popleft()
            if not turn.done():
                self.under_way += 1
                turn.set_result(None)
