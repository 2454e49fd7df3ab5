"""The reader ``jsonl``: strict, so that nothing is lost by guessing."""

from __future__ import annotations

import codecs
import itertools
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
        """The rows. A key that a row lacks is null; a column whose values differ in type is an error.

        The file is read twice, for the columns and then for the rows, so that memory is bounded by a batch.
        """
        schema = self._schema()
        yield pa.RecordBatch.from_pylist([], schema=schema)
        for rows in self._batches():
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    def _schema(self) -> pa.Schema:
        kinds: dict[str, pa.DataType] = {}
        for rows in self._batches():
            for name in dict.fromkeys(name for row in rows for name in row):
                found = self._column(name, [row.get(name) for row in rows]).type
                kinds[name] = self._one(name, kinds.get(name, found), found)
        if not kinds:
            raise RecipeError.of(f"{self.path.name} has no rows", "path")
        return pa.schema(list(kinds.items()))

    def _one(self, name: str, before: pa.DataType, now: pa.DataType) -> pa.DataType:
        """The type that holds the values of both: that of the one which has any, or floats for whole numbers too."""
        try:
            merged = pa.unify_schemas(
                [pa.schema([(name, kind)]) for kind in (before, now)], promote_options="permissive"
            )
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise self._mixed(name, error) from error
        return merged.field(name).type

    def _batches(self) -> Iterator[list[dict[str, Any]]]:
        rows = self._rows()
        while batch := list(itertools.islice(rows, _ROWS)):
            yield batch

    def _rows(self) -> Iterator[dict[str, Any]]:
        try:
            known = codecs.lookup(self.encoding).name
            with self.path.open(encoding="utf-8-sig" if known == "utf-8" else known, newline="\n") as file:
                for number, line in enumerate(file, start=1):
                    if line.strip():
                        yield self._row(number, line)
        except (UnicodeError, LookupError) as error:
            raise RecipeError.of(f"{self.path.name} is not {self.encoding}: {error}", "encoding") from error

    def _row(self, number: int, line: str) -> dict[str, Any]:
        try:
            row = json.loads(line, parse_constant=_refuse, object_pairs_hook=_once)
        except (ValueError, RecursionError) as error:
            raise RecipeError.of(f"{self.path.name}, line {number}: {error}", "path") from error
        if not isinstance(row, dict):
            kind = type(row).__name__
            raise RecipeError.of(f"{self.path.name}, line {number}: a row is a JSON object, got {kind}", "path")
        return row

    def _column(self, name: str, values: list[Any]) -> pa.Array:
        try:
            return pa.array(values)
        except UnicodeEncodeError as error:
            half = error.object[error.start]
            raise RecipeError.of(
                f"{self.path.name}: {name!r} holds {half!r}, which is half a character", "path"
            ) from error
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise self._mixed(name, error) from error

    def _mixed(self, name: str, error: Exception) -> RecipeError:
        return RecipeError.of(f"{self.path.name}: the values of {name!r} are not of one type: {error}", "path")


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
