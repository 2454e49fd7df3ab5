"""Reference rows as the recipe calls their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from fairloom.problems import RecipeError


def renamed_rows(batches: Iterable[pa.RecordBatch], name: str, columns: Mapping[str, str]) -> Iterator[pa.RecordBatch]:
    """Reference rows under our column names; ``columns`` maps ours to the file's."""
    for batch in batches:
        names = batch.schema.names
        missing = [theirs for theirs in columns.values() if theirs not in names]
        if missing:
            message = f"the file has no column {missing[0]!r}; it has: {', '.join(names)}"
            raise RecipeError.of(message, "reference", name, "columns")
        taken = columns or {column: column for column in names}
        yield pa.RecordBatch.from_arrays([batch.column(theirs) for theirs in taken.values()], names=list(taken))
