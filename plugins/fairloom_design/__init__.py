"""Designs: which levels every row of a dataset gets, decided before anything is written."""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import Sampler
from fairloom.hooks import hookimpl
from fairloom_design import balanced, covering, factorial, independent, profile, proportions, raked, uniform, weighted
from fairloom_design import replay as replaying
from fairloom_design import zip as zipped


@hookimpl
def fairloom_samplers() -> Iterable[Sampler]:
    """Every design."""
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
    yield Sampler(
        name="proportions",
        summary="given shares of some axes, exact by largest remainder, and everything else even",
        plans="design",
        config=proportions.ProportionsConfig,
        build=proportions.build,
        scope="dataset",
    )
    yield Sampler(
        name="raked",
        summary="given margins and joint tables, each kept to within one row, and everything else even",
        plans="design",
        config=raked.RakedConfig,
        build=raked.build,
        scope="dataset",
    )
    yield Sampler(
        name="profile",
        summary="the margins and joint tables of real data, with chosen pairs made independent",
        plans="design",
        config=profile.ProfileConfig,
        build=profile.build,
        scope="dataset",
    )
    yield Sampler(
        name="weighted",
        summary="independent draws in which some levels weigh more, balanced in nothing, for comparison",
        plans="design",
        config=weighted.WeightedConfig,
        build=weighted.build,
        scope="dataset",
    )
    yield Sampler(
        name="covering",
        summary="few rows that hold every combination of two levels, or of more, balanced in nothing",
        plans="design",
        config=covering.CoveringConfig,
        build=covering.build,
        scope="dataset",
    )
    yield Sampler(
        name="uniform",
        summary="every possible combination equally likely, drawn with replacement, for comparison",
        plans="design",
        config=uniform.UniformConfig,
        build=uniform.build,
        scope="dataset",
    )
    yield Sampler(
        name="zip",
        summary="levels aligned by index: the first of each factor, the second of each, and so on",
        plans="design",
        config=zipped.ZipConfig,
        build=zipped.build,
        scope="dataset",
    )
    yield Sampler(
        name="replay",
        summary="the levels of a table, row for row and in its order",
        plans="design",
        config=replaying.ReplayConfig,
        build=replaying.build,
        scope="dataset",
    )
