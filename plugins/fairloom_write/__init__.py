"""Writers of further export formats: ``write.jsonl`` and ``write.csv``."""

from __future__ import annotations

from collections.abc import Iterator

from fairloom.components import Writer
from fairloom.hooks import hookimpl
from fairloom_write.delimited import Csv, CsvConfig
from fairloom_write.lines import Jsonl, JsonlConfig


@hookimpl
def fairloom_writers() -> Iterator[Writer]:
    """One JSON object per line, and comma-separated values."""
    yield Writer(
        name="jsonl",
        summary="One JSON object per row, keys in the order of the columns, spans as a list of objects.",
        config=JsonlConfig,
        build=lambda config, _tools: Jsonl(config),
    )
    yield Writer(
        name="csv",
        summary="Comma-separated values with a header; spans and other nested values as JSON text.",
        config=CsvConfig,
        build=lambda config, _tools: Csv(config),
    )
