"""The filter ``structure``: is the row well made at all?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded, spans_of
from fairloom.problems import RecipeError
from fairloom.utf8 import CACHED_ROWS, Utf8, blank_bytes, words
from fairloom_text.fields import every_field
from fairloom_text.reasons import Reasons

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairloom.components import Tools
    from fairloom.draws import Ints
    from fairloom.utf8 import Bytes, Mask

PLACEHOLDER = r"\{[\pL_][\pL\pN_.]*\}"
_OPEN, _CLOSE, _PERCENT, _HASH = b"{}%#"


@attrs.frozen(kw_only=True)
class Structure:
    """Settings of ``text.structure``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to check; every field of the task when left out"}
    )
    placeholders: bool = attrs.field(
        default=True, metadata={"help": "also refuse single-brace placeholders, such as {name}"}
    )
    allow: str = attrs.field(default="\n\t", metadata={"help": "control characters that a text may hold"})
    tidy: bool = attrs.field(
        default=False, metadata={"help": "also refuse blanks at either end and two blanks in a row"}
    )


@attrs.frozen
class StructureFilter:
    """Judges each field in turn; the reasons of every field but the task's first start with its name."""

    config: Structure
    fields: tuple[str, ...]
    main: str

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """The first fault of each row, null where there is none."""
        parts = [rows.slice(start, CACHED_ROWS) for start in range(0, max(rows.num_rows, 1), CACHED_ROWS)]
        return pa.concat_arrays([self._judge(part) for part in parts])

    def _judge(self, rows: pa.RecordBatch) -> pa.Array:
        reasons = Reasons(rows.num_rows)
        for field in self.fields:
            prefix = "" if field == self.main else f"{field}: "
            column = rows.column(field)
            text = Utf8.of(column)
            for reason, faulty in self._faults(column, text):
                reasons.give(prefix + reason, faulty)
            if spans_of(field) in rows.schema.names:
                for reason, faulty in span_faults(text, rows.column(spans_of(field))):
                    reasons.give(prefix + reason, faulty)
        return reasons.array()

    def _faults(self, column: pa.Array, text: Utf8) -> Iterator[tuple[str, Mask]]:
        yield "missing", pc.is_null(column).to_numpy(zero_copy_only=False)
        yield "empty", empty(column, text)
        yield "template syntax left", leftover_syntax(text)
        if self.config.placeholders:
            yield "placeholder left", placeholders(column, text)
        yield "control character", text.having(control_bytes(text.data, self.config.allow))
        if not text.ascii:
            yield "undecodable character", text.having(replacement_bytes(text))
        if self.config.tidy:
            yield "blank at an end", edges(column)
            yield "double blank", doubled(text)


def build(config: Structure, tools: Tools) -> StructureFilter:
    """The filter, or ``RecipeError`` for an unknown field or an ``allow`` with other than control characters."""
    others = [character for character in config.allow if character not in _ALLOWABLE]
    if others:
        message = f"allow lists control characters below U+0020, got {others[0]!r}"
        raise RecipeError.of(message, "allow", suggestion='write, say, allow = "\\n\\t"')
    return StructureFilter(config, every_field(config.field, tools.task), tools.task.fields[0])


_ALLOWABLE = frozenset(map(chr, range(32)))


def empty(column: pa.Array, text: Utf8) -> Mask:
    """Rows of blanks alone. Most rows are decided by their first byte; the others are counted."""
    suspects: Mask = np.diff(text.offsets) == 0
    filled = np.flatnonzero(~suspects)
    first = text.data[text.offsets[filled]]
    doubtful = filled[blank_bytes(first) | (first >= 0x80)]
    if doubtful.size:
        suspects[doubtful] = words(column.take(pa.array(doubtful))) == 0
    return suspects


def leftover_syntax(text: Utf8) -> Mask:
    """Rows that hold ``{{``, ``}}``, ``{%``, ``%}``, ``{#`` or ``#}``."""
    opened = _followed(text, np.flatnonzero(text.data == _OPEN), (_OPEN, _PERCENT, _HASH))
    closed = _preceded(text, np.flatnonzero(text.data == _CLOSE), (_CLOSE, _PERCENT, _HASH))
    faulty = np.zeros(len(text), dtype=np.bool_)
    faulty[opened] = faulty[closed] = True
    return faulty


