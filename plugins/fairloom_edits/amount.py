"""The metric ``amount``: how much was edited, by which rule, and whether some groups were edited more than others."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import LABEL, decoded
from fairloom.components import Measurement
from fairloom.edits import edits_of, lineage_share

if TYPE_CHECKING:
    from fairloom.components import Tools

Group = tuple[str, ...]
_PARTS = 2**32


@attrs.frozen(kw_only=True)
class AmountSettings:
    """Settings of ``edits.amount``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field that was edited; the task's first field when left out"}
    )
    by: tuple[str, ...] = attrs.field(
        default=(LABEL,), metadata={"help": "columns whose combinations of values are compared"}
    )


@attrs.define
class Sums:
    """Of some rows: how many, how many of them edited, their edits, and their edited shares added up.

    Shares are counted in whole parts of ``_PARTS``, so that the sum is the same in any order and batch.
    """

    rows: int = 0
    edited: int = 0
    edits: int = 0
    share: int = 0

    def add(self, edits: npt.NDArray[Any], share: npt.NDArray[np.float64]) -> None:
        """Count these rows too."""
        self.rows += edits.size
        self.edited += int((edits > 0).sum())
        self.edits += int(edits.sum())
        self.share += int(np.rint(share * _PARTS).astype(np.int64).sum())

    @property
    def mean(self) -> float | None:
        """The mean edited share of edited rows."""
        return self.share / _PARTS / self.edited if self.edited else None


@attrs.define
class AmountMetric:
    """Adds up edits and edited shares, in all rows and by group; nothing is kept of single rows."""

    field: str
    by: tuple[str, ...]
    whole: Sums = attrs.field(factory=Sums, init=False)
    groups: dict[Group, Sums] = attrs.field(factory=dict, init=False)
    rules: Counter[str] = attrs.field(factory=Counter, init=False)
    rule_rows: Counter[str] = attrs.field(factory=Counter, init=False)
    most: float = attrs.field(default=0.0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        missing = [name for name in (edits_of(self.field), *self.by) if name not in rows.schema.names]
        if missing:
            self.why = f"the rows have no column {missing[0]!r}"
            return
        column = rows.column(edits_of(self.field))
        edits = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False)
        share = lineage_share(rows.column(self.field), column)
        share = np.where(np.isfinite(share), share, 1.0)  # of a text that was empty before, all is new
        self.whole.add(edits, share)
        self.most = max(self.most, float(share.max(initial=0.0)))
        self._count_groups(rows, edits, share)
        self._count_rules(column)

    def _count_groups(self, rows: pa.RecordBatch, edits: npt.NDArray[Any], share: npt.NDArray[np.float64]) -> None:
        """Rows without a value in one of the columns are in no group."""
        columns = [decoded(rows.column(name)).cast(pa.string()) for name in self.by]
        if not columns or not rows.num_rows:
            return
        joined = pc.binary_join_element_wise(*columns, "\x1f", null_handling="emit_null").dictionary_encode()
        codes = pc.fill_null(joined.indices, -1).to_numpy(zero_copy_only=False)
        for code, name in enumerate(joined.dictionary.to_pylist()):
            here = codes == code
            self.groups.setdefault(tuple(name.split("\x1f")), Sums()).add(edits[here], share[here])

    def _count_rules(self, column: pa.Array) -> None:
        owner = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
        names = decoded(pc.struct_field(pc.list_flatten(column), "rule")).cast(pa.string()).dictionary_encode()
        known, codes = names.dictionary.to_pylist(), names.indices.to_numpy(zero_copy_only=False).astype(np.int64)
        for counter, each in ((self.rules, codes), (self.rule_rows, np.unique(owner * max(1, len(known)) + codes))):
            counts = np.bincount(each % max(1, len(known)), minlength=len(known)).tolist()
            counter.update(dict(zip(known, counts, strict=True)))

    def result(self) -> Measurement:
        """The mean edited share of the edited rows: edited characters by the length before, 1 being as much as all.

        ``edits`` is the mean number of edits of an edited row, ``rows`` the share of rows that were edited, ``most``
        the largest share of a row; ``gap`` is the largest difference of ``value`` between two groups, ``rows_gap``
        that of ``rows``.
        """
        mean = self.whole.mean
        if self.why or mean is None:
            return Measurement(value=None, n=self.whole.rows, why=self.why or "no row was edited")
        means = [sums.mean for sums in self.groups.values() if sums.mean is not None]
        shares = [sums.edited / sums.rows for sums in self.groups.values()]
        values = {
            "edits": self.whole.edits / self.whole.edited,
            "rows": self.whole.edited / self.whole.rows,
            "most": self.most,
            "gap": max(means) - min(means) if means else 0.0,
            "rows_gap": max(shares) - min(shares) if shares else 0.0,
        }
        return Measurement(value=mean, n=self.whole.edited, values=values, detail=self._detail())

    def _detail(self) -> dict[str, Any]:
        rules = sorted(self.rules.items(), key=lambda each: (-each[1], each[0]))
        return {
            "rules": [{"rule": rule, "edits": edits, "rows": self.rule_rows[rule]} for rule, edits in rules],
            "groups": [
                {**dict(zip(self.by, group, strict=True)), "rows": sums.rows, "edited": sums.edited, "share": sums.mean}
                for group, sums in sorted(self.groups.items())
            ],
        }


def build(config: AmountSettings, tools: Tools) -> AmountMetric:
    """The metric, or ``RecipeError`` for an unknown field."""
    return AmountMetric(tools.task.field_of(config.field), config.by)
