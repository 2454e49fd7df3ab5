"""Assembly of text and spans: gather string ids for all rows of a batch at once, then copy bytes once.

The strings of all segments of all rows, taken from the pool one after the other, *are* the finished
texts: the rows only need coarser offsets into the same bytes. Spans are running sums of lengths.
"""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import NAMES, SPAN, SPANS
from fairloom.problems import RunError
from fairloom_template.layout import Layout
from fairloom_template.pool import Ids, Index, Pool

MAX_BYTES = 2**31 - 1
"""Bytes one Arrow string array can hold."""
MAX_SEGMENTS = 2**25
"""Segments one batch may have: about a gigabyte of working memory."""


@attrs.frozen(eq=False)
class Sheet:
    """What one column needs: a layout, and the template of every row (0: none, an empty text)."""

    layout: Layout
    template: Index

    def without(self, rows: npt.NDArray[np.bool_]) -> Sheet:
        """The sheet with some rows left empty."""
        return Sheet(self.layout, np.where(rows, 0, self.template))

    def bound(self, drawn: Index) -> Sheet:
        """The sheet with the pool bases of this batch's drawn values put in."""
        return Sheet(self.layout.bound(drawn), self.template)


@attrs.frozen(eq=False)
class Gathered:
    """String ids of every segment, and where the slots are among them.

    ``offsets`` has the first segment of every row and the total (length rows + 1), ``slot_offsets``
    the same for slots; ``at`` is the place of every slot among the segments, ``name`` its name.
    """

    ids: Ids
    offsets: Index
    slot_offsets: Index
    at: Index
    name: Ids
    value: Ids

    @property
    def rows_of_slots(self) -> Index:
        """The row of every slot."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.slot_offsets))


def gather(sheet: Sheet, levels: Index, pool: Pool) -> Gathered:
    """Ids for all rows; -1 where a form is missing. ``levels`` is the matrix (source, row).

    Raises:
        RunError: the batch has more segments than memory should be spent on.
    """
    layout, template = sheet.layout, sheet.template
    count, slot_count = layout.count[template], layout.slot_count[template]
    offsets, slot_offsets = _offsets(count), _offsets(slot_count)
    if offsets[-1] > MAX_SEGMENTS:
        raise RunError(f"a part needs {offsets[-1]:,} pieces of text; make [parts] rows smaller")
    ids = pool.lookup[layout.base][_ragged(layout.first[template], count, offsets)]
    slots = _ragged(layout.slot_first[template], slot_count, slot_offsets)
    at = layout.slot_at[slots] + np.repeat(offsets[:-1], slot_count)
    rows = np.repeat(np.arange(len(template)), slot_count)
    level = levels.reshape(-1)[(layout.slot_source * levels.shape[1])[slots] + rows]
    value = pool.lookup[layout.slot_base[slots] + level]
    ids[at] = value
    return Gathered(ids, offsets, slot_offsets, at, layout.slot_name.astype(np.int32)[slots], value)


def assemble(
    gathered: Gathered, pool: Pool, names: Any | None = None, blank: Any | None = None
) -> tuple[Any, Any | None]:
    """The text column, and the span column if ``names`` (the slot names, an Arrow array) are given.

    ``blank`` marks rows (boolean, null elsewhere not allowed) that are null in both.
    """
    taken = pc.take(pool.strings, pa.array(gathered.ids), boundscheck=False)
    _, starts, content = taken.buffers()
    ends = np.frombuffer(starts, dtype=np.int32)[taken.offset :] if starts else np.zeros(1, dtype=np.int32)
    offsets = ends[gathered.offsets]
    valid = None if blank is None else pc.invert(blank).buffers()[1]
    text = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), content or pa.py_buffer(b""), valid)
    if names is None:
        return text, None
    position = ends if pool.ascii else _positions(pool.characters[gathered.ids])
    return text, _spans(gathered, pool, names, position, blank)


def lengths(gathered: Gathered, sizes: Ids) -> Index:
    """Length of every row, given the size of every string."""
    return np.diff(_offsets(sizes[gathered.ids])[gathered.offsets])


def _spans(gathered: Gathered, pool: Pool, names: Any, position: Ids, blank: Any | None) -> Any:
    """Spans from the running position (in characters) before every segment; empty values have none."""
    at, offsets, value, name = gathered.at, gathered.slot_offsets, gathered.value, gathered.name
    begin = np.repeat(position[gathered.offsets[:-1]], np.diff(offsets))
    if pool.has_empty:
        kept = pool.bytes[value] > 0
        offsets = _offsets(kept)[offsets]
        at, value, name, begin = at[kept], value[kept], name[kept], begin[kept]
    start = position[at] - begin
    end = position[at + 1] - begin
    fields = [pa.array(start), pa.array(end), _coded(name, names), _compact(value, pool)]
    values = pa.StructArray.from_arrays(fields, fields=list(SPAN))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values, type=SPANS, mask=blank)


def _compact(value: Ids, pool: Pool) -> Any:
    """Values as a dictionary column with only the strings that occur."""
    used = np.zeros(len(pool.strings), dtype=bool)
    used[value] = True
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    return _coded(place[value], pool.strings.take(pa.array(np.flatnonzero(used))))


def _coded(codes: Ids, dictionary: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes, NAMES.index_type), dictionary, safe=False)


def _offsets(numbers: npt.NDArray[Any]) -> Index:
    """Sums before every element, and the total: one longer than ``numbers``."""
    sums = np.zeros(len(numbers) + 1, dtype=np.int64)
    np.cumsum(numbers, out=sums[1:])
    return sums


def _positions(lengths: Ids) -> Ids:
    """Like ``_offsets`` where the total is known to fit 32 bits."""
    sums = np.zeros(len(lengths) + 1, dtype=np.int32)
    np.cumsum(lengths, out=sums[1:], dtype=np.int32)
    return sums


def _ragged(first: Index, count: Index, offsets: Index) -> Index:
    """``first[0], first[0] + 1, ...`` (``count[0]`` of them), then from ``first[1]``, and so on."""
    places = np.repeat(first - offsets[:-1], count)
    places += np.arange(offsets[-1])
    return places
