"""The goals: what an attack wants of a model. A score is the distance from the goal, at most 0 when it is reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.attacks import Candidates
from fairloom.components import Goal
from fairloom.predictors import Floats
from fairloom.problems import RecipeError, did_you_mean

if TYPE_CHECKING:
    from fairloom.components import Tools

_JUST_OVER = 1e-6
_WORD = r"\S+"


@attrs.frozen(kw_only=True)
class NoSettings:
    """A goal that needs nothing said."""


@attrs.frozen(kw_only=True)
class TargetSettings:
    """Settings of ``adversarial.target``."""

    label: str = attrs.field(metadata={"help": "the label of the task that the model is to name"})


@attrs.frozen(kw_only=True)
class MarginSettings:
    """Settings of ``adversarial.margin``."""

    between: tuple[float, float] = attrs.field(
        default=(-0.2, 0.2),
        metadata={"help": "smallest and largest margin wanted: how sure the model is of the label, from -1 to 1"},
    )

    @between.validator
    def _ordered(self, _field: object, value: tuple[float, float]) -> None:
        if not -1 <= value[0] <= value[1] <= 1:
            raise RecipeError.of(f"goes from -1 to 1, smallest first, got {list(value)}", "between")


@attrs.frozen
class Wrong:
    """The model names another label than the row's (an untargeted attack)."""

    def score(self, candidates: Candidates) -> Floats:
        """How much surer of the label than of the best other one."""
        found, labels = candidates.found, candidates.labels
        return _over(found.margins(labels), found.right(labels))


@attrs.frozen
class Other:
    """The model names another label than it did before the edits: an invariance is broken."""

    def score(self, candidates: Candidates) -> Floats:
        """How much surer of what it said before than of the best other label."""
        found, before = candidates.found, candidates.before
        return _over(found.margins(before), found.right(before))


@attrs.frozen
class Target:
    """The model names this label (a targeted attack). A row that has the label is not changed."""

    label: str

    def score(self, candidates: Candidates) -> Floats:
        """How much less sure of the wanted label than of the best other one."""
        wanted = pa.array([self.label] * len(candidates.labels), pa.string())
        return _over(-candidates.found.margins(wanted), ~candidates.found.right(wanted))


@attrs.frozen
class Margin:
    """The model is as sure of the row's label as wanted: its margin is in a band."""

    low: float
    high: float

    def score(self, candidates: Candidates) -> Floats:
        """The distance of the margin from the band."""
        margins = candidates.found.margins(candidates.labels)
        return np.maximum(0.0, np.maximum(margins - self.high, self.low - margins))


@attrs.frozen
class Invariance:
    """The model names for a row another label than for the first row of its family, which is left as it is."""

    in_family = True

    def score(self, candidates: Candidates) -> Floats:
        """How much surer of what it says of the family's first row than of the best other label."""
        found, first = candidates.found, candidates.first
        return _over(found.margins(first), found.right(first))


@attrs.frozen
class Reduction:
    """The model still names what it named before, and as few words as possible are left.

    Feng et al., "Pathologies of Neural Models Make Interpretations Difficult" (EMNLP 2018), section 2.
    """

    goes_on = True

    def score(self, candidates: Candidates) -> Floats:
        """The share of words that is left, less 1; above 0 where the model has changed its mind.

        Of equals the one of which the model is surest comes first, so that a search leaves out unimportant words.
        """
        found, before = candidates.found, candidates.before
        left = _words(candidates.texts) / np.maximum(_words(candidates.originals), 1)
        sure = found.margins(before)
        return np.where(found.right(before), left - 1 - _JUST_OVER * sure, 1 - sure)


def _words(texts: Any) -> Floats:
    counted = pc.count_substring_regex(texts, _WORD).to_numpy(zero_copy_only=False)
    return np.asarray(counted, dtype=np.float64)


def _over(sure: Floats, missed: Any) -> Floats:
    """``sure`` where the goal is missed (a little more where the model is of two minds), 0 where it is reached."""
    return np.where(missed, np.maximum(sure, _JUST_OVER), 0.0)


def offered() -> Iterator[Goal]:
    """The goals of this plugin."""
    yield Goal(
        name="wrong",
        summary="The model names another label than the row's.",
        config=NoSettings,
        build=lambda _config, _tools: Wrong(),
    )
    yield Goal(
        name="other",
        summary="The model names another label than it did before any edit.",
        config=NoSettings,
        build=lambda _config, _tools: Other(),
    )
    yield Goal(name="target", summary="The model names the label that is wanted.", config=TargetSettings, build=_target)
    yield Goal(
        name="margin",
        summary="The model is as sure of the row's label as is wanted.",
        config=MarginSettings,
        build=lambda config, _tools: Margin(*config.between),
    )
    yield Goal(
        name="invariance",
        summary="The model names another label than for the first row of the family, which is left as it is.",
        config=NoSettings,
        build=lambda _config, _tools: Invariance(),
    )
    yield Goal(
        name="reduction",
        summary="The model names what it named before, though as few words as possible are left.",
        config=NoSettings,
        build=lambda _config, _tools: Reduction(),
    )


def _target(config: TargetSettings, tools: Tools) -> Target:
    if config.label not in tools.task.labels:
        hint = did_you_mean(config.label, tools.task.labels)
        raise RecipeError.of(f"the task has no label {config.label!r}", "label", suggestion=hint)
    return Target(config.label)
