"""Lint: faults of the written data that a reader would see at once, counted over the final rows.

``lint.articles`` counts rows with a wrong "a" or "an"; ``lint.share`` is the largest share that one
level of a factor has.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import Metric
from fairloom.hooks import hookimpl
from fairloom_lint.articles import Articles, ArticlesConfig
from fairloom_lint.share import Share, ShareConfig


@hookimpl
def fairloom_metrics() -> Iterable[Metric]:
    """The two metrics."""
    yield Metric(
        name="articles",
        summary="rows with a wrong English article: `a` before a vowel sound, `an` before a consonant sound",
        config=ArticlesConfig,
        build=Articles.build,
    )
    yield Metric(
        name="share",
        summary="the largest share of the rows that one level of a factor has",
        config=ShareConfig,
        build=Share.build,
    )
