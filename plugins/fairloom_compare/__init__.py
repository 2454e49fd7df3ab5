"""Metrics that hold the rows against reference rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric
from fairloom.hooks import hookimpl
from fairloom_compare import label_shares, lengths, psi, vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``label_shares``, ``lengths``, ``vocabulary``, ``psi`` and ``joint``."""
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
    yield Metric(
        name="vocabulary",
        summary="Words in common with reference rows, at equal size, beside what two parts of these have in common.",
        config=vocabulary.Vocabulary,
        build=vocabulary.build,
        needs=("reference",),
    )
    yield Metric(
        name="psi",
        summary="Population stability index of one column against reference rows or a profile.",
        config=psi.Psi,
        build=psi.build_psi,
        needs=("reference",),
    )
    yield Metric(
        name="joint",
        summary="Distance between joint tables of columns here and in reference rows or a profile.",
        config=psi.Joint,
        build=psi.build_joint,
        needs=("reference",),
    )
