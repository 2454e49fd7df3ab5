"""How the asking goes, in one line for the progress of a run."""

from __future__ import annotations

import time
from collections.abc import Callable

import attrs

from fairloom.modelling.limits import Limits
from fairloom.models import Answer, Outcome

_OFTEN = 0.1
"""Seconds between two lines: nobody reads faster, and drawing one takes longer than to note an answer."""


@attrs.define(eq=False)
class Pace:
    """Counts the outcomes of one ``ask`` and says how it goes, now and then and at the end."""

    limits: Limits
    asked: int
    say: Callable[[str], None]
    clock: Callable[[], float] = time.monotonic
    _began: float = attrs.field(init=False)
    _said: float = attrs.field(default=float("-inf"), init=False)
    _done: int = attrs.field(default=0, init=False)
    _failed: int = attrs.field(default=0, init=False)
    _cost: float = attrs.field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        """The clock runs from here."""
        self._began = self.clock()

    def count(self, outcome: Outcome) -> None:
        """One more outcome is known."""
        self._done += 1
        if isinstance(outcome, Answer):
            self._cost += self.limits.cost(outcome.prompt_tokens, outcome.answer_tokens)
        else:
            self._failed += 1
        now = self.clock()
        if now - self._said >= _OFTEN or self._done == self.asked:
            self._said = now
            self.say(self.line())

    def line(self) -> str:
        """``writer: 120 of 400 asked, 12.5 a second, 3 failed, cost 0.02, 22 s left``."""
        rate = self._done / max(self.clock() - self._began, 1e-3)
        parts = [f"{self.limits.name}: {self._done:,} of {self.asked:,} asked", f"{rate:.1f} a second"]
        if self._failed:
            parts.append(f"{self._failed:,} failed")
        if self._cost:
            parts.append(f"cost {self._cost:.2f}")
        return ", ".join([*parts, f"{(self.asked - self._done) / max(rate, 1e-3):.0f} s left"])
