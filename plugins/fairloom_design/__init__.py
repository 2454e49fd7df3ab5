"""Designs: which levels every row of a dataset gets, decided before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import Sampler
from fairloom.hooks import hookimpl
from fairloom_design import balanced, factorial, independent


@hookimpl
def fairloom_samplers() -> Iterable[Sampler]:
    """The designs ``balanced``, ``factorial`` and ``independent``."""
    yield Sampler(
        name="balanced",
        summary="every margin even to within one row, pairs nearly independent, at any number of rows",
        plans="design",
        config=balanced.BalancedConfig,
        build=balanced.build,
        scope="dataset",
    )
    yield Sampler(
        name="factorial",
        summary="every combination of levels, in order",
        plans="design",
        config=factorial.FactorialConfig,
        build=factorial.build,
        scope="dataset",
    )
    yield Sampler(
        name="independent",
        summary="independent uniform draws, balanced in nothing, for comparison",
        plans="design",
        config=independent.IndependentConfig,
        build=independent.build,
        scope="dataset",
    )
