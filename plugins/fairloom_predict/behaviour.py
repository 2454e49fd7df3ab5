"""The metric ``behaviour``: the table of ``fairloom probe`` over the final rows, so that a gate can bound it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom.components import Measurement
from fairloom.factors import Factor
from fairloom.families import Whole
from fairloom.predictors import OpenPredictor
from fairloom.problems import RecipeError
from fairloom.suites import Columns, Line, Suite, Tally

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Behaviour:
    """Settings of ``predict.behaviour``."""

    model: str = attrs.field(metadata={"help": "the name of the predictor"})
    by: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "columns whose groups are compared; those of protected factors when left out"}
    )
    tolerance: float = attrs.field(
        default=0.0, metadata={"help": "how far a probability may move against the direction that a test expects"}
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field the model reads; the task's first field when left out"}
    )

    @tolerance.validator
    def _share(self, _field: object, value: float) -> None:
        if not 0 <= value <= 1:
            raise RecipeError.of(f"is from 0 to 1, got {value:g}", "tolerance")


@attrs.define(eq=False)
class BehaviourMetric:
    """Counts whole families."""

    config: Behaviour
    model: OpenPredictor
    field: str
    factors: Mapping[str, Factor]
    tally: Tally | None = attrs.field(default=None, init=False)
    why: str | None = attrs.field(default=None, init=False)
    _whole: Whole = attrs.field(factory=lambda: Whole(()), init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the families that are complete now."""
        if self.why or not rows.num_rows:
            return
        if self.tally is None:
            try:
                columns = Columns.of(rows.schema.names, self.factors, self.field, self.config.by)
            except RecipeError as error:
                self.why = str(error)
                return
            self.tally, self._whole = Tally(columns, self.config.tolerance), Whole(columns.all)
        for some in self._whole.cut(rows):
            self._count(some)

    def _count(self, rows: pa.RecordBatch) -> None:
        if self.tally is None or self.why:
            return
        try:
            suite = Suite.of(pa.Table.from_batches([rows]), self.tally.columns)
            self.tally.take(suite, self.model.predict(suite.rows.column(self.field)))
        except RecipeError as error:  # the rows are no suite: what is expected is no test, or no label of the model
            self.why = str(error)

    def result(self) -> Measurement:
        """The largest failure rate of a capability and test; ``values`` has every rate, ``gap`` and ``whole``."""
        for some in self._whole.rest():
            self._count(some)
        if self.tally is None or self.why:
            return Measurement(value=None, why=self.why or "there are no rows")
        try:
            lines = self.tally.lines()
        except RecipeError as error:
            return Measurement(value=None, n=self.tally.rows, why=str(error))
        alone = [line for line in lines if line.by is None]
        if not alone:
            return Measurement(value=None, n=self.tally.rows, why="no row is a test: none has a label or a family")
        values = {_key(line): line.rate for line in lines}
        return Measurement(
            value=max(line.rate for line in alone),
            n=sum(line.n for line in alone),
            values={"gap": _gap(lines), "whole": self.tally.whole / self.tally.families, **values},
            detail={"lines": [{**attrs.asdict(line), "rate": line.rate} for line in lines]},
        )


def _key(line: Line) -> str:
    """``negation:MFT``, and of a group ``negation:MFT:person.gender=she``."""
    group = "" if line.by is None else f":{line.by}={line.group}"
    return f"{line.capability}:{line.test}{group}"


def _gap(lines: tuple[Line, ...]) -> float:
    """The largest difference between two groups of one column, in one capability and test."""
    rates: dict[Any, list[float]] = {}
    for line in lines:
        if line.by is not None:
            rates.setdefault((line.capability, line.test, line.by), []).append(line.rate)
    return max((max(each) - min(each) for each in rates.values()), default=0.0)


def build(config: Behaviour, tools: Tools) -> BehaviourMetric:
    """The metric, or ``RecipeError`` for an unknown predictor or field."""
    model, field = tools.predictor(config.model), tools.task.field_of(config.field)
    return BehaviourMetric(config, model, field, tools.factors)
