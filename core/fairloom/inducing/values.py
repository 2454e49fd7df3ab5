"""Value tables from the spans: what each slot held, how often, and under which labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.contingency import effective_number
from fairloom.draws import Ints
from fairloom.inducing.annotated import Annotated
from fairloom.inducing.patterns import Patterns
from fairloom.inducing.personal import personal_slots, refused


@attrs.frozen(eq=False)
class Values:
    """The value table of one slot.

    ``name`` names the levels once; ``label`` (``None`` where one label alone uses the slot) the label a value was
    seen under. ``left_out`` are the values refused as personal, and ``largest`` and ``effective`` the share of the
    most frequent value and the effective number of values (exponential of the entropy) in the real rows.
    """

    slot: str
    name: pa.Array
    value: pa.Array
    label: pa.Array | None
    counts: Ints
    left_out: int
    largest: float
    effective: float

    def table(self) -> pa.Table:
        """The file: what is written first, then how the level is called."""
        columns: dict[str, Any] = {"value": self.value}
        if self.label is not None:
            columns |= {"name": self.name, "label": self.label}
        return pa.table({**columns, "count": pa.array(self.counts)})


def value_tables(
    rows: Annotated, found: Patterns, *, rare: int, personal: Iterable[str], keep_personal: bool
) -> tuple[dict[str, Values], npt.NDArray[np.bool_]]:
    """The table of every slot, and which spans hold a value that was left out.

    Args:
        rows: The annotated rows.
        found: Their patterns.
        rare: Values that occur less often are left out where they look personal.
        personal: Slots whose values belong to people, besides those that say so by their name.
        keep_personal: Whether to keep them all the same.
    """
    tables: dict[str, Values] = {}
    dropped = np.zeros(len(rows.spans), dtype=np.bool_)
    slots = found.base.dictionary_encode()
    codes = slots.indices.to_numpy(zero_copy_only=False)
    people = personal_slots(slots.dictionary.to_pylist(), personal)
    for code, slot in enumerate(slots.dictionary.to_pylist()):
        here = np.flatnonzero(codes == code)
        tables[slot], gone = _values(slot, rows, here, rare=0 if keep_personal else rare, people=slot in people)
        dropped[here] = gone
    return dict(sorted(tables.items())), dropped


def _values(slot: str, rows: Annotated, here: Ints, *, rare: int, people: bool) -> tuple[Values, npt.NDArray[np.bool_]]:
    held = rows.spans.value.take(pa.array(here)).dictionary_encode()
    of = held.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    counts = np.bincount(of, minlength=len(held.dictionary))
    gone = refused(held.dictionary, counts, rare=rare, people=people)
    label = None if rows.label is None else rows.label.take(pa.array(rows.spans.row[here]))
    shared = label is not None and len(label.unique()) > 1
    pairs, sizes = _under(of, label if shared else None)
    stays = ~gone[pairs[0]]
    value = held.dictionary.take(pa.array(pairs[0][stays]))
    named = (
        None if not shared or label is None else label.dictionary_encode().dictionary.take(pa.array(pairs[1][stays]))
    )
    table = Values(
        slot,
        value if named is None else _names(value, named),
        value,
        named,
        sizes[stays],
        int(gone.sum()),
        float(counts.max() / counts.sum()),
        effective_number(counts),
    )
    return table, gone[of]


def _under(of: Ints, label: pa.Array | None) -> tuple[tuple[Ints, Ints], Ints]:
    """The distinct pairs of value and label in order of first appearance, and how often each occurs."""
    under = np.zeros_like(of)
    if label is not None:
        under = label.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    _, first, counts = np.unique(of * (under.max(initial=0) + 1) + under, return_index=True, return_counts=True)
    order = np.argsort(first)
    return (of[first[order]], under[first[order]]), counts[order]


def _names(value: pa.Array, label: pa.Array) -> pa.Array:
    """Values as names of levels; with the label where a value stands under several."""
    counted = value.value_counts()
    often = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    several = pa.array([often[text] > 1 for text in value.to_pylist()])
    return pc.if_else(
        several, pc.binary_join_element_wise(value, pc.binary_join_element_wise("(", label, ")", ""), " "), value
    )


def by_factor(found: Patterns) -> Mapping[str, str]:
    """The slot behind each factor, factors in order of name."""
    pairs = set(zip(found.factor.to_pylist(), found.base.to_pylist(), strict=True))
    return dict(sorted(pairs))
