"""Annotated rows as columns: texts, labels and spans of one shape, and why rows cannot be used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.draws import Ints
from fairloom.problems import RecipeError, did_you_mean
from fairloom.utf8 import Utf8, plain

Bools = npt.NDArray[np.bool_]

START = ("start", "start_position", "begin", "start_offset", "start_char")
END = ("end", "end_position", "stop", "end_offset", "end_char")
SLOT = ("slot", "label", "entity_type", "type", "entity", "tag")
"""What the bounds and the name of a span are called in files, the first that is there counts."""


@attrs.frozen(kw_only=True)
class Shape:
    """Which columns hold what, and the keys of a span.

    Without ``spans`` it is the one column of lists of records, without ``label`` the column ``label`` if there is one,
    without ``start``, ``end`` and ``slot`` the first key of ``START``, ``END`` and ``SLOT`` that spans have.
    """

    text: str = "text"
    spans: str | None = None
    label: str | None = None
    start: str | None = None
    end: str | None = None
    slot: str | None = None


@attrs.frozen(eq=False)
class Spans:
    """Every span of every usable row, in text order: row, byte bounds, name of the slot and what it holds."""

    row: Ints
    start: Ints
    end: Ints
    slot: pa.Array
    value: pa.Array

    def __len__(self) -> int:
        return len(self.row)


@attrs.frozen(eq=False)
class Annotated:
    """Usable rows, and how many were not usable for which reason.

    ``text`` and ``label`` (``None`` without labels) have one entry per usable row, ``number`` its place among all
    rows, from 1. ``trimmed`` is how many spans lost blanks at their ends.
    """

    text: pa.Array
    label: pa.Array | None
    number: Ints
    spans: Spans
    refused: Mapping[str, Ints]
    trimmed: int

    def __len__(self) -> int:
        return len(self.text)


def annotated(batches: Iterable[pa.RecordBatch], shape: Shape) -> Annotated:
    """The rows of a file, those with faults set aside.

    Raises:
        RecipeError: The file has no rows, or not the columns that ``shape`` names.
    """
    try:
        table = pa.Table.from_batches(list(batches)).combine_chunks()
    except pa.ArrowInvalid as error:
        raise RecipeError.of(
            "the files differ in their columns, or in what these hold",
            suggestion="induce from files of one form, or from each alone",
        ) from error
    if not table.num_rows:
        raise RecipeError.of("the file has no rows")
    text = _texts_of(table, shape.text, "--text")
    name = shape.label or ("label" if "label" in table.column_names else None)
    label = None if name is None else _texts_of(table, name, "--label")
    lists = _span_column(table, shape)
    labels = None if label is None else decoded(label.combine_chunks()).cast(pa.string())
    return _checked(plain(text), labels, _flat(lists, shape))


def _column(table: pa.Table, name: str, option: str) -> Any:
    if name in table.column_names:
        return table.column(name)
    hint = did_you_mean(name, table.column_names)
    raise RecipeError.of(f"there is no column {name!r}", suggestion="; ".join(filter(None, (hint, f"see {option}"))))


def _texts_of(table: pa.Table, name: str, option: str) -> Any:
    column = _column(table, name, option)
    if pa.types.is_nested(column.type):
        raise RecipeError.of(f"column {name!r} holds lists or records, not texts", suggestion=f"see {option}")
    return column


def _span_column(table: pa.Table, shape: Shape) -> pa.Array:
    name = shape.spans
    if name is None:
        found = [
            field.name
            for field in table.schema
            if pa.types.is_list(field.type) and pa.types.is_struct(field.type.value_type)
        ]
        if len(found) != 1:
            said = f"{' and '.join(found)} may hold the spans" if found else "no column holds spans"
            way = 'name the column with --spans; a span is a record like {"start": 4, "end": 9, "slot": "city"}'
            raise RecipeError.of(said, suggestion=way)
        name = found[0]
    column = _column(table, name, "--spans").combine_chunks()
    if not (pa.types.is_list(column.type) and pa.types.is_struct(column.type.value_type)):
        raise RecipeError.of(f"column {name!r} holds {column.type}, not lists of records with the bounds of spans")
    return column


@attrs.frozen(eq=False)
class _Flat:
    """The spans as the file has them, in code points."""

    row: Ints
    start: Ints
    end: Ints
    slot: pa.Array
    value: pa.Array | None


def _flat(lists: pa.Array, shape: Shape) -> _Flat:
    records = pc.list_flatten(lists)
    names = [field.name for field in records.type]
    start, end, slot = (
        _key(names, wanted, usual, option)
        for wanted, usual, option in (
            (shape.start, START, "start"),
            (shape.end, END, "end"),
            (shape.slot, SLOT, "slot"),
        )
    )
    value = next((name for name in ("value", "entity_value", "text") if name in names), None)
    for name in (slot, value):
        if name is not None and pa.types.is_nested(records.type.field(name).type):
            raise RecipeError.of(f"{name!r} of the spans holds lists or records, not texts")
    row = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
    flat = _Flat(
        row,
        _integers(records.field(names.index(start))),
        _integers(records.field(names.index(end))),
        plain(records.field(names.index(slot))),
        None if value is None else decoded(records.field(names.index(value))),
    )
    order = np.lexsort((flat.end, flat.start, flat.row))
    kept = pa.array(order)
    return _Flat(
        flat.row[order],
        flat.start[order],
        flat.end[order],
        flat.slot.take(kept),
        None if flat.value is None else flat.value.take(kept),
    )


def _key(names: list[str], wanted: str | None, usual: tuple[str, ...], option: str) -> str:
    found = wanted if wanted in names else next((name for name in usual if name in names), None)
    if (wanted is not None and wanted not in names) or found is None:
        said = f"spans have no key {wanted!r}" if wanted else f"no key of the spans is their {option}"
        raise RecipeError.of(said, suggestion=f"say which with --keys {option}=NAME; they have {', '.join(names)}")
    return found


def _integers(column: pa.Array) -> Ints:
    try:
        numbers: Ints = pc.fill_null(pc.cast(column, pa.int64()), -1).to_numpy(zero_copy_only=False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise RecipeError.of(f"the bounds of spans must be whole numbers: {error}") from error
    return numbers


def _checked(text: pa.Array, label: pa.Array | None, flat: _Flat) -> Annotated:
    """Rows without faults, their spans in bytes and without blanks at their ends."""
    faults = _Faults(len(text))
    faults.note("no text", pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(text)), 0))
    faults.note("damaged encoding", pc.match_substring(text, "\ufffd"))
    faults.note("control characters", pc.match_substring_regex(text, r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"))
    if label is not None:
        faults.note("no label", pc.or_kleene(pc.is_null(label), pc.equal(label, "")))
        odd = [each for each in label.unique().to_pylist() if each and (not each.strip() or not each.isprintable())]
        faults.note("a label that is no name on one line", pc.is_in(label, pa.array(odd, label.type)))
    length = pc.utf8_length(text).to_numpy(zero_copy_only=False)[flat.row]
    outside = (flat.start < 0) | (flat.end > length) | (flat.end < flat.start)
    faults.spans("a span outside of the text", flat.row[outside])
    follows = (flat.row[1:] == flat.row[:-1]) & (flat.start[1:] < flat.end[:-1])
    faults.spans("spans that overlap", flat.row[1:][follows])
    bare = pc.equal(pc.utf8_length(pc.utf8_trim_whitespace(flat.slot)), 0).to_numpy(zero_copy_only=False)
    faults.spans("a span without a name", flat.row[bare])
    usable = faults.none[flat.row]
    spans, trimmed = _trimmed(Utf8.of(text), flat, usable)
    faults.spans("an empty span", spans.row[spans.end == spans.start])
    if flat.value is not None:
        differs = _flags(pc.not_equal(pc.cast(flat.value, pa.string()), _texts(Utf8.of(text), flat, usable)))
        faults.spans("a span that does not hold its value", flat.row[differs.to_numpy(zero_copy_only=False) & usable])
    return _kept(text, label, spans, faults, trimmed)


def _flags(values: Any) -> Any:
    return pc.fill_null(values, pa.scalar(value=False))


def _texts(text: Utf8, flat: _Flat, usable: Bools) -> pa.Array:
    """What each span holds; of rows that are not usable, nothing."""
    starts, ends = np.zeros_like(flat.start), np.zeros_like(flat.end)
    starts[usable] = text.bytes_at(flat.row[usable], flat.start[usable])
    ends[usable] = text.bytes_at(flat.row[usable], flat.end[usable])
    return text.take(starts, ends).cast(pa.string())


def _trimmed(text: Utf8, flat: _Flat, usable: Bools) -> tuple[Spans, int]:
    """The spans of usable rows in bytes, blanks at their ends given back to the text around them."""
    row, taken = flat.row[usable], pa.array(np.flatnonzero(usable))
    start, end = text.bytes_at(row, flat.start[usable]), text.bytes_at(row, flat.end[usable])
    value = text.take(start, end)
    left = _sizes(value) - _sizes(pc.utf8_ltrim_whitespace(value))
    right = _sizes(value) - _sizes(pc.utf8_rtrim_whitespace(value))
    blank = left == end - start
    start, end = start + left, np.where(blank, start + left, end - right)
    spans = Spans(row, start, end, flat.slot.take(taken), text.take(start, end).cast(pa.string()))
    return spans, int(((left > 0) | (right > 0)).sum())


def _sizes(values: pa.Array) -> Ints:
    sizes: Ints = pc.binary_length(values).to_numpy(zero_copy_only=False).astype(np.int64)
    return sizes


def _kept(text: pa.Array, label: pa.Array | None, spans: Spans, faults: _Faults, trimmed: int) -> Annotated:
    rows = np.flatnonzero(faults.none)
    place = np.full(len(text), -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    stays = place[spans.row] >= 0
    chosen = pa.array(np.flatnonzero(stays))
    whole = Utf8.of(text)
    shift = whole.offsets[spans.row] - np.concatenate(([0], np.cumsum(np.diff(whole.offsets)[rows])))[place[spans.row]]
    left = Spans(
        place[spans.row][stays],
        (spans.start - shift)[stays],
        (spans.end - shift)[stays],
        spans.slot.take(chosen),
        spans.value.take(chosen),
    )
    some = pa.array(rows)
    names = None if label is None else pc.cast(label, pa.string()).take(some)
    return Annotated(text.take(some), names, rows + 1, left, faults.found(), trimmed)


@attrs.define(eq=False)
class _Faults:
    """The first fault of each row."""

    rows: int
    reasons: list[str] = attrs.field(factory=list)
    first: Ints = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.first = np.full(self.rows, -1, dtype=np.int64)

    @property
    def none(self) -> Bools:
        """The rows without a fault."""
        sound: Bools = self.first < 0
        return sound

    def note(self, reason: str, hit: Any) -> None:
        """A fault of the rows marked."""
        self.spans(reason, np.flatnonzero(_flags(hit).to_numpy(zero_copy_only=False)))

    def spans(self, reason: str, rows: Ints) -> None:
        """A fault of these rows, each named any number of times."""
        hit = np.zeros(self.rows, dtype=np.bool_)
        hit[rows] = True
        self.first[hit & self.none] = len(self.reasons)
        self.reasons.append(reason)

    def found(self) -> dict[str, Ints]:
        """The numbers of the rows with each fault, from 1."""
        rows = {reason: np.flatnonzero(self.first == place) + 1 for place, reason in enumerate(self.reasons)}
        return {reason: numbers for reason, numbers in rows.items() if len(numbers)}
