"""Readers of real rows: CSV, JSON Lines, Parquet, and annotated texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Reader
from fairloom.hooks import hookimpl
from fairloom_read import bio, delimited, jsonlines, parquet, snips

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_readers() -> Iterator[Reader]:
    """The readers ``csv``, ``jsonl``, ``parquet``, ``snips`` and ``bio``."""
    yield Reader(
        name="csv",
        summary="A table in text form with a line of column names; every value is read as text.",
        config=delimited.Csv,
        build=delimited.build,
        suffixes=(".csv",),
    )
    yield Reader(
        name="jsonl",
        summary="One JSON object per line, read strictly.",
        config=jsonlines.Jsonl,
        build=jsonlines.build,
        suffixes=(".jsonl", ".ndjson"),
    )
    yield Reader(
        name="parquet",
        summary="A Parquet file.",
        config=parquet.Parquet,
        build=parquet.build,
        suffixes=(".parquet",),
    )
    yield Reader(
        name="snips",
        summary="Utterances in named pieces, by intent: JSON as in the benchmark of the Snips voice assistant.",
        config=snips.Snips,
        build=snips.build,
    )
    yield Reader(
        name="bio",
        summary="One token and its B-, I- or O tag per line, a blank line between sentences (CoNLL).",
        config=bio.Bio,
        build=bio.build,
        suffixes=(".conll", ".bio", ".iob2"),
    )
