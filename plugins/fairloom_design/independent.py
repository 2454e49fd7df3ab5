"""Independent draws, for comparison: what most generators do, rules honoured, nothing balanced."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import Codes, DesignTask, PlanSummary
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom_design.balanced import families_of
from fairloom_design.members import members_of
from fairloom_design.rows import Rows, columns, draw_parts, redrawn
from fairloom_design.space import Space, cell_axes, label_of, space_of
from fairloom_design.tally import Tally
from fairloom_design.wheels import distinct_of
from fairloom_design.windows import Windows, windows_of


@attrs.frozen
class IndependentConfig:
    """Independent draws have no settings."""


def build(config: IndependentConfig, tools: Tools) -> Independent:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.independent``."""
    return Independent()


@attrs.frozen
class Independent:
    """Draws every factor uniformly, each family by its address."""

    def plan(self, task: DesignTask) -> IndependentPlan:
        """``task.rows`` rows of independent draws.

        Raises:
            RecipeError: where no combination is possible, or rows do not fill families.
        """
        return drawn(task)


def drawn(task: DesignTask, axes: Sequence[Axis] = ()) -> IndependentPlan:
    """The plan of independent draws; ``axes`` are drawn before the levels inside them, and kept by later attempts.

    Raises:
        RecipeError: where no combination is possible, or rows do not fill families.
    """
    members = members_of(task)
    families = families_of(task, members)
    label = label_of(task)
    kept = [(axis,) for axis in (*([Axis(label)] if label else []), *task.cross, *axes)]
    space = space_of(attrs.evolve(task, independent=(*task.independent, *kept)), members, ())
    return IndependentPlan(families, space, windows_of(space, np.zeros(1, dtype=np.int64), task.draws))


@attrs.frozen(eq=False)
class IndependentPlan:
    """The answer of independent draws."""

    families: int
    space: Space
    windows: Mapping[str, Windows]
    note: str = "independent draws balance nothing: they are for comparison"
    tally: Tally = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the counter of cells."""
        tally = Tally(self.families, cell_axes(self.space.task), self._planned)
        object.__setattr__(self, "tally", tally)

    @property
    def members(self) -> int:
        """Rows per family."""
        return self.space.members.count

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor for each row; declared axes stay as first drawn."""
        families = np.asarray(families, dtype=np.int64)
        cell = np.zeros(len(families), dtype=np.int64)
        attempts = np.broadcast_to(np.asarray(attempts, dtype=np.int64), families.shape)
        draws = self.space.task.draws.stream("again")
        drawn = redrawn(self.space, self.windows, Rows(cell, families, attempts), draws, self._planned(families))
        return columns(self.space, cell, drawn, np.asarray(members, dtype=np.int64))

    def _planned(self, families: Ints) -> dict[str, Codes]:
        zeros = np.zeros(len(families), dtype=np.int64)
        draws = self.space.task.draws.stream("independent")
        return draw_parts(self.space, self.windows, Rows(zeros, families, zeros), draws)

    def cells(self, families: Ints) -> Codes:
        """The cell of each family."""
        return self.tally.cells(families)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        return self.tally.ranks(families)

    def summary(self) -> PlanSummary:
        """Cells and counts, marked as unbalanced."""
        distinct = distinct_of(self.space.task, self.space.members)
        return self.tally.unbalanced(self.members, distinct, (*self.space.notes, self.note))