def _followed(text: Utf8, positions: Ints, by: tuple[int, ...]) -> Ints:
    """The rows in which the byte after one of the positions is among ``by``."""
    rows = text.rows(positions)
    inside = positions + 1 < text.offsets[rows + 1]
    positions, rows = positions[inside], rows[inside]
    return rows[np.isin(text.data[positions + 1], by)]


def _preceded(text: Utf8, positions: Ints, by: tuple[int, ...]) -> Ints:
    """The rows in which the byte before one of the positions is among ``by``."""
    rows = text.rows(positions)
    inside = positions > text.offsets[rows]
    positions, rows = positions[inside], rows[inside]
    return rows[np.isin(text.data[positions - 1], by)]


def placeholders(column: pa.Array, text: Utf8) -> Mask:
    """Rows that hold a name in single braces."""
    faulty = text.having(text.data == _OPEN)
    suspects = np.flatnonzero(faulty)
    if suspects.size:
        found = pc.match_substring_regex(column.take(pa.array(suspects)), PLACEHOLDER)
        faulty[suspects] = pc.fill_null(found, fill_value=False).to_numpy(zero_copy_only=False)
    return faulty


def control_bytes(data: Bytes, allow: str) -> Mask:
    """The bytes that begin a control character (Unicode category Cc) other than those allowed."""
    found: Mask = (data < 32) | (data == 127)
    for character in allow:
        found &= data != ord(character)
    latin = np.flatnonzero(data[:-1] == 0xC2)  # U+0080 to U+009F are C2 80 to C2 9F
    found[latin[data[latin + 1] < 0xA0]] = True
    return found


def replacement_bytes(text: Utf8) -> Mask:
    """The bytes that begin U+FFFD, which a decoder writes for what it could not read (EF BF BD)."""
    data = text.data
    found: Mask = data == 0xEF
    starts = np.flatnonzero(found)
    found[starts[(data[starts + 1] != 0xBF) | (data[starts + 2] != 0xBD)]] = False
    return found


def edges(column: pa.Array) -> Mask:
    """Rows that begin or end with a blank."""
    trimmed = pc.binary_length(pc.utf8_trim_whitespace(column))
    changed = pc.fill_null(pc.not_equal(trimmed, pc.binary_length(column)), fill_value=False)
    faulty: Mask = changed.to_numpy(zero_copy_only=False)
    return faulty


def doubled(text: Utf8) -> Mask:
    """Rows with two ASCII blanks side by side."""
    blank = blank_bytes(text.data)
    pairs = np.flatnonzero(blank[1:] & blank[:-1])
    rows = text.rows(pairs)
    faulty = np.zeros(len(text), dtype=np.bool_)
    faulty[rows[pairs + 1 < text.offsets[rows + 1]]] = True
    return faulty


def span_faults(text: Utf8, spans: pa.Array) -> list[tuple[str, Mask]]:
    """Rows whose spans lie outside the text, go backwards, or whose value is not what stands there."""
    flat, rows = pc.list_flatten(spans), pc.list_parent_indices(spans).to_numpy().astype(np.int64)
    starts, ends = (_integers(pc.struct_field(flat, name)) for name in ("start", "end"))
    outside = (starts < 0) | (ends < starts) | (ends > _sizes(text)[rows])
    backwards = np.zeros(rows.size, dtype=np.bool_)
    backwards[1:] = (rows[1:] == rows[:-1]) & (starts[1:] < starts[:-1])
    inside = np.flatnonzero(~outside)
    rows_in = rows[inside]
    found = text.take(text.bytes_at(rows_in, starts[inside]), text.bytes_at(rows_in, ends[inside]))
    values = decoded(pc.struct_field(flat, "value")).cast(pa.large_string()).take(pa.array(inside))
    differs = ~pc.fill_null(pc.equal(found, values), fill_value=False).to_numpy(zero_copy_only=False)
    return [
        ("span outside the text", _marked(len(text), rows[outside])),
        ("spans out of order", _marked(len(text), rows[backwards])),
        ("span differs from text", _marked(len(text), rows_in[differs])),
    ]


def _integers(column: pa.Array) -> Ints:
    numbers: Ints = pc.fill_null(column, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _sizes(text: Utf8) -> Ints:
    """Characters per row."""
    return np.diff(text.offsets if text.ascii else text.firsts)


def _marked(size: int, rows: Ints) -> Mask:
    marked = np.zeros(size, dtype=np.bool_)
    marked[rows] = True
    return marked
