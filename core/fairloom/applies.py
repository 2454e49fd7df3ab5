"""Rows that a condition over factors is about: what the setting ``when`` of a step means."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.design import Rule
from fairloom.factors import Factor
from fairloom.rules import compile_rule
from fairloom.utf8 import Mask


@attrs.frozen(eq=False)
class Applies:
    """Which rows of a batch a condition holds for; all where there is none."""

    rule: Rule | None
    named: Mapping[str, Factor]

    @classmethod
    def of(cls, when: str | None, factors: Mapping[str, Factor]) -> Applies:
        """The condition ``when``, or ``RecipeError`` with every fault in it."""
        return cls(compile_rule(when, factors, where=("when",)) if when else None, factors)

    @property
    def factors(self) -> frozenset[str]:
        """The factors that the condition names."""
        return frozenset(self.rule.factors if self.rule else ())

    def to(self, rows: pa.RecordBatch) -> Mask:
        """Whether the condition holds, per row."""
        if self.rule is None:
            return np.ones(rows.num_rows, np.bool_)
        levels = {}
        for name in self.rule.factors:
            texts = decoded(rows.column(name)).cast(pa.string())
            found = pc.index_in(texts, pa.array(self.named[name].names, pa.string()))
            levels[name] = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        unused = np.logical_or.reduce([level < 0 for level in levels.values()])
        return np.asarray(np.asarray(self.rule.keep(levels), dtype=np.bool_) & ~unused)
