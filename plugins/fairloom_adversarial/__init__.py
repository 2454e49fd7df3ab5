"""Rows that a named model finds hard: filters that look for them, a search that makes them, metrics of both."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Filter, Generator, Goal, Metric, Search
from fairloom.hooks import hookimpl
from fairloom_adversarial import accuracy, band, boundary, goals, omit, searches, similar, success, transfer

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_generators() -> Iterator[Generator]:
    """The generators ``omit`` and ``similar``."""
    yield Generator(
        name="omit",
        summary="A word is left out, whatever it is; proposes every word to a search that reduces texts.",
        config=omit.Omit,
        build=omit.build,
    )
    yield Generator(
        name="similar",
        summary="Edits rows by label-keeping perturbations until a named model answers as the goal wants.",
        config=similar.Similar,
        build=similar.build,
        scope="family",
        needs=("predictor",),
    )


@hookimpl
def fairloom_goals() -> Iterator[Goal]:
    """The goals ``wrong``, ``other``, ``target``, ``margin``, ``invariance`` and ``reduction``."""
    yield from goals.offered()


@hookimpl
def fairloom_searches() -> Iterator[Search]:
    """The searches ``greedy``, ``beam`` and ``random``."""
    yield from searches.offered()


@hookimpl
def fairloom_filters() -> Iterator[Filter]:
    """The filters ``band`` and ``boundary``."""
    yield Filter(
        name="band",
        summary="Keeps rows as hard for a named model as wanted; the rest is made again in its cell.",
        config=band.Band,
        build=band.build,
        needs=("predictor",),
    )
    yield Filter(
        name="boundary",
        summary="Keeps in every cell those of several candidates that are nearest to a model's boundary.",
        config=boundary.Boundary,
        build=boundary.build,
        scope="dataset",
        needs=("predictor",),
    )


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``accuracy``, ``success`` and ``transfer``."""
    yield Metric(
        name="accuracy",
        summary="How often a named model is right about the rows, by group.",
        config=accuracy.Accuracy,
        build=accuracy.build,
        needs=("predictor",),
    )
    yield Metric(
        name="success",
        summary="How often adversarial.similar found an edit, by group, what it cost, and which edits win.",
        config=success.Success,
        build=success.build,
    )
    yield Metric(
        name="transfer",
        summary="Which share of the edits found against one model fools another.",
        config=transfer.Transfer,
        build=transfer.build,
        needs=("predictor",),
    )
