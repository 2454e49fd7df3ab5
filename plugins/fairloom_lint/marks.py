"""``lint.braces``, ``lint.encoding`` and ``lint.missing``: marks that a fault of the making leaves in the text.

Each counts the rows that show one of a list of patterns. What a pattern finds is judged by sight, so its
list is short and each entry says a fault whatever the language.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded, spans_of
from fairloom.components import Measurement, Tools
from fairloom.traces import DAMAGED

BRACES = r"\{\{|\}\}|\{%|%\}|\{#|#\}|\{[A-Za-z_][A-Za-z0-9_.]*[\]\}]"
"""Delimiters of Jinja, and ``{name}`` (also closed wrongly) of other template languages."""

MISSING = r"(?i)^(?:nan|none|null|n/a|undefined|<na>)$"
"""A value that is not one, as programs write it."""

_SHOWN = 20


@attrs.frozen(kw_only=True)
class MarksConfig:
    """Settings of the three."""

    fields: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "text fields to read; every field of the task by default"}
    )


@attrs.define
class Marks:
    """Counts rows with at least one mark.

    ``value`` is the number of such rows. ``detail`` has what was found with the number of rows it was found in,
    commonest first, and the first texts.
    """

    fields: Sequence[str]
    pattern: str
    slots: bool
    rows: int = 0
    wrong: int = 0
    found: Counter[str] = attrs.field(factory=Counter)
    examples: list[str] = attrs.field(factory=list)
    missing: str | None = None

    @classmethod
    def braces(cls, config: MarksConfig, tools: Tools) -> Marks:
        """Template syntax in the text."""
        return cls(config.fields or tools.task.fields, BRACES, slots=False)

    @classmethod
    def encoding(cls, config: MarksConfig, tools: Tools) -> Marks:
        """Wrongly decoded characters in the text."""
        return cls(config.fields or tools.task.fields, DAMAGED, slots=False)

    @classmethod
    def values(cls, config: MarksConfig, tools: Tools) -> Marks:
        """Values of slots that say that there is none."""
        return cls(config.fields or tools.task.fields, MISSING, slots=True)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Find the marks and count the rows."""
        self.rows += rows.num_rows
        faulty = np.zeros(rows.num_rows, dtype=np.bool_)
        for field in self.fields:
            if (spans_of(field) if self.slots else field) not in rows.schema.names:
                self.missing = f"the rows have no {'spans of the ' if self.slots else ''}text field {field!r}"
                return
            owner, texts = self._texts(rows, field)
            at = np.flatnonzero(pc.fill_null(pc.match_substring_regex(texts, self.pattern), fill_value=False))
            self._note(texts.take(pa.array(at)))
            faulty[owner[at]] = True
            first = np.unique(owner[at])[: 5 - len(self.examples)]
            self.examples += rows.column(field).take(pa.array(first)).to_pylist()
        self.wrong += int(faulty.sum())

    def result(self) -> Measurement:
        """The number of faulty rows, with what was found."""
        if self.missing:
            return Measurement(value=None, why=self.missing)
        common = sorted(self.found.items(), key=lambda mark: (-mark[1], mark[0]))
        detail = {"found": dict(common[:_SHOWN]), "examples": self.examples}
        return Measurement(value=float(self.wrong), n=self.rows, detail=detail)

    def _texts(self, rows: pa.RecordBatch, field: str) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], pa.Array]:
        """The texts to search, and the row each is of."""
        if not self.slots:
            return np.arange(rows.num_rows, dtype=np.int64), decoded(rows.column(field))
        spans = rows.column(spans_of(field))
        owner = pc.list_parent_indices(spans).to_numpy().astype(np.int64)
        return owner, decoded(pc.struct_field(pc.list_flatten(spans), "value"))

    def _note(self, texts: pa.Array) -> None:
        first = pc.struct_field(pc.extract_regex(texts, f"(?P<mark>{self.pattern})"), "mark")
        for count in pc.value_counts(first).to_pylist():
            self.found[count["values"]] += count["counts"]
