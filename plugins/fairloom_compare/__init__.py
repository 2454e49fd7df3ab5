"""Metrics that hold the rows against reference rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric
from fairloom.hooks import hookimpl
from fairloom_compare import label_shares, lengths

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``label_shares`` and ``lengths``."""
    yield Metric(
        name="label_shares",
        summary="Distance between the shares of the labels here and in reference rows.",
        config=label_shares.LabelShares,
        build=label_shares.build,
        needs=("reference",),
    )
    yield Metric(
        name="lengths",
        summary="Divergence between the lengths of the texts here and in reference rows.",
        config=lengths.Lengths,
        build=lengths.build,
        needs=("reference",),
    )
