"""Constraints: row filters that judge candidates before the model is asked, so that what they refuse costs nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import SPANS, spans_of, with_columns
from fairloom.components import Filter, Judges
from fairloom.edits import EDITS, edits_of
from fairloom.predictors import Bools
from fairloom_adversarial.named import Named, all_of, made

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.editing import Applied


@attrs.frozen(eq=False)
class Constraints:
    """The filters of an attack, and the field whose candidates they judge."""

    filters: tuple[Judges, ...]
    field: str

    @classmethod
    def of(cls, said: Sequence[Named], field: str, tools: Tools) -> Constraints:
        """The filters that the setting ``constraints`` names, or ``RecipeError``."""
        makers = (partial(made, Filter, each, tools, "constraints", place) for place, each in enumerate(said))
        return cls(tuple(work for _, work in all_of(*makers)), field)

    def allow(self, rows: pa.RecordBatch, candidates: Applied) -> Bools:
        """Whether every filter keeps the candidate; ``rows`` are those of the candidates' originals, one for each."""
        kept = np.ones(rows.num_rows, np.bool_)
        written = with_columns(rows, pa.RecordBatch.from_pydict(dict(self._columns(rows, candidates))))
        for each in self.filters:
            kept &= pc.is_null(each.judge(written)).to_numpy(zero_copy_only=False)
        return kept

    def _columns(self, rows: pa.RecordBatch, candidates: Applied) -> Iterator[tuple[str, Any]]:
        yield self.field, candidates.texts.cast(pa.string())
        yield edits_of(self.field), candidates.column.cast(EDITS)
        if spans_of(self.field) in rows.schema.names and candidates.spans is not None:
            yield spans_of(self.field), candidates.spans.cast(SPANS)
