"""Texts as patterns: every span a slot, rows of one pattern together."""

from __future__ import annotations

import re
import unicodedata
from keyword import iskeyword

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.inducing.annotated import Annotated, Spans
from fairloom.reading.checks import OWN_COLUMNS
from fairloom.utf8 import Utf8

_TAKEN = frozenset({*OWN_COLUMNS, "label", "template", "text", "loop", "self", "true", "false", "none"})


@attrs.frozen(eq=False)
class Patterns:
    """The distinct patterns of annotated rows.

    ``text`` and ``label`` (``None`` without labels) hold one entry per pattern, most frequent first within a label;
    ``literal`` its text without the slots, for a look at what it says; ``of`` the pattern of each row, ``counts`` how
    many rows have each. ``factor`` names the factor of each span and ``base`` the slot that it was made of: two
    different values of one slot in one row take two factors, ``artist`` and ``artist_2``.
    """

    text: pa.Array
    label: pa.Array | None
    literal: pa.Array
    of: Ints
    counts: Ints
    factor: pa.Array
    base: pa.Array


def patterns(rows: Annotated) -> Patterns:
    """The patterns of annotated rows."""
    spans = rows.spans
    base = named(spans.slot)
    factor = _numbered(spans, base)
    literals = _literals(rows)
    marks = pc.binary_join_element_wise("{{ ", factor, " }}", "")
    text = _woven(rows, pc.replace_substring(literals, "{", "{{ '{' }}"), marks)
    literal = _woven(rows, literals, pa.array([" "] * len(spans), pa.string()))
    return _grouped(rows, text, literal, factor, base)


def named(slots: pa.Array) -> pa.Array:
    """Names of slots as names of factors: ``GIVEN NAME`` becomes ``given_name``, ``départ`` ``depart``."""
    encoded = slots.dictionary_encode()
    names: dict[str, str] = {}
    for slot in encoded.dictionary.to_pylist():
        plain = unicodedata.normalize("NFKD", slot).encode("ascii", "ignore").decode()
        name = re.sub(r"\W+", "_", plain.strip()).strip("_").lower() or "slot"
        name = f"slot_{name}" if name[0].isdigit() or name in _TAKEN or iskeyword(name) else name
        while name in names.values():
            name += "_"
        names[slot] = name
    distinct = pa.array([names[slot] for slot in encoded.dictionary.to_pylist()], pa.string())
    return distinct.take(encoded.indices)


def _numbered(spans: Spans, base: pa.Array) -> pa.Array:
    """The factor of each span: its slot, numbered where a row has the slot with several values."""
    slot = _codes(base)
    value = _codes(spans.value)
    group = _pairs(spans.row, slot)
    thing = _pairs(group, value)
    first = np.zeros(len(spans), dtype=np.bool_)
    first[np.unique(thing, return_index=True)[1]] = True
    order = np.argsort(group, kind="stable")
    run = np.cumsum(first[order])
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    rank = np.empty(len(spans), dtype=np.int64)
    rank[order] = run - np.repeat(run[starts] - 1, np.diff(np.append(starts, len(order)))) if len(order) else run
    # The rank of a thing is that of its first appearance.
    _, place, back = np.unique(thing, return_index=True, return_inverse=True)
    number = rank[place][back]
    suffix = pc.if_else(
        pa.array(number > 1), pc.binary_join_element_wise("_", pa.array(number).cast(pa.string()), ""), ""
    )
    return pc.binary_join_element_wise(base, suffix, "")


def _literals(rows: Annotated) -> pa.Array:
    """The texts before, between and after the spans: one more per row than it has spans, row after row."""
    text, spans = Utf8.of(rows.text), rows.spans
    count = np.bincount(spans.row, minlength=len(rows)).astype(np.int64)
    firsts = np.cumsum(count + 1) - (count + 1)
    at_span = np.arange(len(spans)) + spans.row  # the literal before each span
    starts, ends = (np.empty(len(spans) + len(rows), dtype=np.int64) for _ in range(2))
    starts[firsts], ends[firsts + count] = text.offsets[:-1], text.offsets[1:]
    ends[at_span], starts[at_span + 1] = spans.start, spans.end
    return text.take(starts, ends).cast(pa.string())


def _woven(rows: Annotated, literals: pa.Array, marks: pa.Array) -> pa.Array:
    """Literals and marks in turn, joined row by row."""
    count = np.bincount(rows.spans.row, minlength=len(rows)).astype(np.int64)
    firsts = np.cumsum(2 * count + 1) - (2 * count + 1)
    where = np.empty(len(literals) + len(marks), dtype=np.int64)
    row_of = np.repeat(np.arange(len(rows)), count + 1)
    inner = np.arange(len(literals)) - np.repeat(np.cumsum(count + 1) - (count + 1), count + 1)
    where[firsts[row_of] + 2 * inner] = np.arange(len(literals))
    inner = np.arange(len(marks)) - np.repeat(np.cumsum(count) - count, count)
    where[firsts[rows.spans.row] + 2 * inner + 1] = len(literals) + np.arange(len(marks))
    pieces = pa.concat_arrays([literals, marks.cast(pa.string())]).take(pa.array(where))
    offsets = np.concatenate((firsts, [len(where)])).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), pieces), "")


def _grouped(rows: Annotated, text: pa.Array, literal: pa.Array, factor: pa.Array, base: pa.Array) -> Patterns:
    label = np.zeros(len(rows), dtype=np.int64) if rows.label is None else _codes(rows.label)
    key = _pairs(label, _codes(text))
    _, first, back = np.unique(key, return_index=True, return_inverse=True)
    counts = np.bincount(back)
    order = np.lexsort((first, -counts, label[first]))
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    chosen = pa.array(first[order])
    return Patterns(
        text.take(chosen),
        None if rows.label is None else rows.label.take(chosen),
        literal.take(chosen),
        place[back],
        counts[order],
        factor,
        base,
    )


def _codes(values: pa.Array) -> Ints:
    codes: Ints = values.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def _pairs(left: Ints, right: Ints) -> Ints:
    """One code per pair of codes."""
    return left * (int(right.max(initial=0)) + 1) + right
