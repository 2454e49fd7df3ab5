"""The metric ``success``: what ``adversarial.similar`` found, at what price, about whom, and by which edits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import LABEL
from fairloom.components import Audit, Measurement
from fairloom.edits import edits_of
from fairloom_adversarial.driving import ALREADY, FOUND
from fairloom_adversarial.groups import Groups
from fairloom_adversarial.similar import ORIGINAL, QUERIES, STATUS

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Success:
    """Settings of ``adversarial.success``."""

    by: tuple[str, ...] = attrs.field(
        default=(LABEL,), metadata={"help": "columns whose groups are compared, and their combinations"}
    )
    shortcut: float = attrs.field(
        default=0.5, metadata={"help": "an edit type that is in more than this share of the finds is a shortcut"}
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field that was edited; the task's first field when left out"}
    )


@attrs.define
class SuccessMetric:
    """Counts statuses, queries and the rules of the edits that won."""

    config: Success
    field: str
    audit: Audit
    groups: Groups
    statuses: Counter[str] = attrs.field(factory=Counter, init=False)
    rules: Counter[str] = attrs.field(factory=Counter, init=False)
    queries: int = attrs.field(default=0, init=False)
    left: float = attrs.field(default=0.0, init=False)
    rows: int = attrs.field(default=0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        if STATUS not in rows.schema.names:
            self.why = "the data have no column 'attack'; add a step with generate = \"adversarial.similar\""
            return
        self.rows += rows.num_rows
        statuses = rows.column(STATUS)
        counted = statuses.drop_null().value_counts().to_pylist()
        self.statuses.update({each["values"]: each["counts"] for each in counted})
        tried = pc.and_(pc.is_valid(statuses), pc.fill_null(pc.not_equal(statuses, ALREADY), fill_value=False))
        attacked = rows.filter(tried)
        found = pc.equal(attacked.column(STATUS), FOUND)
        self.groups.count(attacked, found.to_numpy(zero_copy_only=False))
        self.queries += int(pc.sum(attacked.column(QUERIES)).as_py() or 0)
        self._count_rules(attacked.filter(found))
        self.left += _left(attacked.filter(found), self.field)

    def _count_rules(self, rows: pa.RecordBatch) -> None:
        """Each rule once per row that it helped."""
        columns = (rows.column(name).to_pylist() for name in (self.field, ORIGINAL, edits_of(self.field)))
        for text, original, edits in zip(*columns, strict=True):
            self.rules.update({str(edit["rule"]) for edit in _since(original, text, edits)})

    def result(self) -> Measurement:
        """The share of attacked rows for which an edit was found; those that had reached the goal are not attacked.

        ``queries_per_success`` divides the queries of these rows by the finds; what rows had cost that were made again
        is in none of them. ``share`` is the share of all rows that reach the goal, ``left`` the mean share of words
        left in the finds, ``top_edit`` the share of the finds that the commonest edit type is in.
        """
        if self.why or self.groups.why or not self.rows:
            return Measurement(value=None, why=self.why or self.groups.why or "there are no rows")
        if not self.groups.rows:
            return Measurement(value=None, n=self.rows, why="no row was attacked")
        found = self.statuses[FOUND]
        top = self.rules.most_common(1)
        share = top[0][1] / found if top and found else 0.0
        values = {
            "queries": float(self.queries),
            "share": (found + self.statuses[ALREADY]) / self.rows,
            "top_edit": share,
            **({"queries_per_success": self.queries / found, "left": self.left / found} if found else {}),
            **self._kept(),
            **self.groups.values(),
        }
        return Measurement(value=self.groups.share, n=self.groups.rows, values=values, detail=self._detail(share))

    def _kept(self) -> dict[str, float]:
        """The share of candidates that the attack did not send back, all attempts together, and its gap by axis."""
        kept: dict[str, float] = {}
        for each in self._audited():
            rates = [group["rate"] for group in each["groups"] if group["seen"]]
            seen, rejected = (sum(group[key] for group in each["groups"]) for key in ("seen", "rejected"))
            if seen:
                kept |= {"kept": 1 - rejected / seen, f"kept_gap:{each['axis']}": max(rates) - min(rates)}
        return kept

    def _audited(self) -> list[dict[str, Any]]:
        return [dict(each) for each in self.audit.entries if str(each.get("use")) == "adversarial.similar"]

    def _detail(self, share: float) -> dict[str, Any]:
        ordered = sorted(self.rules.items(), key=lambda each: (-each[1], each[0]))
        shortcut = ordered[0][0] if share > self.config.shortcut else None
        return {
            "statuses": dict(sorted(self.statuses.items())),
            "edits": [{"rule": rule, "rows": rows} for rule, rows in ordered],
            "shortcut": shortcut,
            "kept": self._audited(),
            **self.groups.detail(),
        }


def _since(original: str, text: str, edits: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    """The edits that led from ``original`` to ``text``: the last ones, since those of earlier steps come first."""
    for place in reversed(range(len(edits))):
        edit = edits[place]
        text = text[: edit["start"]] + str(edit["old"]) + text[edit["end"] :]
        if text == original:
            return edits[place:]
    return edits


def _left(found: pa.RecordBatch, field: str) -> float:
    """The sum over the finds of words after by words before."""
    after, before = (
        pc.count_substring_regex(found.column(name), r"\S+").to_numpy(zero_copy_only=False)
        for name in (field, ORIGINAL)
    )
    return float((after / np.maximum(before, 1)).sum())


def build(config: Success, tools: Tools) -> SuccessMetric:
    """The metric, or ``RecipeError`` for an unknown field."""
    return SuccessMetric(config, tools.task.field_of(config.field), tools.audit, Groups(config.by))
