"""Plans that are lists: the levels of every family are written down, and a plan only reads them out."""

from __future__ import annotations

import attrs
import numpy as np

from fairloom.design import Bools, Codes, DesignTask, PlanSummary
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_design.members import Members
from fairloom_design.rows import unused_by_member
from fairloom_design.space import cell_axes
from fairloom_design.tally import Tally


@attrs.frozen(eq=False)
class ListedPlan:
    """``outer[factor][f]`` is the level in family ``f``; a later attempt is the same row."""

    task: DesignTask
    inner: Members
    outer: dict[str, Codes]
    families: int
    notes: tuple[str, ...] = ()
    tally: Tally = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Derive the cells."""
        object.__setattr__(self, "tally", Tally(self.families, cell_axes(self.task), self._outer))

    @property
    def members(self) -> int:
        """Rows per family."""
        return self.inner.count

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:  # noqa: ARG002 -- no choice
        """The listed level of every factor."""
        found = self._outer(np.asarray(families, dtype=np.int64))
        for name, level in self.inner.levels.items():
            found[name] = level[np.asarray(members, dtype=np.int64)].astype(np.int32)
        return unused_by_member(self.task, {name: found[name] for name in self.task.factors})

    def _outer(self, families: Ints) -> dict[str, Codes]:
        return {name: level[families] for name, level in self.outer.items()}

    def cells(self, families: Ints) -> Codes:
        """The cell of each family."""
        return self.tally.cells(families)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        return self.tally.ranks(families)

    def summary(self) -> PlanSummary:
        """Cells and counts."""
        distinct = _distinct(list(self.outer.values())) if self.outer else 1
        return PlanSummary(
            families=self.families,
            members=self.members,
            axes=self.tally.titles,
            cells=self.tally.summary(),
            distinct=distinct * self.members,
            unique=distinct == self.families,
            balanced=False,
            notes=self.notes,
        )


def _distinct(levels: list[Codes]) -> int:
    return len(np.unique(np.stack(levels, axis=1), axis=0))


def check_rows(task: DesignTask, rows: int, what: str) -> None:
    """Raise where the recipe asks for another number of rows than there are."""
    if task.rows not in {None, rows}:
        message = f"asks for {task.rows:,} rows, and {what} has {rows:,}"
        raise RecipeError.of(message, "recipe", "rows", suggestion='write rows = "all"')


def rules_kept(inner: Members, outer: dict[str, Codes], families: int) -> list[tuple[str, Bools]]:
    """For each rule about factors outside the families, where it holds."""
    return [
        (rule.text, rule.keep({name: outer[name] for name in rule.factors}))
        for rule in inner.rules
        if families and rule.factors
    ]
