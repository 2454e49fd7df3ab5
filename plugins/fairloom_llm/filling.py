"""Filling checked templates from the design: whole columns, with spans that come from the filling itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import NAMES, SPAN
from fairloom.draws import Ints


@attrs.frozen
class Template:
    """A checked template: ``literals`` stand before, between and after the ``slots``, in the order of the text."""

    text: str
    literals: tuple[str, ...]
    slots: tuple[str, ...]


@attrs.frozen(eq=False)
class Filled:
    """Texts and their spans, null where a row has no template or a slot no value."""

    texts: pa.Array
    spans: pa.Array


def filled(templates: Sequence[Template | None], chosen: Ints, values: Mapping[str, pa.Array]) -> Filled:
    """The template ``chosen[row]`` of each row (-1 is none), filled with the row's ``values`` per slot."""
    numbers = np.unique(chosen) if chosen.size else np.array([-1])
    rows = [np.flatnonzero(chosen == number) for number in numbers]
    groups = [
        _group(templates[number] if number >= 0 else None, own, values)
        for number, own in zip(numbers.tolist(), rows, strict=True)
    ]
    order = np.concatenate(rows)
    back = pa.array(np.argsort(order, kind="stable"))
    texts = pa.concat_arrays([text for text, _, _ in groups])
    counts = np.concatenate([count for _, count, _ in groups])
    spans = _spans(counts, [span for _, _, span in groups])
    return Filled(texts.take(back), spans.take(back))


Group = tuple[pa.Array, Ints, dict[str, pa.Array]]


def _group(template: Template | None, rows: Ints, values: Mapping[str, pa.Array]) -> Group:
    """Texts, spans per row and flat spans of the rows of one template."""
    if template is None:
        return pa.nulls(rows.size, pa.string()), np.zeros(rows.size, np.int64), _flat([], [], [], 0)
    taken = [values[slot].take(pa.array(rows)) for slot in template.slots]
    pieces = [pa.scalar(template.literals[0])]
    position = np.full(rows.size, len(template.literals[0]), np.int64)
    starts = []
    for value, after in zip(taken, template.literals[1:], strict=True):
        pieces += [value, pa.scalar(after)]
        starts.append(position)
        position = position + pc.fill_null(pc.utf8_length(value), 0).to_numpy() + len(after)
    texts = pc.binary_join_element_wise(*pieces, "")
    whole = pc.is_valid(texts).to_numpy(zero_copy_only=False)
    kept = [value.filter(pa.array(whole)) for value in taken]
    count = np.where(whole, len(template.slots), 0)
    return texts, count, _flat([start[whole] for start in starts], kept, template.slots, int(whole.sum()))


def _flat(starts: Sequence[Ints], values: Sequence[pa.Array], slots: Sequence[str], rows: int) -> dict[str, pa.Array]:
    """The spans of some rows one after the other, each row's in the order of its text."""
    if not starts or not rows:
        nothing = pa.array([], pa.int64())
        return {"start": nothing, "end": nothing, "slot": pa.array([], pa.string()), "value": pa.array([], pa.string())}
    start = np.stack(starts, axis=1).reshape(-1)
    by_row = pa.array(np.arange(rows * len(slots)).reshape(len(slots), rows).T.reshape(-1))
    value = pa.concat_arrays([each.cast(pa.string()) for each in values]).take(by_row)
    end = start + pc.utf8_length(value).to_numpy()
    slot = pa.array(list(slots), pa.string()).take(pa.array(np.tile(np.arange(len(slots)), rows)))
    return {"start": pa.array(start), "end": pa.array(end), "slot": slot, "value": value}


def _spans(counts: Ints, parts: Sequence[Mapping[str, pa.Array]]) -> pa.Array:
    flat = {name: pa.concat_arrays([part[name] for part in parts]) for name in ("start", "end", "slot", "value")}
    arrays = [
        flat["start"].cast(pa.int32()),
        flat["end"].cast(pa.int32()),
        flat["slot"].dictionary_encode().cast(NAMES),
        flat["value"].dictionary_encode().cast(NAMES),
    ]
    structs = pa.StructArray.from_arrays(arrays, fields=list(SPAN))
    offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs)
