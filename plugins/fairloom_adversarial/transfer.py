"""The metric ``transfer``: do the edits found against one model fool another one?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import LABEL
from fairloom.components import Measurement
from fairloom.predictors import OpenPredictor
from fairloom_adversarial.asked import labels, predictor_of_labels
from fairloom_adversarial.driving import FOUND
from fairloom_adversarial.groups import Groups
from fairloom_adversarial.similar import ORIGINAL, STATUS

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Transfer:
    """Settings of ``adversarial.transfer``."""

    model: str = attrs.field(metadata={"help": "the name of the second predictor"})
    by: tuple[str, ...] = attrs.field(
        default=(LABEL,), metadata={"help": "columns whose groups are compared, and their combinations"}
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field that was edited; the task's first field when left out"}
    )


@attrs.define
class TransferMetric:
    """Looks at the rows that were found and that the second model got right before the edits."""

    model: OpenPredictor
    field: str
    groups: Groups
    found: int = attrs.field(default=0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Ask about the texts before and after."""
        if STATUS not in rows.schema.names:
            self.why = "the data have no column 'attack'; add a step with generate = \"adversarial.similar\""
            return
        edited = rows.filter(pc.fill_null(pc.equal(rows.column(STATUS), FOUND), fill_value=False))
        self.found += edited.num_rows
        if not edited.num_rows:
            return
        sure = edited.filter(pa.array(self.model.predict(edited.column(ORIGINAL)).right(labels(edited))))
        if sure.num_rows:
            self.groups.count(sure, ~self.model.predict(sure.column(self.field)).right(labels(sure)))

    def result(self) -> Measurement:
        """The share of these rows that the second model gets wrong after the edits."""
        if self.why or self.groups.why:
            return Measurement(value=None, why=self.why or self.groups.why)
        if not self.groups.rows:
            why = f"of {self.found} rows found, none was one that model {self.model.name!r} got right before"
            return Measurement(value=None, n=0, why=why)
        values = {"found": float(self.found), **self.groups.values()}
        return Measurement(value=self.groups.share, n=self.groups.rows, values=values, detail=self.groups.detail())


def build(config: Transfer, tools: Tools) -> TransferMetric:
    """The metric, or ``RecipeError`` for an unknown predictor or field."""
    model = predictor_of_labels(config.model, tools)
    return TransferMetric(model, tools.task.field_of(config.field), Groups(config.by))
