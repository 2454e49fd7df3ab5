"""An attack on the rows of a batch: what is wanted, what may be done, and what is known of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.attacks import Candidates, Scores, Searches
from fairloom.batch import spans_of
from fairloom.draws import Ints
from fairloom.editing import Applied, apply
from fairloom.edits import Edits, edits_of
from fairloom.predictors import Bools, OpenPredictor
from fairloom.problems import PluginError
from fairloom_adversarial.constraints import Constraints


@attrs.frozen(eq=False)
class Aim:
    """What the setting ``goal`` named."""

    use: str
    goal: Scores

    @property
    def goes_on(self) -> bool:
        """Whether a search is to look for the smallest score, and not to end at the first that reaches the goal."""
        return bool(getattr(self.goal, "goes_on", False))

    @property
    def in_family(self) -> bool:
        """Whether rows are held against the first row of their family."""
        return bool(getattr(self.goal, "in_family", False))

    def score(self, candidates: Candidates) -> list[float]:
        """The distance of each candidate, or ``PluginError`` for what is none."""
        scores = np.asarray(self.goal.score(candidates), dtype=np.float64)
        if scores.shape != (len(candidates.texts),) or not bool(np.isfinite(scores).all()):
            raise PluginError(
                f"goal {self.use} answered no finite number for each of {len(candidates.texts)} candidates"
            )
        found: list[float] = scores.tolist()
        return found


@attrs.frozen(eq=False)
class Means:
    """What an attack works with, the same for every batch."""

    model: OpenPredictor
    aim: Aim
    search: Searches
    constraints: Constraints
    field: str


@attrs.frozen(eq=False)
class Victims:
    """The rows of a batch that are attacked, one entry per row everywhere.

    ``before`` is what the model named for the row before any edit, ``first`` what for the first row of its family.
    """

    rows: pa.RecordBatch
    labels: pa.Array
    before: pa.Array
    first: pa.Array

    def texts(self, field: str) -> Any:
        """The texts before any edit."""
        return self.rows.column(field)


@attrs.frozen(eq=False)
class Asking:
    """Candidates of victims, made, judged and scored."""

    means: Means
    victims: Victims

    def made(self, at: Ints, edits: Edits) -> Applied:
        """The candidates that ``edits`` make of the victims ``at``; spans and lineage only where they are judged."""
        places = pa.array(at, pa.int64())
        texts = self.victims.texts(self.means.field).take(places)
        if not self.means.constraints.filters:
            return apply(texts, None, edits)
        beside = dict(self._beside(places))
        return apply(texts, beside.get("spans"), edits, earlier=beside.get("edits"))

    def _beside(self, places: pa.Array) -> Iterator[tuple[str, Any]]:
        names = (("spans", spans_of(self.means.field)), ("edits", edits_of(self.means.field)))
        there = self.victims.rows.schema.names
        yield from ((key, self.victims.rows.column(name).take(places)) for key, name in names if name in there)

    def allowed(self, at: Ints, candidates: Applied) -> Bools:
        """Whether the constraints keep each of the candidates."""
        if not self.means.constraints.filters or not at.size:
            return np.ones(at.size, np.bool_)
        return self.means.constraints.allow(self.victims.rows.take(pa.array(at, pa.int64())), candidates)

    def scores(self, at: Ints, texts: list[str]) -> list[float]:
        """How far texts of the victims ``at`` are from the goal."""
        asked, places = pa.array(texts, pa.string()), pa.array(at, pa.int64())
        victims = self.victims
        return self.means.aim.score(
            Candidates(
                found=self.means.model.predict(asked),
                texts=asked,
                originals=victims.texts(self.means.field).take(places),
                labels=victims.labels.take(places),
                before=victims.before.take(places),
                first=victims.first.take(places),
            )
        )
