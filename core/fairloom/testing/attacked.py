"""Attacks to try goals and searches on: candidates whose scores are known, and a model that every search can ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.attacks import Candidates, Change, Options, State
from fairloom.batch import ADDRESS, ATTEMPT, LABEL, decoded
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.predictors import Prediction

MOST_ASKED = 5_000
_LONGEST = 300
_NOT_ASKED = ("yes", "no")


def candidates(rows: pa.RecordBatch, tools: Tools) -> Candidates:
    """The texts of the rows as candidates; a model that looks at their length answers for the labels of the task."""
    field = tools.task.fields[0]
    texts = pc.fill_null(rows.column(field).cast(pa.string()), "")
    originals = pc.binary_join_element_wise(texts, "again", " ")
    labels = decoded(rows.column(LABEL)).cast(pa.string()) if LABEL in rows.schema.names else pc.utf8_upper(texts)
    known = tuple(tools.task.labels) or _NOT_ASKED
    before = _predicted(originals, known).best
    return Candidates(_predicted(texts, known), texts, originals, labels, before, first=labels)


def _predicted(texts: pa.Array, labels: tuple[str, ...]) -> Prediction:
    length = pc.utf8_length(texts).to_numpy(zero_copy_only=False).astype(np.int64)
    weights = np.stack([(length * (place + 3)) % 17 + 1.0 for place in range(len(labels))], axis=1)
    return Prediction(labels, weights / weights.sum(axis=1, keepdims=True))


@attrs.frozen(eq=False)
class Asked:
    """What a search asked about one row until it ended, or ``ended`` is false: until it had asked enough."""

    options: Options
    states: list[State]
    ended: bool

    def faults(self) -> Iterator[str]:
        """What is wrong with a state."""
        for state in dict.fromkeys(self.states):
            if len(state) == 1 and -len(self.options.words) <= state[0] < 0:
                continue
            if any(number not in range(len(self.options.changes)) for number in state):
                yield f"asks about {state}, and the row has {len(self.options.changes)} changes"
            elif list(state) != sorted(set(state)):
                yield f"asks about {state}; a state has every change once, ascending"
            elif not all(self.options.fits(state[:place], number) for place, number in enumerate(state)):
                yield f"asks about {state}, whose changes cannot be made together within the limits"


def searched(built: Any, rows: pa.RecordBatch, tools: Tools) -> Iterator[Asked]:
    """What a search asks about every row."""
    texts = pc.fill_null(rows.column(tools.task.fields[0]).cast(pa.string()), "").to_pylist()
    addresses, attempts = (rows.column(name).to_pylist() for name in (ADDRESS, ATTEMPT))
    for text, address, attempt in zip(texts, addresses, attempts, strict=True):
        yield _asked(built, _options(text[:_LONGEST]), tools.draws, address, attempt)


def _options(text: str) -> Options:
    """Every word may lose its first letter, and every second one all of them: these two cannot be made together."""
    words = [match.span() for match in re.finditer(r"\S+", text)]
    small = [Change(((start, start + 1),), 1) for start, _ in words]
    large = [Change(((start, end),), end - start) for start, end in words[::2]]
    return Options(text, small + large, 3, 0.5 * len(text))


def _asked(built: Any, options: Options, draws: Draws, address: int, attempt: int) -> Asked:
    asked = Asked(options, [], ended=True)
    questions = built.questions(options, draws.at(address, attempt), 1.0)
    scores: list[float] | None = None
    try:
        while len(asked.states) < MOST_ASKED:
            states = next(questions) if scores is None else questions.send(scores)
            asked.states.extend(states)
            scores = [_score(state) for state in states]
    except StopIteration:
        return asked
    return attrs.evolve(asked, ended=False)


def _score(state: State) -> float:
    """A score above 0 for every state, so that no search ends early; more changes are a little better."""
    return 1 / (1 + len(state)) + sum(state) % 7 / 100 + 0.2
