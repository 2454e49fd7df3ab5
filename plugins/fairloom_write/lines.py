"""``write.jsonl``: one JSON object per line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom_write.encode import record

_BYTES = 32 * 1024 * 1024
"""About this much is encoded at once, far from the 2 GiB that an Arrow string column can hold."""


@attrs.frozen(kw_only=True)
class JsonlConfig:
    """``write.jsonl`` has no settings: the same rows give the same bytes everywhere."""


@attrs.frozen
class Jsonl:
    """Writes UTF-8 JSON lines, keys in the order of the columns."""

    config: JsonlConfig
    suffix: str = ".jsonl"

    def write(self, batches: Iterator[pa.RecordBatch], path: Path) -> None:
        """Write every row of every batch to ``path``.

        Raises:
            RunError: If a value has no JSON form.
        """
        with path.open("wb") as file:
            for batch in batches:
                for piece in pieces(batch):
                    _write_lines(file, record(piece.columns, piece.schema.names))


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in slices of bounded size."""
    rows = max(1, batch.num_rows * _BYTES // max(_BYTES, batch.get_total_buffer_size()))
    for start in range(0, batch.num_rows, rows):
        yield batch.slice(start, rows)


def _write_lines(file: BinaryIO, texts: pa.Array) -> None:
    """Arrow keeps the texts of a column end to end, so with line ends they are the file's bytes already."""
    lines = pc.binary_join_element_wise(texts, pa.scalar("\n"), "")
    _, offsets, data = lines.buffers()
    ends = memoryview(offsets).cast("i")[lines.offset : lines.offset + len(lines) + 1]
    file.write(memoryview(data)[ends[0] : ends[len(lines)]])
