"""What a classifier answers, and how components ask one: texts in, a probability for every label out.

A generator, filter or metric with a setting that names one of the recipe's ``[predictors.NAME]`` finds the opened
predictor in ``tools.predictors``. What stands between it and the model (every text asked once, batches, the cache of
the run, the budget) is the core's business and the same for every predictor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom.batch import decoded

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def _tuple(labels: Iterable[str]) -> tuple[str, ...]:
    return tuple(labels)


@attrs.frozen(eq=False)
class Prediction:
    """``probabilities`` has one line per text and one column per label, in the order of ``labels``."""

    labels: tuple[str, ...] = attrs.field(converter=_tuple)
    probabilities: Floats

    @property
    def best(self) -> pa.Array:
        """The most probable label of each text; of equals the one that stands first."""
        return pa.array(self.labels, pa.string()).take(pa.array(np.argmax(self.probabilities, axis=1)))

    def of(self, labels: Any) -> Floats:
        """The probability of one label per text; 0 where the predictor does not know the label."""
        places = self._places(labels)
        found = self.probabilities[np.arange(len(places)), np.maximum(places, 0)]
        return np.asarray(np.where(places >= 0, found, 0.0), dtype=np.float64)

    def margins(self, labels: Any) -> Floats:
        """How sure the model is of these labels: their probability less that of the best other label.

        From 1 (sure of it) over 0 (on the boundary) to -1 (sure of another one). Below 0 the model is wrong.
        """
        places = self._places(labels)
        others = self.probabilities.copy()
        known = np.flatnonzero(places >= 0)
        others[known, places[known]] = -np.inf
        return np.asarray(self.of(labels) - np.maximum(others.max(axis=1), 0.0), dtype=np.float64)

    def right(self, labels: Any) -> Bools:
        """Whether the most probable label is this one."""
        places = self._places(labels)
        return np.asarray(np.argmax(self.probabilities, axis=1) == places, dtype=np.bool_)

    def _places(self, labels: Any) -> npt.NDArray[np.int64]:
        known = {label: place for place, label in enumerate(self.labels)}
        coded = decoded(labels).cast(pa.string()).dictionary_encode()
        table = np.array([known.get(label, -1) for label in coded.dictionary.to_pylist()] + [-1], dtype=np.int64)
        places: npt.NDArray[np.int64] = table[coded.indices.fill_null(-1).to_numpy(zero_copy_only=False)]
        return places


class Predicts(Protocol):
    """What a ``Predictor`` builds. Building must be cheap: what is slow (training, loading) waits for the first text.

    ``identity`` is everything that decides an answer, as plain data: settings and versions, never a secret. It may also
    have ``source``, plain data that say which model it is under whatever settings: one that is attacked verifies
    nothing. Left out, it is ``identity``.
    """

    identity: Mapping[str, Any]

    def predict(self, texts: pa.Array) -> Prediction:
        """The probabilities of these texts (strings without nulls), in their order: a function of each text alone."""


class OpenPredictor(Protocol):
    """A predictor as components find it in ``tools.predictors``: every text asked once, cached, within its budget."""

    name: str

    def predict(self, texts: Any) -> Prediction:
        """The probabilities of these texts, in their order. A null is asked as an empty text."""
