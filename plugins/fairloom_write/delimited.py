"""``write.csv``: comma-separated values (RFC 4180) in UTF-8."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import attrs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pcsv

from fairloom.batch import decoded
from fairloom_write.encode import encode

_FORMULA = "^[=+@\\t\\r\\n\uff1d\uff0b\uff20\uff0d-]"
"""How a spreadsheet recognises a formula (OWASP, CSV injection), full-width forms included."""


@attrs.frozen(kw_only=True)
class CsvConfig:
    """Settings of ``write.csv``."""

    spreadsheet_safe: bool = attrs.field(
        default=False,
        metadata={"help": "put ' before texts a spreadsheet would run as a formula; this changes the texts"},
    )


@attrs.frozen
class Csv:
    """Writes a header and one line per row; texts are quoted, so an empty text differs from null."""

    config: CsvConfig
    suffix: str = ".csv"

    def write(self, batches: Iterator[pa.RecordBatch], path: Path) -> None:
        """Write every row of every batch to ``path``; without batches the file is empty.

        Raises:
            RunError: If a nested value has no JSON form.
        """
        with path.open("wb") as file:
            first = next(batches, None)
            if first is None:
                return
            schema = self._flat(first).schema
            with pcsv.CSVWriter(file, schema) as writer:
                for batch in itertools.chain([first], batches):
                    writer.write_batch(self._flat(batch))

    def _flat(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        names = batch.schema.names
        columns = [self._column(column, name) for column, name in zip(batch.columns, names, strict=True)]
        shown = self._safe(pa.array(names, pa.string())).to_pylist()
        return pa.RecordBatch.from_arrays(columns, names=shown)

    def _column(self, column: pa.Array, name: str) -> pa.Array:
        plain = decoded(column)
        if pa.types.is_nested(plain.type):
            plain = pc.if_else(pc.is_valid(plain), encode(plain, name), pa.scalar(None, pa.string()))
        elif pa.types.is_floating(plain.type):
            encode(plain, name)  # refuses NaN, which would come back as the text "nan"
        return self._safe(plain) if pa.types.is_string(plain.type) else plain

    def _safe(self, texts: pa.Array) -> pa.Array:
        if not self.config.spreadsheet_safe:
            return texts
        marked = pc.binary_join_element_wise(pa.scalar("'"), texts, "")
        return pc.if_else(pc.match_substring_regex(texts, _FORMULA), marked, texts)
