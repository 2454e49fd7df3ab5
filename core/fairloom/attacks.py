"""What attacks are made of: changes of a text, goals that score candidates, searches that choose among them.

A perturbation (``fairloom.edits.Perturbs``) proposes edits over the text as it is; those that belong together are one
``Change``. A *state* is a set of changes. A search says which states of a row to ask about and is told how far each is
from the goal; it never sees the model. So goals, searches, edits and models can be combined freely.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from typing import Protocol

import attrs
import pyarrow as pa

from fairloom.draws import Draw
from fairloom.predictors import Floats, Prediction

State = tuple[int, ...]
"""A set of changes by number, ascending. One negative number is a probe: the text without word ``-1 - number`` of
``Options.words``. A probe can be asked about, and is never a result."""

Questions = Generator[list[State], list[float], None]
"""A search at work: it yields states to ask about and is sent their scores, in the same order."""

_WORD = re.compile(r"\S+")


@attrs.frozen
class Change:
    """Edits made together: where they stand (starts and ends in code points), what they cost, which edits they are.

    ``cost`` is in characters: of every edit the longer of its two sides. ``lines`` are the caller's.
    """

    places: tuple[tuple[int, int], ...]
    cost: int
    lines: tuple[int, ...] = ()

    def touches(self, other: Change) -> bool:
        """Whether the two cannot be made together."""
        return any(_overlap(mine, theirs) for mine in self.places for theirs in other.places)

    def reaches(self, word: tuple[int, int]) -> bool:
        """Whether some edit is in the word or at its borders."""
        return any(start <= word[1] and end >= word[0] for start, end in self.places)


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] == other[0] or (one[0] < other[1] and other[0] < one[1])


@attrs.define(eq=False)
class Options:
    """What a search may do with one row: its changes, and at most how many of them at what cost."""

    text: str
    changes: list[Change]
    most: int
    most_cost: float
    words: list[tuple[int, int]] = attrs.field(init=False)
    """Where the words are that some change reaches, in order."""

    def __attrs_post_init__(self) -> None:
        """Find the words, once."""
        words = [match.span() for match in _WORD.finditer(self.text)]
        self.words = [word for word in words if self.at(word)]

    def at(self, word: tuple[int, int]) -> list[int]:
        """The changes that reach this word."""
        return [number for number, change in enumerate(self.changes) if change.reaches(word)]

    def extended(self, state: State) -> Iterator[State]:
        """The state with one more change, for every change that fits."""
        for number in range(len(self.changes)):
            if self.fits(state, number):
                yield with_change(state, number)

    def fits(self, state: State, number: int) -> bool:
        """Whether the change can be made beside those of the state, within the limits."""
        change = self.changes[number]
        if number in state or len(state) >= self.most:
            return False
        chosen = [self.changes[other] for other in state]
        cost = change.cost + sum(other.cost for other in chosen)
        return cost <= self.most_cost and not any(change.touches(other) for other in chosen)


def with_change(state: State, number: int) -> State:
    """The state with one more change."""
    return tuple(sorted((*state, number)))


@attrs.frozen(eq=False)
class Candidates:
    """What a goal scores: one entry per candidate in every field, the rows of a candidate's original beside it.

    ``found`` is what the model says of ``texts``; ``originals`` are the texts before any edit and ``before`` the
    labels that the model named for them; ``labels`` are the labels of the rows. Where the goal has ``in_family``,
    ``first`` is the label that the model names for the first row of the family, and else the same as ``before``.
    """

    found: Prediction
    texts: pa.Array
    originals: pa.Array
    labels: pa.Array
    before: pa.Array
    first: pa.Array


class Scores(Protocol):
    """What a ``Goal`` builds.

    It may have ``goes_on = True``: then a search is not over with the first state that reaches the goal, and the
    smallest score found within the budget is the result. It may have ``in_family = True``: then it holds rows against
    the first row of their family, which stays as it is.
    """

    def score(self, candidates: Candidates) -> Floats:
        """How far each candidate is from the goal: at most 0 where it is reached, finite, of each candidate alone."""


class Searches(Protocol):
    """What a ``Search`` builds."""

    def questions(self, options: Options, draw: Draw, score: float) -> Questions:
        """Ask about states until there is nothing left to ask; ``score`` is that of the text without any change.

        The caller ends the search when the goal is reached or the budget of the row is used up. A state that a
        constraint of the attack refuses has the score infinity.
        """


__all__ = [
    "Candidates",
    "Change",
    "Options",
    "Questions",
    "Scores",
    "Searches",
    "State",
    "with_change",
]
