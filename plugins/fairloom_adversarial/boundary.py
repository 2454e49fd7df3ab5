"""The filter ``boundary``: of several candidates for every place in the design, those nearest to a model's boundary.

The design has already given every cell its quota, so the search only has to say which rows of a cell are too far from
the boundary; the engine makes these again in the same cell. What is made again cannot be had back, so when to be
content is a problem of stopping: a row stays where it is nearer than its remaining tries would be on average. That
is Cayley's problem (Moser, "On a problem of Cayley", Scripta Mathematica 22, 1956): with ``k`` tries left the nearest
E(k) of the candidates stay, E(1) = 1/2 and E(k) = E(k - 1) - E(k - 1)^2 / 2. How near that is, the candidates of the
cell say themselves.
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
        default=8, metadata={"help": "how often each place is filled at most; no more than attempts of [design]"}
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
        """Those that their remaining tries should better. A family is as far as its farthest row."""
        families = _Families.of(memory, priority)
        left = np.maximum(self.config.candidates - 1 - families.made, 0)
        stay = np.ceil(_shares(self.config.candidates)[left] * families.tried)
        out = (families.ranks >= stay)[families.of_row]
        code = pa.array(np.zeros(out.size, dtype=np.int8), mask=~out)
        reasons = pa.DictionaryArray.from_arrays(code, [FAR]).dictionary_decode()
        return pa.table({REASON: reasons, CITES: pa.nulls(out.size, pa.int64())})


def _shares(candidates: int) -> Floats:
    """The share that stays with no try left (all of them), with one, with two ..."""
    shares = [1.0, 0.5]
    while len(shares) < candidates:
        shares.append(shares[-1] - shares[-1] ** 2 / 2)
    return np.array(shares)


@attrs.frozen(eq=False)
class _Families:
    """Families beside those of their cell: ``made`` is the attempt of each, ``tried`` how many had such an attempt.

    ``ranks`` orders those that are at the same attempt by distance.
    """

    of_row: Ints
    ranks: Ints
    tried: Ints
    made: Ints

    @classmethod
    def of(cls, memory: pa.Table, priority: Ints) -> _Families:
        # A family is identified by its number alone: a cell has no two attempts of one alive.
        numbers, first, of_row = np.unique(memory.column(FAMILY).to_numpy(), return_index=True, return_inverse=True)
        distance: Floats = np.zeros(numbers.size)
        np.maximum.at(distance, of_row, memory.column("distance").to_numpy())
        cells, made = _cells(memory.take(pa.array(first))), memory.column("made").to_numpy()[first]
        order = np.lexsort((priority[first], distance, made, cells))
        places = np.arange(numbers.size)
        in_cell = _starts(cells[order])
        at_attempt = np.maximum(in_cell, _starts(made[order]))
        ends = np.append(np.flatnonzero(in_cell == places), numbers.size)
        sizes = np.repeat(np.diff(ends), np.diff(ends))
        ranks, tried = np.empty(numbers.size, np.int64), np.empty(numbers.size, np.int64)
        ranks[order] = places - at_attempt
        tried[order] = sizes - (at_attempt - in_cell)
        return cls(of_row.reshape(-1), ranks, tried, made)


def _starts(values: Any) -> Ints:
    """Of each place, where the run of equal values begins that it is in."""
    begins = np.concatenate(([True], values[1:] != values[:-1]))[: values.size]
    return np.maximum.accumulate(np.where(begins, np.arange(values.size), 0))


def _cells(first: pa.Table) -> Any:
    """The cell and the label of each family's first row as one number."""
    both = pc.binary_join_element_wise(first.column("cell").cast(pa.string()), first.column("labelled"), "\x1f")
    return both.combine_chunks().dictionary_encode().indices.to_numpy()


def build(config: Boundary, tools: Tools) -> BoundaryFilter:
    """The filter, or ``RecipeError`` for an unknown predictor or field, or more candidates than a place may have."""
    if tools.attempts is not None and config.candidates > tools.attempts:
        said = f"is at most attempts of [design], {tools.attempts}, got {config.candidates}: places would stay empty"
        raise RecipeError.of(said, "candidates", suggestion=f"raise attempts to {config.candidates} or more")
    return BoundaryFilter(Asked.of(config.model, config.field, tools), config)
