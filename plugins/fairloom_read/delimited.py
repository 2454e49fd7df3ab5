"""The reader ``csv``."""

from __future__ import annotations

import codecs
import csv as stdlib_csv
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.components import Tools

_LONGEST_LINE = 16 << 20
"""Bytes read at a time; a single row may not be longer."""


@attrs.frozen(kw_only=True)
class Csv:
    """Settings of ``read.csv``."""

    path: str = attrs.field(metadata={"help": "the file, relative to the recipe"})
    delimiter: str = attrs.field(default=",", metadata={"help": "what stands between two values; one character"})
    encoding: str = attrs.field(default="utf-8", metadata={"help": "the encoding of the file"})
    header: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "the names of the columns, for a file without a line of them"}
    )
    trim: bool = attrs.field(default=False, metadata={"help": "take away blanks around values and around names"})


@attrs.frozen
class CsvReader:
    """Streams the file. Values stay the texts they are: ``007`` is no number, an empty value no null."""

    path: Path
    config: Csv

    def read(self) -> Iterator[pa.RecordBatch]:
        """The rows, batch by batch; ``RecipeError`` where the file is not what it should be."""
        names = self._names()
        try:
            reader = self._open(names)
            yield self._shown(pa.RecordBatch.from_pylist([], schema=reader.schema))  # names the columns without rows
            yield from map(self._shown, reader)
        except (pa.ArrowInvalid, UnicodeError) as error:
            raise RecipeError.of(f"{self.path.name}: {_said(error)}", "path") from error

    def _shown(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        if not self.config.trim:
            return rows
        columns = [pc.utf8_trim_whitespace(column) for column in rows.columns]
        return pa.RecordBatch.from_arrays(columns, names=[name.strip() for name in rows.schema.names])

    def _open(self, names: list[str]) -> csv.CSVStreamingReader:
        return csv.open_csv(
            self.path,
            read_options=csv.ReadOptions(
                encoding=self.config.encoding,
                block_size=_LONGEST_LINE,
                use_threads=False,
                column_names=self.config.header,
            ),
            parse_options=csv.ParseOptions(delimiter=self.config.delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )

    def _names(self) -> list[str]:
        """The names of the columns. Each may stand there once."""
        names = list(self.config.header) or self._first_line()
        shown = [name.strip() for name in names] if self.config.trim else names
        twice = sorted({name for name in shown if shown.count(name) > 1})
        if twice:
            raise RecipeError.of(f"{self.path.name} has more than one column {twice[0]!r}", "path")
        return names

    def _first_line(self) -> list[str]:
        encoding = "utf-8-sig" if codecs.lookup(self.config.encoding).name == "utf-8" else self.config.encoding
        try:
            with self.path.open(encoding=encoding, newline="") as file:
                names = next(stdlib_csv.reader(file, delimiter=self.config.delimiter), [])
        except UnicodeError as error:
            raise RecipeError.of(f"{self.path.name} is not {self.config.encoding}: {error}", "encoding") from error
        if not names:
            raise RecipeError.of(f"{self.path.name} is empty: it has no line of column names", "path")
        return names


def build(config: Csv, tools: Tools) -> CsvReader:
    """The reader, or ``RecipeError`` for a delimiter of several characters or an unknown encoding."""
    if len(config.delimiter) != 1 or not config.delimiter.isascii():
        raise RecipeError.of(f"delimiter is one ASCII character, got {config.delimiter!r}", "delimiter")
    try:
        codecs.lookup(config.encoding)
    except LookupError:
        raise RecipeError.of(f"unknown encoding {config.encoding!r}", "encoding") from None
    return CsvReader(tools.open_path(config.path), config)


def _said(error: Exception) -> str:
    return str(error).removeprefix("CSV parse error: ").splitlines()[0]
