"""Uniform draws, for comparison: every possible combination is as likely as every other, drawn with replacement.

`independent` draws factor by factor, each level alike among those still possible. The two agree where everything
goes with everything. Where rules or templates leave some levels more combinations than others, those come up more
often here.
"""

from __future__ import annotations

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import Codes, DesignTask, PlanSummary
from fairloom.draws import Ints
from fairloom_design.balanced import families_of
from fairloom_design.factorial import Factorial, FactorialPlan
from fairloom_design.space import cell_axes
from fairloom_design.tally import Tally

PROPOSALS = 64


@attrs.frozen
class UniformConfig:
    """Uniform draws have no settings."""


def build(config: UniformConfig, tools: Tools) -> Uniform:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.uniform``."""
    return Uniform()


@attrs.frozen
class Uniform:
    """Draws every family from all possible combinations."""

    def plan(self, task: DesignTask) -> UniformPlan:
        """``task.rows`` rows of uniform draws.

        Raises:
            RecipeError: where no combination is possible or there are too many to number, or rows do not fill families.
        """
        every = Factorial().plan(attrs.evolve(task, rows=None))
        return UniformPlan(families_of(task, every.inner), every)


@attrs.frozen(eq=False)
class UniformPlan:
    """The answer of uniform draws."""

    families: int
    every: FactorialPlan
    tally: Tally = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the counter of cells."""
        object.__setattr__(self, "tally", Tally(self.families, cell_axes(self.every.task), self._planned))

    @property
    def members(self) -> int:
        """Rows per family."""
        return self.every.members

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor.

        A later attempt is the first of some fresh draws that has the declared axes of the planned row; where none
        has, it is the planned row again.
        """
        families = np.asarray(families, dtype=np.int64)
        attempts = np.broadcast_to(np.asarray(attempts, dtype=np.int64), families.shape)
        numbers = self._numbers(families, np.zeros_like(families), 0)
        again = np.flatnonzero(attempts > 0)
        wanted = self._declared(numbers[again])
        for proposal in range(PROPOSALS if again.size else 0):
            fresh = self._numbers(families[again], attempts[again], proposal)
            fits = (self._declared(fresh) == wanted).all(axis=1)
            numbers[again[fits]] = fresh[fits]
            again, wanted = again[~fits], wanted[~fits]
        return self.every.levels(numbers, members, attempts)

    def cells(self, families: Ints) -> Codes:
        """The cell of each family."""
        return self.tally.cells(families)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        return self.tally.ranks(families)

    def summary(self) -> PlanSummary:
        """Cells and counts, marked as unbalanced."""
        note = "uniform draws balance nothing: they are for comparison"
        return self.tally.unbalanced(self.members, self.every.summary().distinct, (note,))

    def _numbers(self, families: Ints, attempts: Ints, proposal: int) -> Ints:
        """A combination for each family, by its number."""
        words = self.every.task.draws.stream("uniform").words(families, attempts, slot=proposal)
        return (words % np.uint64(self.every.families)).astype(np.int64)

    def _planned(self, families: Ints) -> dict[str, Codes]:
        zeros = np.zeros(len(families), dtype=np.int64)
        return self.levels(families, zeros, zeros)

    def _declared(self, numbers: Ints) -> Codes:
        """The codes that later attempts must keep, one column per axis."""
        task = self.every.task
        groups = [axis for group in task.independent for axis in group if axis.factor not in task.within]
        axes = dict.fromkeys([*(axis.axis for axis in cell_axes(task)), *groups])
        found = self.every.levels(numbers, np.zeros_like(numbers), np.zeros_like(numbers))
        columns = [np.append(axis.codes(task.factors)[0], -1)[found[axis.factor]] for axis in axes]
        return np.stack(columns, axis=1) if columns else np.zeros((len(numbers), 0), dtype=np.int32)
