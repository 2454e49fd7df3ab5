"""Readers of reference rows: CSV, JSON Lines, Parquet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Reader
from fairloom.hooks import hookimpl
from fairloom_read import delimited, jsonlines, parquet

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_readers() -> Iterator[Reader]:
    """The readers ``csv``, ``jsonl`` and ``parquet``."""
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
