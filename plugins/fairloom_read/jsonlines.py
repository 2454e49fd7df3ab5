"""The reader ``jsonl``: strict, so that nothing is lost by guessing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.components import Tools

_ROWS = 65_536


@attrs.frozen(kw_only=True)
class Jsonl:
    """Settings of ``read.jsonl``."""

    path: str = attrs.field(metadata={"help": "the file, relative to the recipe"})
    encoding: str = attrs.field(default="utf-8", metadata={"help": "the encoding of the file"})


@attrs.frozen
class JsonlReader:
    """Reads line by line into Python values: a reader for reference rows, not for the data themselves."""

    path: Path
    encoding: str

    def read(self) -> Iterator[pa.RecordBatch]:
        """The rows. A key that a row lacks is null; a column whose values differ in type is an error."""
        rows = list(self._rows())
        if not rows:
            raise RecipeError.of(f"{self.path.name} has no rows", "path")
        names = list(dict.fromkeys(name for row in rows for name in row))
        columns = [self._column(name, [row.get(name) for row in rows]) for name in names]
        yield from pa.Table.from_arrays(columns, names=names).to_batches(max_chunksize=_ROWS)

    def _rows(self) -> Iterator[dict[str, Any]]:
        try:
            with self.path.open(encoding=self.encoding, newline="\n") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield self._row(number, line)
        except (UnicodeError, LookupError) as error:
            raise RecipeError.of(f"{self.path.name} is not {self.encoding}: {error}", "encoding") from error

    def _row(self, number: int, line: str) -> dict[str, Any]:
        try:
            row = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
        except ValueError as error:
            raise RecipeError.of(f"{self.path.name}, line {number}: {error}", "path") from error
        if not isinstance(row, dict):
            kind = type(row).__name__
            raise RecipeError.of(f"{self.path.name}, line {number}: a row is a JSON object, got {kind}", "path")
        return row

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        try:
            return pa.array(values)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            message = f"{self.path.name}: the values of {name!r} are not of one type: {error}"
            raise RecipeError.of(message, "path") from error


def build(config: Jsonl, tools: Tools) -> JsonlReader:
    """The reader."""
    return JsonlReader(tools.open_path(config.path), config.encoding)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row = dict(pairs)
    if len(row) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"key {twice!r} stands twice")
    return row
