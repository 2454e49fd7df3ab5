"""Briefs: the lines of the design handed to a generator, as Arrow columns."""

from __future__ import annotations

from collections.abc import Mapping

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ADDRESS, ATTEMPT, CELL, FAMILY, MEMBER, PLANNED_LABEL
from fairloom.design import Codes, Plan, Uses
from fairloom.draws import Draws, Ints
from fairloom.factors import Axis, Factor
from fairloom.problems import PluginError
from fairloom.weaving.guard import blamed
from fairloom.weaving.relabel import RelabelledPlan, Relabelling


@attrs.frozen(eq=False)
class Column:
    """One shown axis: the code of each level of its factor, and the names of the codes."""

    axis: Axis
    codes: npt.NDArray[np.int32]
    names: pa.Array

    @classmethod
    def of(cls, axis: Axis, factors: Mapping[str, Factor]) -> Column:
        """The column of ``axis``."""
        codes, names = axis.codes(factors)
        return cls(axis, codes, pa.array(names, pa.string()))

    def fill(self, levels: npt.NDArray[np.int32]) -> pa.DictionaryArray:
        """The column for these levels, null where the factor is not used."""
        unused = levels < 0
        taken = self.codes[np.where(unused, 0, levels)] if self.codes.size else levels
        indices = pa.array(taken, pa.int32(), mask=unused if unused.any() else None)
        return pa.DictionaryArray.from_arrays(indices, self.names)


def _drawn(factor: Factor, stream: Draws, family: Ints, attempt: Ints) -> pa.Array:
    with blamed(f"the value sampler of factor {factor.name!r}"):
        values = factor.sampler.draw(stream, family, attempt)
        if not isinstance(values, pa.Array) or len(values) != len(family):
            raise PluginError(f"must answer an Arrow array of {len(family)} values")
        return values


@attrs.frozen(eq=False)
class Briefs:
    """Makes the briefs of any families and attempts of a plan."""

    plan: Plan
    columns: tuple[Column, ...]
    valued: tuple[Factor, ...]
    uses: Uses | None
    draws: Draws

    @classmethod
    def of(
        cls,
        plan: Plan,
        factors: Mapping[str, Factor],
        shown: tuple[Axis, ...],
        uses: Uses | None,
        draws: Draws,
    ) -> Briefs:
        """Briefs that show every factor and the axes ``shown``."""
        named = [Axis(name) for name, factor in factors.items() if factor.sampler is None]
        axes = dict.fromkeys((*named, *shown))
        columns = tuple(Column.of(axis, factors) for axis in axes)
        valued = tuple(factor for factor in factors.values() if factor.sampler is not None)
        return cls(plan, columns, valued, uses, draws)

    def relabelled(self, rules: Relabelling) -> Briefs:
        """The same briefs with recomputed labels, the planned ones in a column beside them."""
        names = rules.labels
        planned = Column(Axis(PLANNED_LABEL), np.arange(len(names), dtype=np.int32), pa.array(names, pa.string()))
        return attrs.evolve(self, plan=RelabelledPlan(self.plan, rules), columns=(*self.columns, planned))

    def make(self, families: Ints, attempts: Ints) -> pa.RecordBatch:
        """All members of ``families`` at ``attempts`` (one per family), in the order given."""
        size = self.plan.members
        family = np.repeat(families, size)
        member = np.tile(np.arange(size, dtype=np.int64), len(families))
        attempt = np.repeat(attempts, size)
        address = family * size + member
        levels = self.plan.levels(family, member, attempt)
        columns: dict[str, pa.Array] = {
            ADDRESS: pa.array(address, pa.int64()),
            FAMILY: pa.array(family, pa.int64()),
            MEMBER: pa.array(member, pa.int32()),
            ATTEMPT: pa.array(attempt, pa.int32()),
            CELL: pa.array(self.plan.cells(family), pa.int32()),
        }
        for column in self.columns:
            columns[str(column.axis)] = column.fill(levels[column.axis.factor])
        for factor in self.valued:
            # Drawn per family: the members of a family differ in the within-factors only.
            stream = self.draws.stream("factor", factor.name)
            values = _drawn(factor, stream, family, attempt)
            columns[factor.name] = self._where_used(factor.name, values, levels)
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def _where_used(self, name: str, values: pa.Array, levels: Mapping[str, Codes]) -> pa.Array:
        """Drawn values, null in rows whose template has no place for them, as levels are."""
        if self.uses is None:
            return values
        used = np.array([name in factors for factors in self.uses.factors])[levels[self.uses.driver]]
        return values if used.all() else pc.if_else(pa.array(used), values, pa.scalar(None, values.type))
