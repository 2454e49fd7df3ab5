"""Driving the searches of a batch side by side: one call of the model serves every row's next question.

A query is a text that one row's search had to know about; the same text again is free, the same text of another row is
not. So what a search costs, and where its budget ends, depends on its row alone and not on the batch or the cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
import pyarrow as pa

from fairloom.editing import apply
from fairloom.predictors import OpenPredictor
from fairloom_adversarial.goals import Goal
from fairloom_adversarial.pool import Options, Pool, State
from fairloom_adversarial.searches import Search

FOUND, ALREADY, FAILED, SPENT, NOTHING = "found", "already", "failed", "spent", "nothing to change"


@attrs.define(eq=False)
class Hunt:
    """One row's search: what it asked, what it cost, and how it ended. ``row`` is its place in the batch."""

    row: int
    options: Options
    search: Search
    left: int
    said: dict[str, float]
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
            self.asking = next(self.search) if scores is None else self.search.send(scores)
            while not self.asking:
                self.asking = self.search.send([])
        except StopIteration:
            self.status, self.asking = FAILED, []

    def affordable(self, texts: Sequence[str]) -> list[str]:
        """The texts it may ask about: those it knows, and new ones in order until the budget ends."""
        new = list(dict.fromkeys(text for text in texts if text not in self.said))[: self.left]
        self.left -= len(new)
        self.queries += len(new)
        return new

    def hear(self, texts: Sequence[str]) -> None:
        """Go on with the scores, or end: with the smallest state that reached the goal, or without."""
        known = [(state, self.said.get(text)) for state, text in zip(self.asking, texts, strict=True)]
        reached = [state for state, score in known if score == 0 and state[0] >= 0]
        if reached:
            self.status, self.state = FOUND, min(reached, key=self._cost)
        elif any(score is None for _, score in known):
            self.status = SPENT
        else:
            self._next([score for _, score in known if score is not None])

    def _cost(self, state: State) -> int:
        return sum(self.options.changes[number].cost for number in state)


@attrs.frozen(eq=False)
class Driver:
    """Asks the model for the searches of a batch. ``texts``, ``labels`` and ``before`` are those of its rows."""

    model: OpenPredictor
    goal: Goal
    pool: Pool
    texts: pa.Array
    labels: pa.Array
    before: pa.Array

    def drive(self, hunts: Sequence[Hunt]) -> None:
        """Until every search has ended."""
        for hunt in hunts:
            hunt.start()
        while active := [hunt for hunt in hunts if not hunt.status]:
            asked = self._candidates(active)
            self._ask([(hunt, hunt.affordable(texts)) for hunt, texts in zip(active, asked, strict=True)])
            for hunt, texts in zip(active, asked, strict=True):
                hunt.hear(texts)

    def _candidates(self, active: Sequence[Hunt]) -> list[list[str]]:
        """The texts of all states asked about."""
        entries = [(hunt.row, state, hunt.options) for hunt in active for state in hunt.asking]
        originals = self.texts.take(pa.array([row for row, _, _ in entries], pa.int64()))
        texts = iter(apply(originals, None, self.pool.edits_for(entries)).texts.to_pylist())
        return [[next(texts) for _ in hunt.asking] for hunt in active]

    def _ask(self, wanted: Sequence[tuple[Hunt, list[str]]]) -> None:
        texts = [text for _, some in wanted for text in some]
        if not texts:
            return
        rows = pa.array([hunt.row for hunt, some in wanted for _ in some], pa.int64())
        found = self.model.predict(pa.array(texts, pa.string()))
        scores = iter(self.goal.score(found, self.labels.take(rows), self.before.take(rows)).tolist())
        for hunt, some in wanted:
            hunt.said.update({text: next(scores) for text in some})


def plain_labels(column: Any) -> pa.Array:
    """Labels as strings."""
    decoded = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    return decoded.cast(pa.string())
