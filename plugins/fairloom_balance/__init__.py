"""Metrics of balance: how even the counts are, and how much one column says about another."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric
from fairloom.hooks import hookimpl
from fairloom_balance import association, gap, minimal_pairs, roles, selection

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``gap``, ``association``, ``selection``, ``roles`` and ``minimal_pairs``."""
    yield Metric(
        name="gap",
        summary="Largest count less smallest count over every combination of the named columns.",
        config=gap.Gap,
        build=gap.build,
    )
    yield Metric(
        name="association",
        summary="Largest Cramer's V between the named columns, with mutual information and corrected p.",
        config=association.Association,
        build=association.build,
    )
    yield Metric(
        name="selection",
        summary="Smallest selection rate of a group over the largest, for any step: the four-fifths rule.",
        config=selection.Selection,
        build=selection.build,
    )
    yield Metric(
        name="roles",
        summary="Largest Cramer's V between the label and any protected or nuisance factor, with corrected p.",
        config=roles.Roles,
        build=roles.build,
    )
    yield Metric(
        name="minimal_pairs",
        summary="Share of families whose rows differ outside of the spans of what varies inside the family.",
        config=minimal_pairs.MinimalPairs,
        build=minimal_pairs.build,
    )
