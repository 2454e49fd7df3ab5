"""The shape of the data: one Arrow record batch, from brief to row.

A *brief* has the columns ``address, family, member, attempt, cell`` (integers), one column per factor
under its name (dictionary of level names; plain values where a value sampler drew them), and one
column ``factor.attribute`` per attribute to be shown. A generator adds the task's fields (strings)
and, for each field with slots, ``<field>.spans``. ``id`` is added by the core.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

ADDRESS, FAMILY, MEMBER, ATTEMPT, CELL, ID = "address", "family", "member", "attempt", "cell", "id"
SYSTEM = (ADDRESS, FAMILY, MEMBER, ATTEMPT, CELL)
LABEL = "label"
PLANNED_LABEL = "label.planned"
"""Where ``[[task.relabel]]`` recomputes labels: the label before."""
OPTIONS, ANSWER = "options", "answer"
"""What ``task.kind = "choice"`` asks of generators: a list of texts, and the place of the right one, from 0."""
MESSAGES = "messages"
"""What ``task.kind = "chat"`` asks of generators: per row a list of turns, each with ``role`` and ``content``."""
REASON = "reason"
"""A generator that cannot write some rows adds this column: why not, null where it could."""
FINAL = "final"
"""A generator may add this boolean column to ``reason``: true where another attempt could only fail in the same way.
With ``rows = "all"`` such a row is an exclusion, counted in the ledger and the manifest, and no shortfall."""
STEP, CITES, SIMILARITY = "step", "cites", "similarity"

NAMES = pa.dictionary(pa.int32(), pa.string())
SPAN = pa.struct(
    [
        pa.field("start", pa.int32(), nullable=False),
        pa.field("end", pa.int32(), nullable=False),
        pa.field("slot", NAMES),
        pa.field("value", NAMES),
    ]
)
SPANS = pa.list_(SPAN)
"""Character spans (code points, end exclusive), in text order: ``text[start:end] == value``; ``slot``
is the expression that filled it, ``person.given``."""


def spans_of(field: str) -> str:
    """The name of the spans column of a text field."""
    return f"{field}.spans"


def before_of(column: str) -> str:
    """The name under which a generator that mends finds a column as it was before it wrote."""
    return f"before.{column}"


def with_columns(batch: pa.RecordBatch, extra: pa.RecordBatch) -> pa.RecordBatch:
    """``batch`` with the columns of ``extra`` appended, or replaced where the name is taken."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))
    columns.update(zip(extra.schema.names, extra.columns, strict=True))
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def decoded(column: pa.Array) -> pa.Array:
    """A dictionary column as plain values; any other column as it is."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def row_ids(name: str, addresses: pa.Array) -> pa.Array:
    """``name-00000042``: stable, readable, unique in the dataset."""
    padded = pc.utf8_lpad(pc.cast(addresses, pa.string()), width=8, padding="0")
    return pc.binary_join_element_wise(pa.scalar(name), padded, "-")
