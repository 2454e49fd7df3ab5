"""What an attack wants. A score is the distance from the goal: 0 when it is reached."""

from __future__ import annotations

from typing import Any, Literal, Protocol

import attrs
import numpy as np
import pyarrow as pa

from fairloom.predictors import Floats, Prediction

Kind = Literal["wrong", "other", "label", "band"]
_JUST_OVER = 1e-6


class Goal(Protocol):
    """Scores candidates; ``labels`` and ``before`` (what the model said of the originals) have one entry for each."""

    def score(self, found: Prediction, labels: pa.Array, before: pa.Array) -> Floats:
        """The distance of each candidate from the goal."""


@attrs.frozen
class Wrong:
    """The model names another label than the row's (an untargeted attack)."""

    def score(self, found: Prediction, labels: pa.Array, before: pa.Array) -> Floats:  # noqa: ARG002 - the protocol
        """How much surer of the label than of the best other one."""
        return _over(found.margins(labels), found.right(labels))


@attrs.frozen
class Other:
    """The model names another label than it did before the edits: an invariance is broken."""

    def score(self, found: Prediction, labels: pa.Array, before: pa.Array) -> Floats:  # noqa: ARG002 - the protocol
        """How much surer of what it said before than of the best other label."""
        return _over(found.margins(before), found.right(before))


@attrs.frozen
class Named:
    """The model names this label (a targeted attack). A row that has the label is not changed."""

    label: str

    def score(self, found: Prediction, labels: pa.Array, before: pa.Array) -> Floats:  # noqa: ARG002 - the protocol
        """How much less sure of the wanted label than of the best other one."""
        wanted = pa.array([self.label] * len(labels), pa.string())
        return _over(-found.margins(wanted), ~found.right(wanted))


@attrs.frozen
class Within:
    """The model is as sure of the row's label as wanted: its margin is in a band."""

    low: float
    high: float

    def score(self, found: Prediction, labels: pa.Array, before: pa.Array) -> Floats:  # noqa: ARG002 - the protocol
        """The distance of the margin from the band."""
        margins = found.margins(labels)
        return np.maximum(0.0, np.maximum(margins - self.high, self.low - margins))


def _over(sure: Floats, missed: Any) -> Floats:
    """``sure`` where the goal is missed (a little more where the model is of two minds), 0 where it is reached."""
    return np.where(missed, np.maximum(sure, _JUST_OVER), 0.0)
