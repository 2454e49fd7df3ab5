"""Counterfactuals measured: does the model use the reason, and is the reason all that was changed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Filter, Metric
from fairloom.hooks import hookimpl
from fairloom_counterfactual import closeness, consistency, fluency, verified

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_filters() -> Iterator[Filter]:
    """The filter ``verified``."""
    yield Filter(
        name="verified",
        summary="Keeps the rows whose label named models find there too: the verifier of edits that may turn it.",
        config=verified.Verified,
        build=verified.build,
        needs=("predictor",),
    )


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``consistency``, ``closeness`` and ``fluency``."""
    yield Metric(
        name="consistency",
        summary="Share of the families a named model gets right altogether; flips, violations, directions.",
        config=consistency.Consistency,
        build=consistency.build,
        needs=("predictor",),
    )
    yield Metric(
        name="closeness",
        summary="Share of the words in which the rows of a family differ; how much of that is in the factor.",
        config=closeness.Closeness,
        build=closeness.build,
    )
    yield Metric(
        name="fluency",
        summary="How much stranger the changed rows of families are than the first ones, by character n-grams.",
        config=fluency.Fluency,
        build=fluency.build,
    )
