"""Assembly of text and spans: gather string ids for all rows of a batch at once, then copy bytes once.

The strings of all segments of all rows, taken from the pool one after the other, *are* the finished
texts: the rows only need coarser offsets into the same bytes. Spans are running sums of lengths.
"""

from __future__ import annotations

from collections.abc import Iterator
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

BLOCK = 4096
"""Rows gathered at a time."""
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
    at: Ids
    name: Ids
    value: Ids

    @property
    def rows_of_slots(self) -> Index:
        """The row of every slot."""
        return np.repeat(np.arange(len(self.offsets) - 1), np.diff(self.slot_offsets))


def empty(size: int) -> Ids:
    """An array to be filled, in memory from Arrow's pool.

    The pool keeps what is freed; numpy gives large arrays back to the system, and getting the pages
    again for every batch costs more than all the arithmetic.
    """
    return np.frombuffer(pa.allocate_buffer(4 * size), dtype=np.int32)


def _blocks(rows: int) -> Iterator[slice]:
    return (slice(start, min(start + BLOCK, rows)) for start in range(0, rows, BLOCK))


def gather(sheet: Sheet, levels: Ids, pool: Pool) -> Gathered:
    """Ids for all rows; -1 where a form is missing. ``levels`` is the matrix (source, row).

    Raises:
        RunError: the batch has more segments than memory should be spent on.
    """
    layout, template = sheet.layout, sheet.template
    offsets, slot_offsets = _offsets(layout.count[template]), _offsets(layout.slot_count[template])
    if offsets[-1] > MAX_SEGMENTS:
        raise RunError(f"a part needs {offsets[-1]:,} pieces of text; make [parts] rows smaller")
    ids, at, name, value = (empty(int(size)) for size in (offsets[-1], *[slot_offsets[-1]] * 3))
    gathered = Gathered(ids, offsets, slot_offsets, at, name, value)
    gathering = _Gathering(sheet, levels, pool, pool.lookup[layout.base])
    for block in _blocks(len(template)):
        gathering.fill(gathered, block)
    return gathered


@attrs.frozen(eq=False)
class _Gathering:
    """Gathers some rows at a time, so that all temporary arrays stay in the cache."""

    sheet: Sheet
    levels: Ids
    pool: Pool
    literals: Ids

    def fill(self, gathered: Gathered, rows: slice) -> None:
        """Work out these rows of ``gathered``."""
        layout, template = self.sheet.layout, self.sheet.template[rows]
        first, last = gathered.offsets[rows.start], gathered.offsets[rows.stop]
        slots = slice(gathered.slot_offsets[rows.start], gathered.slot_offsets[rows.stop])
        start, count, slot_count = gathered.offsets[rows], layout.count[template], layout.slot_count[template]
        ids, value = gathered.ids[first:last], gathered.value[slots]
        self.literals.take(ragged(layout.first[template], count, start), out=ids, mode="clip")
        which = ragged(layout.slot_first[template], slot_count, gathered.slot_offsets[rows])
        self.pool.lookup.take(self._bases(which, slot_count, rows), out=value, mode="clip")
        layout.slot_name.take(which, out=gathered.name[slots], mode="clip")
        place = layout.slot_at.take(which)
        place += np.repeat(start - first, slot_count)
        ids[place] = value
        np.add(place, first, out=gathered.at[slots], casting="same_kind")

    def _bases(self, which: Index, slot_count: Index, rows: slice) -> Index:
        """Where every slot's string is found: its base plus the row's level of its factor."""
        layout, width = self.sheet.layout, self.levels.shape[1]
        cell = (layout.slot_source * width).take(which)
        cell += np.repeat(np.arange(rows.start, rows.stop), slot_count)
        base = layout.slot_base.take(which)
        base += self.levels.reshape(-1).take(cell)
        return base


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
    position = (
        ends
        if pool.ascii
        else _positions(pool.characters.take(gathered.ids, out=empty(len(gathered.ids)), mode="clip"))
    )
    return text, _spans(gathered, pool, names, position, blank)


def lengths(gathered: Gathered, sizes: Ids) -> Index:
    """Length of every row, given the size of every string."""
    return np.diff(_offsets(sizes[gathered.ids])[gathered.offsets])


def _spans(gathered: Gathered, pool: Pool, names: Any, position: Ids, blank: Any | None) -> Any:
    """Spans from the running position (in characters) before every segment; empty values have none."""
    at, offsets, value, name = gathered.at, gathered.slot_offsets, gathered.value, gathered.name
    start, end = empty(len(at)), empty(len(at))
    for block in _blocks(len(offsets) - 1):
        slots = slice(offsets[block.start], offsets[block.stop])
        begin = position.take(gathered.offsets[block])
        position.take(at[slots], out=start[slots], mode="clip")
        start[slots] -= np.repeat(begin, np.diff(offsets[block.start : block.stop + 1]))
        np.add(start[slots], pool.characters.take(value[slots]), out=end[slots])
    if pool.has_empty:
        kept = end > start
        offsets = _offsets(kept)[offsets]
        start, end, value, name = start[kept], end[kept], value[kept], name[kept]
    fields = [pa.array(start), pa.array(end), _coded(name, names), _compact(value, pool)]
    values = pa.StructArray.from_arrays(fields, fields=list(SPAN))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), values, type=SPANS, mask=blank)


def _compact(value: Ids, pool: Pool) -> Any:
    """Values as a dictionary column with only the strings that occur."""
    used = np.zeros(len(pool.strings), dtype=bool)
    used[value] = True
    place = np.cumsum(used, dtype=np.int32) - np.int32(1)
    codes = place.take(value, out=empty(len(value)), mode="clip")
    return _coded(codes, pool.strings.take(pa.array(np.flatnonzero(used))))


def _coded(codes: Ids, dictionary: Any) -> Any:
    return pa.DictionaryArray.from_arrays(pa.array(codes, NAMES.index_type), dictionary, safe=False)


def _offsets(numbers: npt.NDArray[Any]) -> Index:
    """Sums before every element, and the total: one longer than ``numbers``."""
    sums = np.empty(len(numbers) + 1, dtype=np.int64)
    sums[0] = 0
    np.cumsum(numbers, out=sums[1:])
    return sums


def _positions(lengths: Ids) -> Ids:
    """Like ``_offsets`` where the total is known to fit 32 bits."""
    sums = empty(len(lengths) + 1)
    sums[0] = 0
    np.cumsum(lengths, out=sums[1:], dtype=np.int32)
    return sums


def ragged(first: Index, count: Index, start: Index) -> Index:
    """``first[0], first[0] + 1, ...`` (``count[0]`` of them), then from ``first[1]``, and so on.

    ``start`` are the running sums before ``count``, from any number.
    """
    places = np.repeat(first - start, count)
    places += np.arange(start[0], start[-1] + count[-1])
    return places
