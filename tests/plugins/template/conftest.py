"""Templates tried by hand: value tables in, briefs in, rows out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pytest

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.factors import Factor
from fairloom.task import Task
from fairloom_template import fairloom_generators


def factor(name: str, rows: list[dict[str, Any]] | list[Any], schema: pa.Schema | None = None) -> Factor:
    """A factor from records, or from plain values; levels are named after the first column."""
    records = [row if isinstance(row, dict) else {"value": row} for row in rows]
    table = pa.Table.from_pylist(records, schema)
    return Factor(name, "nuisance", table, tuple(str(value) for value in table.column(0).to_pylist()))


@attrs.frozen
class Loom:
    """A built generator with what is needed to feed it."""

    writer: Any
    factors: dict[str, Factor]

    def brief(self, **columns: Any) -> pa.RecordBatch:
        """Level numbers per factor (null: not used), plain values for drawn factors, made equally long."""
        rows = max(len(column) for column in columns.values())
        made = {"address": pa.array(range(rows), pa.int64())}
        for name, column in columns.items():
            made[name] = self._column(name, column * rows if len(column) == 1 else column)
        return pa.RecordBatch.from_pydict(made)

    def _column(self, name: str, column: Any) -> pa.Array:
        known = self.factors[name]
        if known.sampler is not None:
            return column if isinstance(column, pa.Array) else pa.array(column)
        return pa.DictionaryArray.from_arrays(pa.array(column, pa.int32()), pa.array(known.names, pa.string()))

    def rows(self, **columns: Any) -> list[dict[str, Any]]:
        """The rows written for a brief, checked for what must hold of any row."""
        written = self.writer.write(self.brief(**columns))
        written.validate(full=True)
        rows = written.drop_columns([name for name in written.schema.names if name == "final"]).to_pylist()
        for row in rows:
            check_spans(row)
        return rows


def check_spans(row: dict[str, Any]) -> None:
    """Spans say the truth about their text, in order and without overlap."""
    for name in [name for name in row if name.endswith(".spans")]:
        text, spans = row[name.removesuffix(".spans")], row[name]
        if text is None:
            assert spans is None
            continue
        assert all(text[span["start"] : span["end"]] == span["value"] != "" for span in spans)
        edges = [edge for span in spans for edge in (span["start"], span["end"])]
        assert edges == sorted(edges)


@pytest.fixture
def loom() -> Callable[..., Loom]:
    """Build the generator: templates (texts or records), other factors by name, and its settings."""

    def make(
        templates: list[Any],
        others: dict[str, Any] | None = None,
        drawn: tuple[str, ...] = (),
        task_fields: tuple[str, ...] = ("text",),
        **settings: Any,
    ) -> Loom:
        texts = [row if isinstance(row, dict) else {"name": f"t{n}", "text": row} for n, row in enumerate(templates)]
        factors = {"template": factor("template", texts)}
        factors |= {
            name: rows if isinstance(rows, Factor) else factor(name, rows) for name, rows in (others or {}).items()
        }
        factors |= {name: Factor(name, "nuisance", pa.table({}), (), sampler=object()) for name in drawn}
        (component,) = fairloom_generators()
        tools = Tools(task=Task(fields=task_fields), factors=factors, draws=Draws(1), open_path=Path)
        return Loom(component.build(component.config(**settings), tools), factors)

    return make
