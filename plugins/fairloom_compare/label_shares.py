"""The metric ``label_shares``: are the labels as frequent here as in real rows?"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import pyarrow as pa

from fairloom import contingency as ct
from fairloom.batch import LABEL, decoded
from fairloom.components import Measurement
from fairloom_compare.reference import Reference, named

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class LabelShares:
    """Settings of ``compare.label_shares``."""

    against: str = attrs.field(metadata={"help": "the name of the reference rows"})
    column: str = attrs.field(default=LABEL, metadata={"help": "the column to compare, here and in the reference"})


@attrs.define
class LabelSharesMetric:
    """Counts labels; rows without one are left out."""

    column: str
    reference: Reference
    counts: Counter[str] = attrs.field(factory=Counter, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        if self.column not in rows.schema.names:
            self.why = f"the data have no column {self.column!r}"
            return
        self.counts.update(_counted(rows.column(self.column)))

    def result(self) -> Measurement:
        """The total variation distance, 0 (same shares) to 1 (no label in common); PSI in ``values``."""
        try:
            theirs = _counted(self.reference.column(self.column))
        except KeyError as error:
            return Measurement(value=None, why=error.args[0])
        why = self.why or _hindrance(self.counts, theirs, self.reference.name)
        if why:
            return Measurement(value=None, n=self.counts.total(), why=why)
        labels = sorted({*self.counts, *theirs})
        p, q = [self.counts[label] for label in labels], [theirs[label] for label in labels]
        noise = 1 / sum(p) + 1 / sum(q)
        distance = ct.total_variation(p, q)
        return Measurement(
            value=distance,
            n=sum(p),
            values={
                "tv": distance,
                "psi": ct.stability_index(p, q),
                "psi_expected": (len(labels) - 1) * noise,
                "psi_95": ct.chi_square_quantile(0.05, len(labels) - 1) * noise if len(labels) > 1 else 0.0,
                "n_reference": float(sum(q)),
            },
            detail={
                "against": self.reference.name,
                "labels": [
                    {"label": label, "n": ours, "n_reference": other}
                    for label, ours, other in zip(labels, p, q, strict=True)
                ],
                "only_here": [label for label in labels if not theirs[label]],
                "only_there": [label for label in labels if not self.counts[label]],
            },
        )


def build(config: LabelShares, tools: Tools) -> LabelSharesMetric:
    """The metric, or ``RecipeError`` for an unknown reference."""
    return LabelSharesMetric(config.column, named(config.against, tools))


def _counted(column: Any) -> Counter[str]:
    found = decoded(column).cast(pa.string()).drop_null().value_counts()
    return Counter({entry["values"]: entry["counts"] for entry in found.to_pylist()})


def _hindrance(ours: Counter[str], theirs: Counter[str], reference: str) -> str | None:
    if not ours:
        return "no row has a label"
    if not theirs:
        return f"no row of reference {reference!r} has a label"
    if not set(ours) & set(theirs):
        return f"no label occurs both here ({_some(ours)}) and in reference {reference!r} ({_some(theirs)})"
    return None


def _some(counts: Counter[str]) -> str:
    names = sorted(counts)
    return ", ".join(names[:5]) + (", ..." if len(names) > 5 else "")
