"""Counts of every combination of some columns, batch by batch."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.factors import Axis
from fairloom.problems import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairloom.draws import Ints
    from fairloom.factors import Factor


@attrs.define
class Tally:
    """Counts combinations of levels. A row with a null in one of the columns is left out, and counted.

    ``levels`` numbers the levels in the order in which the rows bring them.
    """

    axes: tuple[str, ...]
    levels: tuple[dict[str, int], ...] = attrs.field(init=False)
    counts: Counter[tuple[int, ...]] = attrs.field(factory=Counter, init=False)
    left_out: int = attrs.field(default=0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        self.levels = tuple({} for _ in self.axes)

    @property
    def n(self) -> int:
        """Rows counted."""
        return self.counts.total()

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows; ``why`` says which column they lack, if any."""
        for axis in self.axes:
            if axis not in rows.schema.names:
                self.why = _lacking(axis, rows.schema.names)
                return
        codes = [self._codes(rows.column(axis), levels) for axis, levels in zip(self.axes, self.levels, strict=True)]
        used = np.logical_and.reduce([code >= 0 for code in codes])
        self.left_out += int(used.size - used.sum())
        sizes = tuple(max(1, len(levels)) for levels in self.levels)
        flat, times = np.unique(np.ravel_multi_index([code[used] for code in codes], sizes), return_counts=True)
        places = zip(*(part.tolist() for part in np.unravel_index(flat, sizes)), strict=True)
        self.counts.update(dict(zip(places, times.tolist(), strict=True)))

    def seen(self) -> tuple[tuple[str, ...], ...]:
        """The levels of each axis among the rows counted, sorted."""
        return tuple(tuple(sorted(set(names))) for names in zip(*self.named(), strict=True)) or ((),) * len(self.axes)

    def table(self) -> Ints:
        """The full table of counts over the levels seen, in their order."""
        ranks = [{name: rank for rank, name in enumerate(names)} for names in self.seen()]
        table = np.zeros([len(rank) for rank in ranks], dtype=np.int64)
        for place, count in self.named().items():
            table[tuple(rank[name] for rank, name in zip(ranks, place, strict=True))] = count
        return table

    def named(self) -> dict[tuple[str, ...], int]:
        """The counts by names of levels, sorted."""
        names = [list(levels) for levels in self.levels]
        found = {
            tuple(part[code] for part, code in zip(names, place, strict=True)): count
            for place, count in self.counts.items()
        }
        return dict(sorted(found.items()))

    @staticmethod
    def _codes(column: pa.Array, levels: dict[str, int]) -> Ints:
        """The code of each row's level; -1 for null."""
        encoded = decoded(column).cast(pa.string()).dictionary_encode()  # so that it holds what occurs, in order
        local = pc.fill_null(encoded.indices, -1).to_numpy(zero_copy_only=False)
        found = [levels.setdefault(name, len(levels)) for name in encoded.dictionary.to_pylist()]
        codes: Ints = np.array([*found, -1], dtype=np.int64)[local]  # the last one is for -1
        return codes


def declared(text: str, factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """The names of the levels that the recipe declares for an axis; none for a column that is no factor."""
    axis = Axis.parse(text)
    if axis.factor not in factors:
        return ()
    return tuple(name for name in axis.codes(factors)[1] if name)


def _lacking(axis: str, columns: list[str]) -> str:
    said = f"the data have no column {axis!r}"
    factor, _, attribute = axis.partition(".")
    if attribute and factor in columns:
        return f'{said}; add "{attribute}" to factors.{factor}.keep'
    hint = did_you_mean(axis, columns)
    return f"{said}; {hint}" if hint else said
