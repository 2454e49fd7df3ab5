"""The limits of a run: what a call may cost is reserved in the journal before it is sent, and settled after.

The reservations stand in the file that all processes of the run share, so that a limit holds for them together. What a
killed process had reserved counts as spent: its call may well have been answered and paid.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from fairloom.modelling.journal import Journal
from fairloom.modelling.sharing import Shared
from fairloom.reading.recipespec import ModelSpec

_MILLION = 1_000_000


@attrs.define(eq=False)
class Limits:
    """The ``Meter`` of one model. ``reached`` says which limit stopped it last.

    Where the recipe sets no limit nothing need be reserved, and what was spent is counted here until ``flush``.
    """

    name: str
    spec: ModelSpec
    journal: Journal
    reached: str | None = None
    clock: Callable[[], float] = time.time
    _counted: list[tuple[int, float]] = attrs.field(factory=list, init=False)

    @property
    def limited(self) -> bool:
        """Whether the recipe sets any limit."""
        spec = self.spec
        return any(each is not None for each in (spec.max_calls, spec.max_tokens, spec.max_cost, spec.max_seconds))

    def reserve(self, prompt_tokens: int, answer_tokens: int) -> int | None:
        """A ticket for one call, or ``None`` where it might exceed a limit."""
        tokens, cost = prompt_tokens + answer_tokens, self.cost(prompt_tokens, answer_tokens)
        if not self.limited:
            self._counted.append((tokens, cost))
            return len(self._counted) - 1
        with self.journal.writing() as connection:
            self.reached = self._reached(connection, tokens, cost)
            if self.reached:
                return None
            values = (*self._mine, tokens, cost)
            return connection.execute(
                "INSERT INTO reserved (run, model, tokens, cost) VALUES (?, ?, ?, ?)", values
            ).lastrowid

    def settle(self, ticket: int, prompt_tokens: int | None = None, answer_tokens: int | None = None) -> None:
        """Put what the call came to in place of its reservation; left out, the whole reservation."""
        known = prompt_tokens is not None and answer_tokens is not None
        tokens = (prompt_tokens or 0) + (answer_tokens or 0)
        cost = self.cost(prompt_tokens or 0, answer_tokens or 0)
        if not self.limited:
            if known:
                self._counted[ticket] = (tokens, cost)
            return
        with self.journal.writing() as connection:
            found = connection.execute(
                "DELETE FROM reserved WHERE ticket = ? RETURNING tokens, cost", (ticket,)
            ).fetchone()
            if found is None:
                return
            if not known:
                tokens, cost = found
            _spend(connection, self._mine, 1, tokens, cost)

    def draw(self, quota: str, *, rate: float, burst: float, amount: float) -> float:
        """Draw from a quota that all processes of the run share: the seconds until that may be used."""
        with self.journal.writing() as connection:
            return self._shared(connection).draw(quota, rate=rate, burst=burst, amount=amount)

    def places(self, most: int, *, wanted: int, held: int, seconds: float) -> int:
        """How many of the calls that may be under way at once for the whole run are this process's."""
        with self.journal.writing() as connection:
            return self._shared(connection).places(most, wanted=wanted, held=held, seconds=seconds)

    @contextmanager
    def together(self) -> Iterator[None]:
        """One transaction for all that is settled and done inside."""
        with self.journal.writing():
            yield

    def flush(self) -> None:
        """Write down what was counted here."""
        if self._counted:
            tokens, cost = sum(each for each, _ in self._counted), sum(each for _, each in self._counted)
            with self.journal.writing() as connection:
                _spend(connection, self._mine, len(self._counted), tokens, cost)
            self._counted.clear()

    def begin(self) -> None:
        """The run starts or goes on: what a killed process left reserved is spent, the seconds count anew."""
        with self.journal.writing() as connection:
            left = connection.execute(_LEFT, self._mine).fetchone()
            _spend(connection, self._mine, *left)
            connection.execute("DELETE FROM reserved WHERE run = ? AND model = ?", self._mine)
            connection.execute("DELETE FROM places WHERE run = ? AND model = ?", self._mine)
            connection.execute("UPDATE spent SET began = 0 WHERE run = ? AND model = ?", self._mine)

    def spent(self) -> dict[str, Any]:
        """Calls, tokens and cost so far, with what is reserved for calls under way."""
        with self.journal.writing() as connection:
            calls, tokens, cost, _ = self._so_far(connection)
        return {"calls": calls, "tokens": tokens, "cost": cost}

    def cost(self, prompt_tokens: float, answer_tokens: float) -> float:
        """By the prices of the recipe; 0 where it gives none."""
        prompt, answer = self.spec.prompt_price or 0.0, self.spec.answer_price or 0.0
        return (prompt_tokens * prompt + answer_tokens * answer) / _MILLION

    @property
    def _mine(self) -> tuple[str, str]:
        return self.journal.run, self.name

    def _shared(self, connection: sqlite3.Connection) -> Shared:
        return Shared(connection, *self._mine, self.clock())

    def _reached(self, connection: sqlite3.Connection, tokens: int, cost: float) -> str | None:
        """The limit that one more call might exceed, in the words of the recipe."""
        spec = self.spec
        calls, used, paid, began = self._so_far(connection)
        now = self.clock()
        if not began:
            _spend(connection, self._mine, 0, 0, 0.0)
            connection.execute("UPDATE spent SET began = ? WHERE run = ? AND model = ?", (now, *self._mine))
        elapsed = now - (began or now)
        for key, limit, would in (
            ("max_calls", spec.max_calls, calls + 1),
            ("max_tokens", spec.max_tokens, used + tokens),
            ("max_cost", spec.max_cost, paid + cost),
            ("max_seconds", spec.max_seconds, elapsed),
        ):
            if limit is not None and would > limit:
                return f"{key} = {limit:g}"
        return None

    def _so_far(self, connection: sqlite3.Connection) -> tuple[int, int, float, float]:
        calls, tokens, cost, began = connection.execute(_SPENT, self._mine).fetchone() or (0, 0, 0.0, 0.0)
        more_calls, more_tokens, more_cost = connection.execute(_LEFT, self._mine).fetchone()
        return calls + more_calls, tokens + more_tokens, cost + more_cost, began


_SPENT = "SELECT calls, tokens, cost, began FROM spent WHERE run = ? AND model = ?"
_LEFT = "SELECT count(*), coalesce(sum(tokens), 0), coalesce(sum(cost), 0.0) FROM reserved WHERE run = ? AND model = ?"
_SPEND = """
INSERT INTO spent VALUES (?, ?, ?, ?, ?, 0) ON CONFLICT (run, model) DO UPDATE SET
  calls = calls + excluded.calls, tokens = tokens + excluded.tokens, cost = cost + excluded.cost
"""


def _spend(connection: sqlite3.Connection, mine: tuple[str, str], calls: int, tokens: int, cost: float) -> None:
    connection.execute(_SPEND, (*mine, calls, tokens, cost))
