"""Predictors: classifiers that a recipe names under ``[predictors.NAME]``, and a metric of what they fail.

Nothing is unpickled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric, Predictor
from fairloom.hooks import hookimpl
from fairloom_predict import behaviour, http, sklearn, transformers

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_predictors() -> Iterator[Predictor]:
    """The predictors ``sklearn``, ``http`` and ``transformers``."""
    yield Predictor(
        name="sklearn",
        summary="Logistic regression on TF-IDF, trained inside the run on named reference rows.",
        config=sklearn.Sklearn,
        build=sklearn.build,
        needs=("reference",),
    )
    yield Predictor(
        name="http",
        summary="Asks an endpoint that takes a JSON list of texts and answers probabilities.",
        config=http.Http,
        build=http.build,
        needs=("network",),
    )
    yield Predictor(
        name="transformers",
        summary="A text-classification pipeline of Hugging Face, from a folder or by name and revision.",
        config=transformers.Transformers,
        build=transformers.build,
    )


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metric ``behaviour``."""
    yield Metric(
        name="behaviour",
        summary="How often a named model fails the tests of a suite, by capability, test and group.",
        config=behaviour.Behaviour,
        build=behaviour.build,
        needs=("predictor",),
    )
