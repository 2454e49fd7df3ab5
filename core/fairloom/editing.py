"""Making edits: all texts of a batch in one pass that keeps spans exact.

``apply`` makes the edits that touch nothing protected, shifts the spans, and says what it did (``<field>.edits``) and
what it refused. Nothing is ever searched for in the finished text.

What becomes of a span:

- an edit before it shifts it; so does text inserted just before it. Text inserted just behind it leaves it alone;
- an edit inside it, its borders included, *retypes* it: its value is the text that stands there now;
- where nothing is left of it, or where an edit reaches across one of its borders, it is *dropped*: no part of the new
  text could be called its value.

A protected range refuses every edit that overlaps it, and text inserted at its borders unless that is set apart: by a
blank before the range, by a blank or a closing mark behind it.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import NAMES, SPAN, SPANS, decoded
from fairloom.draws import Ints
from fairloom.edits import EDIT, EDITS, Edits, FlatSpans, Ranges
from fairloom.utf8 import Mask, Utf8

KEPT, RETYPED, DROPPED = 0, 1, 2
"""What became of a span (``Applied.fates``)."""


@attrs.frozen(eq=False)
class Applied:
    """The texts after the edits.

    ``spans`` is shifted (``None`` where there were none), ``column`` is the new ``<field>.edits``, ``made`` and
    ``refused`` are the edits that were made and that were not. ``fates`` says of every span before, in order, whether
    it was ``KEPT``, ``RETYPED`` or ``DROPPED``.
    """

    texts: pa.Array
    spans: pa.Array | None
    column: pa.Array
    made: Edits
    refused: Edits
    fates: npt.NDArray[np.int8]


def apply(
    texts: Any, spans: Any | None, edits: Edits, protected: Ranges | None = None, earlier: Any | None = None
) -> Applied:
    """Make the edits in all texts at once.

    Args:
        texts: The string column. A null stays null and can have no edits.
        spans: Its spans (``batch.SPANS``), if it has any.
        edits: What to change.
        protected: What no edit may touch.
        earlier: The ``<field>.edits`` of earlier steps, which come first in the new one.

    Raises:
        ValueError: An edit reaches beyond its text.
    """
    text = Utf8.of(texts)
    _check_bounds(text, texts, edits)
    refused = _refused(edits, Ranges.none() if protected is None else protected)
    made = edits.take(~refused) if refused.any() else edits
    borders = text.bytes_at(made.row, made.start), text.bytes_at(made.row, made.end)
    new = _rewritten(text, made, borders, texts)
    shifts = _Shifts.of(made)
    moved, fates = (None, np.zeros(0, np.int8)) if spans is None else _moved(FlatSpans.of(spans), shifts, new, spans)
    column = _column(text.take(*borders), made, shifts, len(texts), earlier)
    return Applied(new, moved, column, made, edits.take(refused), fates)


def _check_bounds(text: Utf8, texts: Any, edits: Edits) -> None:
    sizes = np.diff(text.firsts)
    if not len(edits):
        return
    inside = (edits.row >= 0) & (edits.row < len(text))
    if inside.all():
        inside = edits.end <= sizes[edits.row]
    if not inside.all():
        at = int(np.flatnonzero(~inside)[0])
        raise ValueError(f"the edit at {edits.start[at]} to {edits.end[at]} of row {edits.row[at]} is beyond the text")
    if texts.null_count and pc.is_null(texts).to_numpy(zero_copy_only=False)[edits.row].any():
        raise ValueError("a text that is missing has no edits")


# What is refused ------------------------------------------------------------------------------------


def _refused(edits: Edits, protected: Ranges) -> Mask:
    """Which edits touch something protected, themselves or by one of their group."""
    out = np.zeros(len(edits), np.bool_)
    if not len(edits) or not protected.row.size:
        return out
    keys = _Keys.of(edits, protected)
    steps = np.zeros(len(edits) + 1, np.int64)
    first, last = keys.overlapping(protected)
    np.add.at(steps, first, 1)
    np.add.at(steps, np.maximum(first, last), -1)
    out |= np.cumsum(steps[:-1]) > 0
    apart = pc.match_substring_regex(edits.new, r"\s$"), pc.match_substring_regex(edits.new, r"^[\s,.;:!?\x{2026}]")
    for border, kept_apart in zip((protected.start, protected.end), apart, strict=True):
        at = keys.beginning(protected.row, border)
        at = at[edits.start[at] == edits.end[at]]
        out[at] |= ~kept_apart.to_numpy(zero_copy_only=False)[at]
    return out | np.isin(edits.group, edits.group[out])


@attrs.frozen(eq=False)
class _Keys:
    """Places of a batch as single numbers: searches over rows become one search."""

    starts: Ints
    ends: Ints
    width: int

    @classmethod
    def of(cls, edits: Edits, others: Ranges) -> _Keys:
        most = max(int(each.max()) if each.size else 0 for each in (edits.end, others.end))
        return cls(edits.row * (most + 1) + edits.start, edits.row * (most + 1) + edits.end, most + 1)

    def overlapping(self, ranges: Ranges) -> tuple[Ints, Ints]:
        """Of each range, the first edit that ends behind its start, and the first that begins at its end or later."""
        first = np.searchsorted(self.ends, ranges.row * self.width + ranges.start, side="right")
        last = np.searchsorted(self.starts, ranges.row * self.width + ranges.end, side="left")
        return first.astype(np.int64), last.astype(np.int64)

    def beginning(self, rows: Ints, places: Ints) -> Ints:
        """The edits that begin at one of these places."""
        wanted = rows * self.width + places
        at = np.minimum(np.searchsorted(self.starts, wanted), self.starts.size - 1)
        found: Ints = at[self.starts[at] == wanted]
        return found


# The texts ------------------------------------------------------------------------------------------


def _rewritten(text: Utf8, made: Edits, borders: tuple[Ints, Ints], texts: Any) -> pa.Array:
    """The bytes between the edits and those of the edits in turn: rows need new offsets only."""
    if not len(made):
        return texts
    new = Utf8.of(made.new)
    begin, finish = borders
    gaps = np.append(begin, text.data.size) - np.append(0, finish)
    kept, put = _in_turn(gaps, finish - begin), _in_turn(gaps, np.diff(new.offsets))
    data = np.empty(put.size, np.uint8)
    data[put], data[~put] = text.data[kept], new.data
    sums = np.concatenate(([0], np.cumsum(np.diff(new.offsets) - (finish - begin))))
    offsets = text.offsets + sums[np.searchsorted(made.row, np.arange(len(text) + 1))]
    valid = pc.is_valid(texts).cast(pa.bool_()).buffers()[1] if texts.null_count else None
    out = pa.Array.from_buffers(pa.large_string(), len(text), [valid, pa.py_buffer(offsets), pa.py_buffer(data)])
    wanted = texts.type.value_type if pa.types.is_dictionary(texts.type) else texts.type
    return out.cast(wanted)


def _in_turn(gaps: Ints, edits: Ints) -> Mask:
    """Stretches of so many bytes that are between edits, and of so many that are of edits, in turn."""
    counts = np.zeros(2 * edits.size + 1, np.int64)
    counts[::2], counts[1::2] = gaps, edits
    out: Mask = np.repeat(np.arange(counts.size) % 2 == 0, counts)
    return out


@attrs.frozen(eq=False)
class _Shifts:
    """How far the edits move what is behind them, in code points. ``before[i]``: by those before edit ``i``."""

    edits: Edits
    before: Ints

    @classmethod
    def of(cls, edits: Edits) -> _Shifts:
        sizes = pc.utf8_length(edits.new).to_numpy(zero_copy_only=False).astype(np.int64)
        return cls(edits, np.concatenate(([0], np.cumsum(sizes - (edits.end - edits.start)))))

    def within(self, rows: Ints, count: Ints) -> Ints:
        """By the first ``count`` edits of the batch, as far as they are in the row."""
        first = np.searchsorted(self.edits.row, rows)
        return self.before[np.maximum(count, first)] - self.before[first]

    def own(self) -> tuple[Ints, Ints]:
        """Of each edit: by those before it in its row, and by those and itself."""
        begins = np.append(np.ones(1, np.bool_), self.edits.row[1:] != self.edits.row[:-1])[: len(self.edits)]
        first = np.flatnonzero(begins)[np.cumsum(begins) - 1]
        return self.before[:-1] - self.before[first], self.before[1:] - self.before[first]


# The spans ------------------------------------------------------------------------------------------


def _moved(old: FlatSpans, shifts: _Shifts, texts: pa.Array, spans: Any) -> tuple[pa.Array, npt.NDArray[np.int8]]:
    """The spans in the new texts, and what became of the old ones."""
    edits = shifts.edits
    ranges = Ranges(old.row, old.start, old.end)
    first, last = _Keys.of(edits, ranges).overlapping(ranges)
    start = old.start + shifts.within(old.row, first)
    end = old.end + shifts.within(old.row, last)
    fates = np.where(last > first, RETYPED, KEPT).astype(np.int8)
    touched = np.flatnonzero(last > first)
    across = (edits.start[first[touched]] < old.start[touched]) | (edits.end[last[touched] - 1] > old.end[touched])
    fates[touched[across]] = DROPPED
    fates[end <= start] = DROPPED
    kept = fates != DROPPED
    values = _values(old.values, old.row, start, end, fates, texts).filter(pa.array(kept))
    columns = [start[kept].astype(np.int32), end[kept].astype(np.int32)]
    fields = [*map(pa.array, columns), _coded(old.slots.filter(pa.array(kept))), _coded(values)]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(old.row[kept], minlength=len(spans))))).astype(np.int32)
    mask = pc.is_null(spans) if spans.null_count else None
    items = pa.StructArray.from_arrays(fields, fields=list(SPAN))
    return pa.ListArray.from_arrays(pa.array(offsets), items, type=SPANS, mask=mask), fates


def _values(  # noqa: PLR0913, PLR0917 - the columns of spans
    values: pa.Array, row: Ints, start: Ints, end: Ints, fates: npt.NDArray[np.int8], texts: pa.Array
) -> pa.Array:
    """The values of spans, those that were retyped read from where they stand now."""
    retyped = np.flatnonzero(fates == RETYPED)
    if not retyped.size:
        return values
    text = Utf8.of(texts)
    rows = row[retyped]
    said = text.take(text.bytes_at(rows, start[retyped]), text.bytes_at(rows, end[retyped]))
    plain_values = decoded(values).cast(pa.large_string())
    return pc.replace_with_mask(plain_values, pa.array(fates == RETYPED), said)


def _coded(column: pa.Array) -> pa.Array:
    """As names: a dictionary with only what occurs."""
    return decoded(column).cast(pa.string()).dictionary_encode().cast(NAMES)


# What is written down -------------------------------------------------------------------------------


def _column(old: pa.Array, made: Edits, shifts: _Shifts, rows: int, earlier: Any | None) -> pa.Array:
    """The column ``<field>.edits``: earlier edits of a row, then those made now."""
    before, after = shifts.own()
    start, end = made.start + before, made.end + after
    columns = [
        pa.array(start.astype(np.int32)),
        pa.array(end.astype(np.int32)),
        *map(_coded, (old, made.new, made.rule)),
    ]
    now = pa.StructArray.from_arrays(columns, fields=list(EDIT))
    owner = made.row
    if earlier is not None:
        past_edits = pc.list_flatten(earlier)
        past = pc.list_parent_indices(earlier).to_numpy(zero_copy_only=False).astype(np.int64)
        owner = np.concatenate((past, made.row))
        now = _stacked(past_edits, now).take(pa.array(np.argsort(owner, kind="stable")))
    offsets = np.concatenate(([0], np.cumsum(np.bincount(owner, minlength=rows)))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), now, type=EDITS)


def _stacked(one: pa.Array, other: pa.Array) -> pa.Array:
    """Two arrays of edits as one, with one dictionary for each text."""
    fields = []
    for field in EDIT:
        sides = [pc.struct_field(each, field.name) for each in (one, other)]
        if pa.types.is_dictionary(field.type):
            fields.append(_coded(pa.concat_arrays([decoded(side).cast(pa.string()) for side in sides])))
        else:
            fields.append(pa.concat_arrays([side.cast(field.type) for side in sides]))
    return pa.StructArray.from_arrays(fields, fields=list(EDIT))
