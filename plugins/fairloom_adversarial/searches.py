"""The searches: each is asked for states to try, is told their scores, and never sees the model.

A score is how far a state is from the goal, 0 when it is reached; the driver (``driving``) asks the model about the
states of all rows at once, counts, and ends a row that reached its goal or used up its queries.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping

import numpy as np

from fairloom.draws import Draw
from fairloom_adversarial.pool import Options, State, with_change

Search = Generator[list[State], list[float], None]
_FRONT = 3
_AT_ONCE = 8


def greedy(options: Options, _draw: Draw, score: float) -> Search:
    """By word importance: the word without which the model is least sure is changed first (Jin et al. 2020).

    Every word that can be changed is left out once; then, the most important first, the best change of each word is
    made if it helps.
    """
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


def beam(options: Options, _draw: Draw, _score: float) -> Search:
    """Breadth first: of all states with one change more, the best few are changed further."""
    front: list[State] = [()]
    for _ in range(options.most):
        tries = list(dict.fromkeys(state for each in front for state in options.extended(each)))
        if not tries:
            return
        scores = yield tries
        front = [tries[place] for place in np.argsort(scores, kind="stable")[:_FRONT].tolist()]


def random(options: Options, draw: Draw, _score: float) -> Search:
    """Sets of changes drawn at random, small ones first, until the queries are used up."""
    for size in range(1, options.most + 1):
        for _ in range(1 + len(options.changes) // _AT_ONCE):
            tries = list(dict.fromkeys(_drawn(options, draw, size) for _ in range(_AT_ONCE)))
            yield [state for state in tries if state]


def _drawn(options: Options, draw: Draw, size: int) -> State:
    order = list(range(len(options.changes)))
    draw.shuffle(order)
    state: State = ()
    for number in order:
        if len(state) < size and options.fits(state, number):
            state = with_change(state, number)
    return state


SEARCHES: Mapping[str, Callable[[Options, Draw, float], Search]] = {"greedy": greedy, "beam": beam, "random": random}
