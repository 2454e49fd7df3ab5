"""The searches: each asks about states, is told their scores, and never sees the model (``fairloom.attacks``)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import attrs
import numpy as np

from fairloom.attacks import Options, Questions, State, with_change
from fairloom.components import Search
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.draws import Draw


@attrs.frozen(kw_only=True)
class GreedySettings:
    """Settings of ``adversarial.greedy``: there are none."""


@attrs.frozen(kw_only=True)
class BeamSettings:
    """Settings of ``adversarial.beam``."""

    width: int = attrs.field(default=3, metadata={"help": "how many states are changed further in every round"})

    @width.validator
    def _some(self, _field: object, value: int) -> None:
        if value < 1:
            raise RecipeError.of(f"is at least 1, got {value}", "width")


@attrs.frozen(kw_only=True)
class RandomSettings:
    """Settings of ``adversarial.random``."""

    at_once: int = attrs.field(default=8, metadata={"help": "how many sets are drawn before the model is asked"})

    @at_once.validator
    def _some(self, _field: object, value: int) -> None:
        if value < 1:
            raise RecipeError.of(f"is at least 1, got {value}", "at_once")


@attrs.frozen
class Greedy:
    """By word importance: the word without which the model is nearest to the goal is changed first (Jin et al. 2020).

    Every word that can be changed is left out once; then, the most important first, the best change of each word is
    made if it helps.
    """

    def questions(self, options: Options, draw: Draw, score: float) -> Questions:  # noqa: ARG002 - the protocol
        """All words once, then the changes of one word after the other."""
        words = options.words
        if not words:
            return
        without = yield [(-1 - place,) for place in range(len(words))]
        state: State = ()
        for place in np.argsort(without, kind="stable").tolist():
            tries = [with_change(state, number) for number in options.at(words[place]) if options.fits(state, number)]
            if not tries:
                continue
            scores = yield tries
            best = int(np.argmin(scores))
            if scores[best] < score:
                state, score = tries[best], scores[best]


@attrs.frozen
class Beam:
    """Breadth first: of all states with one change more, the best few are changed further."""

    width: int

    def questions(self, options: Options, draw: Draw, score: float) -> Questions:  # noqa: ARG002 - the protocol
        """All states with one change, then those with two, and so on."""
        front: list[State] = [()]
        for _ in range(options.most):
            tries = list(dict.fromkeys(state for each in front for state in options.extended(each)))
            if not tries:
                return
            scores = yield tries
            front = [tries[place] for place in np.argsort(scores, kind="stable")[: self.width].tolist()]


@attrs.frozen
class Random:
    """Sets of changes drawn at random, small ones first: of every size about as many as there are changes."""

    at_once: int

    def questions(self, options: Options, draw: Draw, score: float) -> Questions:  # noqa: ARG002 - the protocol
        """Sets of one change, then of two, and so on."""
        for size in range(1, options.most + 1):
            for _ in range(1 + len(options.changes) // self.at_once):
                tries = list(dict.fromkeys(_drawn(options, draw, size) for _ in range(self.at_once)))
                yield [state for state in tries if state]


def _drawn(options: Options, draw: Draw, size: int) -> State:
    order = list(range(len(options.changes)))
    draw.shuffle(order)
    state: State = ()
    for number in order:
        if len(state) < size and options.fits(state, number):
            state = with_change(state, number)
    return state


def offered() -> Iterator[Search]:
    """The searches of this plugin."""
    yield Search(
        name="greedy",
        summary="Word by word, the one first without which the model is nearest to the goal.",
        config=GreedySettings,
        build=lambda _config, _tools: Greedy(),
    )
    yield Search(
        name="beam",
        summary="One change more in every round, of the states that are nearest to the goal.",
        config=BeamSettings,
        build=lambda config, _tools: Beam(config.width),
    )
    yield Search(
        name="random",
        summary="Sets of changes drawn at random, small ones first.",
        config=RandomSettings,
        build=lambda config, _tools: Random(config.at_once),
    )
