"""The first pass: what each column holds, so that axes can be chosen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.problems import RecipeError
from fairloom.profiling import columns

MOST_LEVELS = 10_000
"""A column with more different values than this has no levels to speak of, and they are counted no further."""


@attrs.define
class Column:
    """What one column holds. ``levels`` counts its different values, or is ``None`` where they are too many."""

    name: str
    kind: str
    null: int = 0
    blank: int = 0
    characters: int = 0
    numeric: bool = True
    levels: Counter[str] | None = attrs.field(factory=Counter)

    @property
    def present(self) -> int:
        """How many rows have a value, where the values were counted."""
        return self.levels.total() if self.levels is not None else 0

    @property
    def unique(self) -> bool:
        """Whether no value comes twice, in as far as they were counted."""
        return self.levels is not None and len(self.levels) == self.present > 1

    def take(self, column: Any) -> None:
        """Look at the next rows."""
        values = columns.texts(column)
        self.null += column.null_count
        self.blank += values.null_count - column.null_count
        self.characters += pc.sum(pc.utf8_length(values)).as_py() or 0
        self.numeric = self.numeric and columns.numeric(values)
        if self.levels is not None:
            self._count(values.drop_null().value_counts())

    def _count(self, found: pa.StructArray) -> None:
        if len(found) <= MOST_LEVELS and self.levels is not None:
            names, counts = found.field("values").to_pylist(), found.field("counts").to_pylist()
            self.levels.update(dict(zip(names, counts, strict=True)))
        if len(found) > MOST_LEVELS or len(self.levels or ()) > MOST_LEVELS:
            self.levels = None


@attrs.define
class Survey:
    """The columns of a file by name, and its number of rows."""

    rows: int = 0
    columns: dict[str, Column] = attrs.field(factory=dict)

    def mean_characters(self, name: str) -> float:
        """Characters per row of a column that has any."""
        column = self.columns[name]
        return column.characters / max(1, self.rows - column.null - column.blank)


def survey(batches: Iterable[pa.RecordBatch], name: str) -> Survey:
    """Look at every row once.

    Raises:
        RecipeError: The file has no rows.
    """
    found = Survey()
    for rows in batches:
        found.rows += rows.num_rows
        for field, values in zip(rows.schema, rows.columns, strict=True):
            column = found.columns.setdefault(field.name, Column(field.name, str(field.type)))
            if columns.flat(field.type):
                column.take(values)
            else:
                column.levels, column.numeric = None, False
    if not found.rows:
        raise RecipeError.of(f"{name} has no rows", suggestion="a profile needs some")
    return found
