"""Metrics that look for shortcuts: surface features that give the label away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric
from fairloom.hooks import hookimpl
from fairloom_shortcut import surface, token

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``token`` and ``surface``."""
    yield Metric(
        name="token",
        summary="Number of tokens that give the label away, outside declared cues (competency z-test).",
        config=token.Token,
        build=token.build,
    )
    yield Metric(
        name="surface",
        summary="Largest V between the form of a text (length, punctuation, end) and label or protected groups.",
        config=surface.Surface,
        build=surface.build,
    )
