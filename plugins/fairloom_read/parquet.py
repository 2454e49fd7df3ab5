"""The reader ``parquet``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import pyarrow as pa
from pyarrow import parquet

from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.components import Tools

_ROWS = 65_536


@attrs.frozen(kw_only=True)
class Parquet:
    """Settings of ``read.parquet``."""

    path: str = attrs.field(metadata={"help": "the file, relative to the recipe"})


@attrs.frozen
class ParquetReader:
    """Streams the file, 65,536 rows at a time."""

    path: Path

    def read(self) -> Iterator[pa.RecordBatch]:
        """The rows, with the types the file gives them; ``RecipeError`` where it is no Parquet file."""
        try:
            with parquet.ParquetFile(self.path) as file:
                names = file.schema_arrow.names
                if twice := [name for place, name in enumerate(names) if name in names[:place]]:
                    raise RecipeError.of(f"{self.path.name} has more than one column {twice[0]!r}", "path")
                yield pa.RecordBatch.from_pylist(
                    [], schema=file.schema_arrow
                )  # names the columns of a file without rows
                yield from file.iter_batches(batch_size=_ROWS)
        except (pa.ArrowInvalid, OSError) as error:
            raise RecipeError.of(f"{self.path.name}: {str(error).splitlines()[0]}", "path") from error


def build(config: Parquet, tools: Tools) -> ParquetReader:
    """The reader."""
    return ParquetReader(tools.open_path(config.path))
