"""Lint: faults of the written data that a reader would see at once, counted over the final rows.

``lint.articles`` counts rows with a wrong "a" or "an"; ``lint.share`` is the largest share that one
level of a factor has; ``lint.braces``, ``lint.encoding`` and ``lint.missing`` count rows with template syntax,
wrongly decoded characters, and values such as "nan". ``lint.surface`` counts rows that surface rules changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric
from fairloom.hooks import hookimpl
from fairloom_lint.articles import Articles, ArticlesConfig
from fairloom_lint.marks import Marks, MarksConfig
from fairloom_lint.share import Share, ShareConfig
from fairloom_lint.surface import Surface, SurfaceConfig

if TYPE_CHECKING:
    from collections.abc import Iterable


@hookimpl
def fairloom_metrics() -> Iterable[Metric]:
    """All the metrics."""
    yield Metric(
        name="articles",
        summary="Counts rows with a wrong English article, by the sound of the word after it.",
        config=ArticlesConfig,
        build=Articles.build,
    )
    yield Metric(
        name="share",
        summary="Largest share of the rows that one level of a factor has.",
        config=ShareConfig,
        build=Share.build,
    )
    yield Metric(
        name="braces",
        summary="Counts rows with template syntax left in the text.",
        config=MarksConfig,
        build=Marks.braces,
    )
    yield Metric(
        name="encoding",
        summary="Counts rows with wrongly decoded characters.",
        config=MarksConfig,
        build=Marks.encoding,
    )
    yield Metric(
        name="missing",
        summary='Counts rows in which a slot was filled with "nan", "None" or the like.',
        config=MarksConfig,
        build=Marks.values,
    )
    yield Metric(
        name="surface",
        summary="Counts rows that surface rules changed, or would change, by rule.",
        config=SurfaceConfig,
        build=Surface.build,
    )
