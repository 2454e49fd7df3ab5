"""Perturbations: rows that exist, changed by edits that keep spans, labels and families right."""

from __future__ import annotations

from collections.abc import Iterator

from fairloom.components import Generator, Metric
from fairloom.hooks import hookimpl
from fairloom_edits import amount
from fairloom_edits.catalogue import characters
from fairloom_edits.catalogue_whole import whole
from fairloom_edits.catalogue_words import words


@hookimpl
def fairloom_generators() -> Iterator[Generator]:
    """The catalogue."""
    yield from characters()
    yield from words()
    yield from whole()


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metric ``amount``."""
    yield Metric(
        name="amount",
        summary="Share of the characters that were edited, edits per row, by rule and by group.",
        config=amount.AmountSettings,
        build=amount.build,
    )
