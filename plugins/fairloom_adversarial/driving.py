"""Driving the searches of a batch side by side: one call of the model serves every row's next question.

A query is a text that one row's search had to know about; the same text again is free, the same text of another row is
not. So what a search costs, and where its budget ends, depends on its row alone and not on the batch or the cache. What
a constraint refuses costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.attacks import Options, Questions, State
from fairloom.draws import Ints
from fairloom_adversarial.attack import Asking
from fairloom_adversarial.pool import Pool

FOUND, ALREADY, FAILED, SPENT, NOTHING = "found", "already", "failed", "spent", "nothing to change"


@attrs.define(eq=False)
class Hunt:
    """One row's search: what it asked, what it cost, and how it ended.

    ``row`` is its place in the batch; ``goes_on`` is that of the goal, and ``best`` the score that counts as better
    than nothing: that of the text without a change, where it reaches such a goal.
    """

    row: int
    options: Options
    questions: Questions
    left: int
    said: dict[str, float]
    goes_on: bool = False
    best: float = 0.0
    queries: int = 1
    state: State = ()
    status: str = ""
    asking: list[State] = attrs.field(factory=list)

    def start(self) -> None:
        """Its first question."""
        if not self.options.changes:
            self.status = NOTHING
        else:
            self._next(None)

    def _next(self, scores: list[float] | None) -> None:
        try:
            self.asking = next(self.questions) if scores is None else self.questions.send(scores)
            while not self.asking:
                self.asking = self.questions.send([])
        except StopIteration:
            self._end(FAILED)

    def _end(self, status: str) -> None:
        """It is over: with what was found so far, or without anything."""
        self.status, self.asking = FOUND if self.state else status, []

    def affordable(self, texts: Sequence[str | None]) -> list[str]:
        """The texts it may ask about: those it knows are free, new ones count in order until the budget ends."""
        new = list(dict.fromkeys(text for text in texts if text is not None and text not in self.said))[: self.left]
        self.left -= len(new)
        self.queries += len(new)
        return new

    def hear(self, texts: Sequence[str | None]) -> None:
        """Go on with the scores, or end: the goal is reached, or the budget is used up. ``None`` was refused."""
        scores = [math.inf if text is None else self.said.get(text) for text in texts]
        known = list(zip(self.asking, scores, strict=True))
        self._keep([(score, state) for state, score in known if score is not None and score <= 0 and _whole(state)])
        if self.state and not self.goes_on:
            self._end(FAILED)
        elif any(score is None for _, score in known):
            self._end(SPENT)
        else:
            self._next([score for _, score in known if score is not None])

    def _keep(self, reached: list[tuple[float, State]]) -> None:
        """The cheapest state of those that reach the goal; where it goes on, the one with the smallest score."""
        if reached and not self.goes_on:
            self.state = min((state for _, state in reached), key=self._cost)
        for score, state in reached if self.goes_on else ():
            if score < self.best:
                self.best, self.state = score, state

    def _cost(self, state: State) -> int:
        return sum(self.options.changes[number].cost for number in state)


def _whole(state: State) -> bool:
    """Whether it is a result: some changes, and no probe."""
    return bool(state) and state[0] >= 0


@attrs.frozen(eq=False)
class Driver:
    """Asks the model for the searches of a batch."""

    asking: Asking
    pool: Pool

    def drive(self, hunts: Sequence[Hunt]) -> None:
        """Until every search has ended."""
        for hunt in hunts:
            hunt.start()
        while active := [hunt for hunt in hunts if not hunt.status]:
            asked = self._candidates(active)
            self._ask([(hunt, hunt.affordable(texts)) for hunt, texts in zip(active, asked, strict=True)])
            for hunt, texts in zip(active, asked, strict=True):
                hunt.hear(texts)

    def _candidates(self, active: Sequence[Hunt]) -> list[list[str | None]]:
        """The texts of all states asked about; ``None`` for one that a constraint refuses."""
        entries = [(hunt.row, state, hunt.options) for hunt in active for state in hunt.asking]
        at = _rows(row for row, _, _ in entries)
        made = self.asking.made(at, self.pool.edits_for(entries))
        kept = self.asking.allowed(at, made) | np.array([not _whole(state) for _, state, _ in entries])
        texts = iter(pc.if_else(pa.array(kept), made.texts, pa.scalar(None, made.texts.type)).to_pylist())
        return [[next(texts) for _ in hunt.asking] for hunt in active]

    def _ask(self, wanted: Sequence[tuple[Hunt, list[str]]]) -> None:
        texts = [text for _, some in wanted for text in some]
        if not texts:
            return
        scores = iter(self.asking.scores(_rows(hunt.row for hunt, some in wanted for _ in some), texts))
        for hunt, some in wanted:
            hunt.said.update({text: next(scores) for text in some})


def _rows(rows: Iterator[int]) -> Ints:
    return np.array(list(rows), dtype=np.int64)
