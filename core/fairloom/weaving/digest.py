"""The content digest: the identity of the data, whatever files, parts or library versions hold them.

Parquet bytes change with the library that writes them, so identity is taken over canonical content.
Every leaf of every column is hashed as three streams that ignore batch borders: validity (one byte per
value), lengths (strings and lists, 4 bytes little-endian) and values (UTF-8 bytes, or fixed-width
little-endian numbers). Dictionary columns count as the values they stand for. The digest of the data
is SHA-256 over the sorted lines ``path stream type hexdigest``.
"""

from __future__ import annotations

import hashlib
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import decoded


@attrs.define
class ContentDigest:
    """Fed batches in order; equal for equal rows."""

    _streams: dict[str, Any] = attrs.field(factory=dict, init=False)
    rows: int = attrs.field(default=0, init=False)

    def add(self, batch: pa.RecordBatch) -> None:
        """Take in the next rows."""
        self.rows += batch.num_rows
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            self._leaf(name, column)

    def hexdigest(self) -> str:
        """``sha256:`` and the digest of everything so far."""
        lines = sorted(f"{name} {stream.hexdigest()}" for name, stream in self._streams.items())
        text = "\n".join((f"rows {self.rows}", *lines))
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    def _feed(self, name: str, data: Any) -> None:
        stream = self._streams.get(name)
        if stream is None:
            stream = self._streams[name] = hashlib.sha256()
        stream.update(data)

    def _leaf(self, path: str, column: pa.Array) -> None:
        column = decoded(column)
        kind = column.type
        if pa.types.is_null(kind):
            column, kind = column.cast(pa.string()), pa.string()
        if column.null_count:
            self._feed(f"{path} validity", column.is_valid().cast(pa.uint8()).to_numpy(zero_copy_only=False).data)
        elif len(column):
            self._feed(f"{path} validity", b"\x01" * len(column))
        if pa.types.is_list(kind):
            self._lengths(path, column)
            self._leaf(f"{path}[]", column.flatten())
        elif pa.types.is_struct(kind):
            for field, child in zip(kind, column.flatten(), strict=True):
                self._leaf(f"{path}.{field.name}", child)
        elif pa.types.is_string(kind) or pa.types.is_binary(kind):
            self._text(path, column)
        else:
            self._fixed(path, column)

    def _lengths(self, path: str, column: pa.Array) -> None:
        offsets = column.offsets.to_numpy()
        lengths = np.diff(offsets)
        if column.null_count:
            lengths = lengths[column.is_valid().to_numpy(zero_copy_only=False)]
        self._feed(f"{path} lengths", lengths.astype("<i4").data)

    def _text(self, path: str, column: pa.Array) -> None:
        column = column.drop_null() if column.null_count else column
        if not len(column):
            return
        _, offset_buffer, data = column.buffers()
        offsets = np.frombuffer(offset_buffer, np.int32)[column.offset : column.offset + len(column) + 1]
        self._feed(f"{path} lengths", np.diff(offsets).astype("<i4").data)
        if data is not None:
            self._feed(f"{path} text", memoryview(data)[offsets[0] : offsets[-1]])

    def _fixed(self, path: str, column: pa.Array) -> None:
        if pa.types.is_boolean(column.type):
            column = column.cast(pa.uint8())
        elif pa.types.is_temporal(column.type) or pa.types.is_decimal(column.type):
            self._text(path, column.cast(pa.string()))
            return
        values = column.drop_null().to_numpy(zero_copy_only=False)
        # Integers count by value, not by width: a factor column may be narrow or wide.
        wide = "<i8" if np.issubdtype(values.dtype, np.integer) else "<f8"
        self._feed(f"{path} {wide}", values.astype(wide).data)
