"""Every combination, in a documented order, without ever holding all of them.

The driver (the template) is outermost, then the factors in recipe order, the last one fastest; within-factors
are the members of a family and so faster still. A level of the driver crosses only the factors it uses.
"""

from __future__ import annotations

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import UNUSED, Codes, DesignTask, PlanSummary
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_design.excluded import excluded
from fairloom_design.members import Members, members_of
from fairloom_design.space import cell_axes
from fairloom_design.tally import Tally
from fairloom_design.wheels import Wheel, distinct_of, wheels_of

MOST = 1 << 62


@attrs.frozen
class FactorialConfig:
    """The factorial design has no settings of its own; rules and uses shape it."""


def build(config: FactorialConfig, tools: Tools) -> Factorial:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.factorial``."""
    return Factorial()


@attrs.frozen
class Factorial:
    """Plans every combination of the levels."""

    def plan(self, task: DesignTask) -> FactorialPlan:
        """All rows of the design space.

        Raises:
            RecipeError: where no combination is left, or ``task.rows`` asks for another number.
        """
        members = members_of(task)
        wheels = wheels_of(task, members)
        if sum(wheel.size for wheel in wheels) * members.count > MOST:
            way = 'use = "design.balanced" or "design.independent" with a number of rows'
            raise RecipeError.of("there are more than 2**62 combinations", "design", "use", suggestion=way)
        plan = FactorialPlan(task, members, wheels)
        rows = plan.families * members.count
        if rows == 0:
            said = " and ".join(repr(rule.text) for rule in members.rules)
            where = members.rules[0].where if members.rules else ("design",)
            raise RecipeError.of(f"no combination of levels satisfies {said}", *where)
        if task.rows not in {None, rows}:
            way = 'write rows = "all", or use = "design.balanced" for a part of them'
            message = f"asks for {task.rows:,} rows, but there are {rows:,} combinations"
            raise RecipeError.of(message, "recipe", "rows", suggestion=way)
        return plan


@attrs.frozen(eq=False)
class FactorialPlan:
    """The answer of the factorial design: families in documented order."""

    task: DesignTask
    inner: Members
    wheels: list[Wheel]
    ends: Ints = attrs.field(init=False)
    tally: Tally = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Derive the running totals."""
        object.__setattr__(self, "ends", np.cumsum([wheel.size for wheel in self.wheels], dtype=np.int64))
        object.__setattr__(self, "tally", Tally(self.families, cell_axes(self.task), self._outer))

    @property
    def families(self) -> int:
        """How many families there are."""
        return int(self.ends[-1])

    @property
    def members(self) -> int:
        """Rows per family."""
        return self.inner.count

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:  # noqa: ARG002 -- no choice
        """The level of every factor; a later attempt is the same row, since no other is left."""
        families = np.asarray(families, dtype=np.int64)
        found = self._outer(families)
        for name, level in self.inner.levels.items():
            found[name] = level[np.asarray(members, dtype=np.int64)].astype(np.int32)
        return {name: found[name] for name in self.task.factors}

    def _outer(self, families: Ints) -> dict[str, Codes]:
        outer = [name for name in self.task.factors if name not in self.inner.levels]
        found = {name: np.full(len(families), UNUSED, dtype=np.int32) for name in outer}
        wheel = np.searchsorted(self.ends, families, side="right")
        for number in np.unique(wheel).tolist():
            rows = np.flatnonzero(wheel == number)
            start = int(self.ends[number]) - self.wheels[number].size
            for name, level in self.wheels[number].levels(families[rows] - start).items():
                found[name][rows] = level
        return found

    def cells(self, families: Ints) -> Codes:
        """The cell of each family."""
        return self.tally.cells(families)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        return self.tally.ranks(families)

    def summary(self) -> PlanSummary:
        """Cells and counts; the rows of a full cross all differ."""
        distinct = distinct_of(self.task, self.inner)
        return PlanSummary(
            families=self.families,
            members=self.members,
            axes=self.tally.titles,
            cells=self.tally.summary(),
            distinct=distinct,
            unique=distinct == self.families * self.members,
            balanced=not self.inner.rules,
            excluded=excluded(self.task, self.inner),
        )
