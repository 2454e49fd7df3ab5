"""How the asking goes, in one line for the progress of a run."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

import attrs

from fairloom.modelling.limits import Limits
from fairloom.models import Answer, Failure, Outcome
from fairloom.showing import printable

_OFTEN = 0.1
"""Seconds between two counts: nobody reads faster, and drawing one takes longer than to note an answer."""


@attrs.frozen(kw_only=True)
class Counts:
    """How the asking goes just now: plain numbers, which a worker can send. ``rate`` is in answers a second."""

    model: str
    asked: int
    done: int
    failed: int
    cost: float
    rate: float
    why: str = ""
    """Why a request is being tried again, where that is so and nothing came since."""

    @property
    def line(self) -> str:
        """``writer: 120 of 400 asked, 12.5 a second, 3 failed, cost 0.02, 22 s left``."""
        parts = [f"{self.model}: {self.done:,} of {self.asked:,} asked", f"{self.rate:.1f} a second"]
        if self.failed:
            parts.append(f"{self.failed:,} failed")
        if self.cost:
            parts.append(f"cost {self.cost:.2f}")
        if self.why:
            return ", ".join([*parts, f"tried again: {printable.line(self.why)}"])
        return ", ".join([*parts, f"{(self.asked - self.done) / max(self.rate, 1e-3):.0f} s left"])


def together(counts: Iterable[Counts]) -> list[Counts]:
    """The counts of several workers, one for each model."""
    found: dict[str, Counts] = {}
    for each in counts:
        known = found.get(each.model)
        found[each.model] = each if known is None else _sum(known, each)
    return list(found.values())


def _sum(one: Counts, other: Counts) -> Counts:
    return Counts(
        model=one.model,
        asked=one.asked + other.asked,
        done=one.done + other.done,
        failed=one.failed + other.failed,
        cost=one.cost + other.cost,
        rate=one.rate + other.rate,
        why=other.why and one.why,
    )


@attrs.define(eq=False)
class Pace:
    """Counts the outcomes of one ``ask`` and says how it goes, now and then and at the end."""

    limits: Limits
    asked: int
    say: Callable[[Counts], None]
    clock: Callable[[], float] = time.monotonic
    _began: float = attrs.field(init=False)
    _said: float = attrs.field(default=float("-inf"), init=False)
    _done: int = attrs.field(default=0, init=False)
    _failed: int = attrs.field(default=0, init=False)
    _cost: float = attrs.field(default=0.0, init=False)
    _why: str = attrs.field(default="", init=False)

    def __attrs_post_init__(self) -> None:
        """The clock runs from here."""
        self._began = self.clock()

    def count(self, outcome: Outcome) -> None:
        """One more outcome is known."""
        self._done += 1
        self._why = ""
        if isinstance(outcome, Answer):
            self._cost += self.limits.cost(outcome.prompt_tokens, outcome.answer_tokens)
        else:
            self._failed += 1
        self._say(now=self._done == self.asked)

    def again(self, outcome: Outcome) -> None:
        """One is tried again: nobody should wait minutes for a server that is not there without knowing it."""
        if isinstance(outcome, Failure):
            self._why = f"{outcome.kind}: {outcome.message}"
            self._say(now=False)

    def _say(self, *, now: bool) -> None:
        clock = self.clock()
        if now or clock - self._said >= _OFTEN:
            self._said = clock
            self.say(self.counts())

    def counts(self) -> Counts:
        """How it goes just now."""
        return Counts(
            model=self.limits.name,
            asked=self.asked,
            done=self._done,
            failed=self._failed,
            cost=self._cost,
            rate=self._done / max(self.clock() - self._began, 1e-3),
            why=self._why,
        )
