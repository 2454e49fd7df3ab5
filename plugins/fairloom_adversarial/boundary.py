"""The filter ``boundary``: of several candidates for every place in the design, those nearest to a model's boundary.

The design has already given every cell its quota, so the search only has to say which rows of a cell are too far from
the boundary; the engine makes these again in the same cell. In every round the farther half of each cell is refused,
until each of its rows has been made ``candidates`` times: the cell keeps the nearest of all that were made for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ATTEMPT, CELL, CITES, FAMILY, LABEL, REASON, decoded
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_adversarial.asked import Asked

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.predictors import Floats

FAR = "farther from the boundary than others of its cell"


@attrs.frozen(kw_only=True)
class Boundary:
    """Settings of ``adversarial.boundary``."""

    model: str = attrs.field(metadata={"help": "the name of the predictor whose boundary is looked for"})
    candidates: int = attrs.field(
        default=8, metadata={"help": "how often each place is filled at most; below attempts of [design]"}
    )
    aim: float = attrs.field(
        default=0.0,
        metadata={"help": "the margin that rows are to be near: 0 is the boundary, below it the model errs"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field the model reads; the task's first field when left out"}
    )

    @candidates.validator
    def _enough(self, _field: object, value: int) -> None:
        if value < 2:
            raise RecipeError.of(f"is at least 2, got {value}: one candidate leaves nothing to choose", "candidates")

    @aim.validator
    def _margin(self, _field: object, value: float) -> None:
        if not -1 <= value <= 1:
            raise RecipeError.of(f"is a margin from -1 to 1, got {value:g}", "aim")


@attrs.frozen
class BoundaryFilter:
    """Remembers of each row its distance, its cell and how often its place was filled: 24 bytes."""

    asked: Asked
    config: Boundary

    @property
    def attacks(self) -> frozenset[str]:
        """The names of the predictors that the rows are chosen to fool, which so can verify nothing."""
        return frozenset([self.asked.model.name])

    def remember(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """Distance from the aim, cell with label, and attempt."""
        distance = np.abs(self.asked.margins(rows) - self.config.aim)
        label = decoded(rows.column(LABEL)).cast(pa.string())
        return pa.RecordBatch.from_arrays(
            [pa.array(distance), rows.column(CELL).cast(pa.int64()), label, rows.column(ATTEMPT).cast(pa.int64())],
            names=["distance", "cell", "labelled", "made"],
        )

    def judge(self, memory: pa.Table, priority: Ints) -> pa.Table:
        """The farther half of every cell, as far as it may be made again. A family is as far as its farthest row."""
        families = _Families.of(memory, priority)
        late = families.ranks >= (families.sizes + 1) // 2
        out = (late & (families.made < self.config.candidates - 1))[families.of_row]
        code = pa.array(np.zeros(out.size, dtype=np.int8), mask=~out)
        reasons = pa.DictionaryArray.from_arrays(code, [FAR]).dictionary_decode()
        return pa.table({REASON: reasons, CITES: pa.nulls(out.size, pa.int64())})


@attrs.frozen(eq=False)
class _Families:
    """Families in their cells: the rank of each by distance, the size of its cell, and its attempt."""

    of_row: Ints
    ranks: Ints
    sizes: Ints
    made: Ints

    @classmethod
    def of(cls, memory: pa.Table, priority: Ints) -> _Families:
        # A family is identified by its number alone: a cell has no two attempts of one alive.
        numbers, first, of_row = np.unique(memory.column(FAMILY).to_numpy(), return_index=True, return_inverse=True)
        distance: Floats = np.zeros(numbers.size)
        np.maximum.at(distance, of_row, memory.column("distance").to_numpy())
        cells = _cells(memory.take(pa.array(first)))
        order = np.lexsort((priority[first], distance, cells))
        starts = np.flatnonzero(np.concatenate(([True], cells[order][1:] != cells[order][:-1])))
        sizes = np.diff(np.append(starts, numbers.size))
        ranks, whole = np.empty(numbers.size, np.int64), np.empty(numbers.size, np.int64)
        ranks[order] = np.arange(numbers.size) - np.repeat(starts, sizes)
        whole[order] = np.repeat(sizes, sizes)
        return cls(of_row.reshape(-1), ranks, whole, memory.column("made").to_numpy()[first])


def _cells(first: pa.Table) -> Any:
    """The cell and the label of each family's first row as one number."""
    both = pc.binary_join_element_wise(first.column("cell").cast(pa.string()), first.column("labelled"), "\x1f")
    return both.combine_chunks().dictionary_encode().indices.to_numpy()


def build(config: Boundary, tools: Tools) -> BoundaryFilter:
    """The filter, or ``RecipeError`` for an unknown predictor or field."""
    return BoundaryFilter(Asked(tools.predictor(config.model), tools.task.field_of(config.field)), config)
