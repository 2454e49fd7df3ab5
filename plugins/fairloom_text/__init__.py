"""Filters and metrics that look at the text of a row: structure, length, patterns, duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Filter, Metric
from fairloom.hooks import hookimpl
from fairloom_text import duplicates, language, length, lengths, near_duplicates, pattern, repeats, structure

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_filters() -> Iterator[Filter]:
    """The filters ``structure``, ``length``, ``pattern``, ``language``, ``duplicates`` and ``near_duplicates``."""
    yield Filter(
        name="structure",
        summary="Refuses missing and empty texts, leftover template syntax, control characters and wrong spans.",
        config=structure.Structure,
        build=structure.build,
    )
    yield Filter(
        name="length",
        summary="Bounds the number of words or characters.",
        config=length.Length,
        build=length.build,
    )
    yield Filter(
        name="pattern",
        summary="Patterns, or named sets of patterns, that a text must or must not contain.",
        config=pattern.Pattern,
        build=pattern.build,
    )
    yield Filter(
        name="language",
        summary="Keeps the texts that a language detector takes for one language; needs fairloom[language].",
        config=language.Language,
        build=language.build,
    )
    yield Filter(
        name="duplicates",
        summary="Refuses a row whose text equals that of another family's row, and cites the row that stays.",
        config=duplicates.Duplicates,
        build=duplicates.build,
        scope="dataset",
    )
    yield Filter(
        name="near_duplicates",
        summary="Refuses a row that says almost the same as another family's row, and cites the row that stays.",
        config=near_duplicates.NearDuplicates,
        build=near_duplicates.build,
        scope="dataset",
    )


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics ``lengths`` and ``duplicate_share``."""
    yield Metric(
        name="lengths",
        summary="Smallest, mean, median and largest length in words and characters.",
        config=lengths.Lengths,
        build=lengths.build,
    )
    yield Metric(
        name="duplicate_share",
        summary="Share of rows whose text repeats that of an earlier row.",
        config=repeats.DuplicateShare,
        build=repeats.build,
    )
