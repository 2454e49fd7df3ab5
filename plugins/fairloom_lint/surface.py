"""``lint.surface``: how many rows the surface rules changed, or would change, and by which rule."""

from __future__ import annotations

from collections import Counter

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.components import Measurement, Tools

_SHOWN = 20


@attrs.frozen(kw_only=True)
class SurfaceConfig:
    """Settings of ``lint.surface``."""

    field: str | None = attrs.field(default=None, metadata={"help": "text field to read; the task's first by default"})
    rule: str | None = attrs.field(
        default=None, metadata={"help": "count the edits of this surface rule only, `articles`"}
    )


@attrs.define
class Surface:
    """Counts rows with at least one edit of a surface rule, from the column ``<field>.edits``.

    ``value`` is the number of such rows. ``values`` has the edits of every rule that made any; an edit that several
    rules made together counts for each. ``detail`` has the commonest edits. With ``surface_mode = "faithful"`` the
    texts have the faults still, and this counts them; with ``"correct"`` it counts what was repaired.
    """

    field: str
    rule: str | None
    rows: int = 0
    touched: int = 0
    rules: Counter[str] = attrs.field(factory=Counter)
    edits: Counter[tuple[str, str, str]] = attrs.field(factory=Counter)
    missing: bool = False

    @classmethod
    def build(cls, config: SurfaceConfig, tools: Tools) -> Surface:
        """The metric for the task's main field, or the one named."""
        return cls(config.field or tools.task.fields[0], config.rule)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the edits of every row."""
        if f"{self.field}.edits" not in rows.schema.names:
            self.missing = True
            return
        self.rows += rows.num_rows
        edits = rows.column(f"{self.field}.edits")
        flat = edits.flatten()
        row, meant = pc.list_parent_indices(edits), self._meant(flat)
        self.touched += len(pc.unique(row.filter(meant)))
        old, new, rule = (decoded(pc.struct_field(flat, name)).filter(meant) for name in ("old", "new", "rule"))
        counted = (
            pa.table({"old": old, "new": new, "rule": rule})
            .group_by(["old", "new", "rule"])
            .aggregate([([], "count_all")])
        )
        for each in counted.to_pylist():
            self.edits[each["old"], each["new"], each["rule"]] += each["count_all"]
            for name in each["rule"].split("+"):
                self.rules[name] += each["count_all"]

    def _meant(self, flat: pa.StructArray) -> pa.Array:
        """Which edits count."""
        rules = decoded(pc.struct_field(flat, "rule"))
        if self.rule is None:
            return pa.array([True] * len(rules), pa.bool_())
        distinct = pc.unique(rules)
        chosen = [name for name in distinct.to_pylist() if self.rule in name.split("+")]
        return pc.is_in(rules, value_set=pa.array(chosen, pa.string()))

    def result(self) -> Measurement:
        """The rows with an edit."""
        if self.missing:
            why = f"the rows have no column {self.field + '.edits'!r}: its step sets edits = true"
            return Measurement(value=None, why=why)
        if not self.rows:
            return Measurement(value=None, why="there are no rows")
        common = sorted(self.edits.items(), key=lambda edit: (-edit[1], edit[0]))[:_SHOWN]
        shown = [{"old": old, "new": new, "rule": rule, "edits": count} for (old, new, rule), count in common]
        return Measurement(
            value=float(self.touched),
            n=self.rows,
            values={name: float(count) for name, count in sorted(self.rules.items())},
            detail={"commonest": shown},
        )
