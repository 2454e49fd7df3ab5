"""Reference rows as the recipe calls their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pyarrow as pa

from fairloom.problems import RecipeError
from fairloom.reading.recipespec import ReferenceSpec
from fairloom.weaving.guard import blamed
from fairloom.weaving.placing import below


def reference_rows(reader: Any, name: str, spec: ReferenceSpec) -> pa.Table:
    """All rows of one reference.

    Raises:
        RecipeError: Its file is not what the recipe says, with the place of that.
        PluginError: The reader failed.
    """
    try:
        with blamed(f"reader {spec.read} of reference {name!r}"):
            return pa.Table.from_batches(list(renamed_rows(reader.read(), name, spec.columns)))
    except RecipeError as error:
        raise RecipeError([below(problem, ("reference", name)) for problem in error.problems]) from error


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
