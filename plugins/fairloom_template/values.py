"""Values inside the logic of a template, and the bounds on evaluating it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from fairloom_template.filters import as_text
from fairloom_template.names import Slot

MAX_STEPS = 10_000
"""How many expressions and statements one row of one template may evaluate."""


class LogicError(Exception):
    """A template's logic cannot go on; the message says why, the caller adds where."""


@attrs.frozen
class Value:
    """One value: ``data`` to compare, ``text`` to write (``None``: a missing form), and where it came from.

    ``origin`` is the slot that a span of this value is named after; ``None`` for constants, which
    are written as literal text. ``data`` of a list attribute is a tuple of values.
    """

    data: Any
    text: str | None
    origin: str | None = None

    @classmethod
    def constant(cls, data: Any) -> Value:
        """A constant of the template, or the outcome of a condition."""
        return cls(data, None if data is None else as_text(data))

    def renamed(self, text: str | None) -> Value:
        """The value after a filter: a text of the same origin."""
        return Value(text, text, self.origin)

    def items(self) -> tuple[Value, ...]:
        """The elements of a list.

        Raises:
            LogicError: the value is no list.
        """
        if isinstance(self.data, tuple):
            return self.data
        raise LogicError(f"{self.described()} is not a list, so `for` and `in` cannot go through it")

    def described(self) -> str:
        """For messages: the origin with the value, cut short."""
        shown = "missing" if self.data is None else repr(self.text if self.text is not None else "a list")[:60]
        return f"{self.origin} ({shown})" if self.origin else shown


MISSING = Value(None, None)


@attrs.define
class Budget:
    """What is left to spend on one row of one template."""

    characters: int
    steps: int = MAX_STEPS
    bound: int = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.bound = self.characters

    def step(self, count: int = 1) -> None:
        """Pay for evaluations.

        Raises:
            LogicError: nothing is left.
        """
        self.steps -= count
        if self.steps < 0:
            raise LogicError(
                f"takes more than {MAX_STEPS:,} steps for one row; use shorter lists or fewer nested loops"
            )

    def spend(self, text: str) -> None:
        """Pay for the characters of a text that was made.

        Raises:
            LogicError: nothing is left.
        """
        self.characters -= len(text)
        if self.characters < 0:
            raise LogicError(f"makes more than max_characters = {self.bound:,} characters for one row")


@attrs.define
class Scope:
    """What an expression can see: the values of one combination of levels, and the template's variables."""

    reads: Mapping[Slot, Value]
    budget: Budget
    variables: dict[str, Value] = attrs.field(factory=dict)

    def inner(self, variables: Mapping[str, Value]) -> Scope:
        """The scope of one turn of a loop: what it sets is gone afterwards, as in Jinja."""
        return Scope(self.reads, self.budget, {**self.variables, **variables})
