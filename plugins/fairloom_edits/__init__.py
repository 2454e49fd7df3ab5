"""Perturbations: rows that exist, changed by edits that keep spans, labels and families right."""

from __future__ import annotations

from collections.abc import Iterator

from fairloom.components import Generator
from fairloom.hooks import hookimpl
from fairloom_edits.catalogue import characters


@hookimpl
def fairloom_generators() -> Iterator[Generator]:
    """The catalogue."""
    yield from characters()
