"""The design ``covering``: few rows in which every combination of two (or t) levels stands at least once."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import UNUSED, Codes, DesignTask, PlanSummary
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import FairloomError, Problem, RecipeError
from fairloom_design.arrays import covering_array
from fairloom_design.balanced import PROVABLE, Balanced, BalancedPlan, families_of
from fairloom_design.blocks import Block, blocks_of, uses_of
from fairloom_design.demands import axes_of
from fairloom_design.evening import is_seen
from fairloom_design.members import Members, members_of
from fairloom_design.parts import usage_of
from fairloom_design.rows import unused_by_member
from fairloom_design.space import cell_axes, space_of
from fairloom_design.tally import Tally
from fairloom_design.tuples import Tuples, tuples_of
from fairloom_design.wheels import distinct_of


@attrs.frozen(kw_only=True)
class CoveringConfig:
    """Settings of ``design.covering``."""

    strength: int = attrs.field(default=2, metadata={"help": "how many levels stand in each combination to cover"})
    over: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "the axes to cover; without it, every factor outside the families"}
    )


@attrs.frozen
class Covering:
    """Plans a covering array; more rows than it needs are balanced ones."""

    strength: int
    over: tuple[str, ...]

    def plan(self, task: DesignTask) -> CoveringPlan:
        """The smallest array found, filled up to ``task.rows`` if that is given.

        Raises:
            RecipeError: where rules leave a level of a crossed axis no row, or rows are too few.
        """
        members = members_of(task)
        space_of(task, members, cell_axes(task))  # says which rules exclude what the recipe wants
        covered = self._covered(task)
        axes = tuple(dict.fromkeys((*covered, *_declared(task))))
        blocks = blocks_of(task, members, axes)
        sizes = [len(axis.codes(task.factors)[1]) for axis in axes]
        tuples = tuples_of(blocks, sizes, _groups(task, members, covered, self.strength))
        rows = covering_array(blocks, tuples, task.draws.stream("covering"))
        array = _Array(task, members, tuple(blocks), axes, rows, tuples)
        array.verify()
        return CoveringPlan(array, self._rest(task, array))

    def _covered(self, task: DesignTask) -> tuple[Axis, ...]:
        if self.strength < 1:
            raise RecipeError.of(f"needs at least 1, got {self.strength}", "design", "strength")
        axes: list[Axis] = []
        problems: list[Problem] = []
        for place, text in enumerate(self.over):
            try:
                axes += axes_of(text, task, ("design", "over", place))
            except RecipeError as error:
                problems += error.problems
        if problems:
            raise RecipeError(problems)
        found = tuple(dict.fromkeys(axes)) or tuple(Axis(name) for name in task.factors if name not in task.within)
        if len(found) < self.strength:
            message = f"combinations of {self.strength} levels need as many axes, and there are {len(found)}"
            raise RecipeError.of(message, "design", "strength", suggestion=f"use at most {len(found)}")
        return found

    def _rest(self, task: DesignTask, array: _Array) -> BalancedPlan | None:
        """Balanced rows for what is asked for beyond the array.

        Raises:
            RecipeError: where fewer are asked for.
        """
        if task.rows is None:
            return None
        families = families_of(task, array.members)
        least = array.size * array.members.count
        if families < array.size:
            message = f"{task.rows:,} rows cannot hold {array.said}; the smallest array found has {least:,}"
            raise RecipeError.of(message, "recipe", "rows", suggestion=f'use rows = "all", or at least {least:,}')
        if families == array.size:
            return None
        rest = attrs.evolve(task, rows=task.rows - least, draws=task.draws.stream("rest"))
        return Balanced().plan(rest)


def build(config: CoveringConfig, tools: Tools) -> Covering:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.covering``."""
    return Covering(config.strength, config.over)


def _declared(task: DesignTask) -> list[Axis]:
    """Axes that later attempts must keep."""
    cells = [axis.axis for axis in cell_axes(task)]
    return [*cells, *(axis for group in task.independent for axis in group if axis.factor not in task.within)]


def _groups(task: DesignTask, members: Members, covered: Sequence[Axis], strength: int) -> list[tuple[int, ...]]:
    """Every group of axes to cover.

    A template that uses few factors has no combination of the full strength, so what it has counts too. Where the
    driver varies inside a family, some member must use all axes of a group.
    """
    least = strength if task.uses is None else 1
    sizes = range(strength, least - 1, -1)
    groups = [group for size in sizes for group in itertools.combinations(range(len(covered)), size)]
    if task.uses is None or task.uses.driver not in members.levels:
        return groups
    together = uses_of(task, covered, members.levels[task.uses.driver])
    groups = [group for group in groups if together[:, list(group)].all(axis=1).any()]
    if not groups:
        raise RecipeError.of("no template uses an axis that is to be covered", "design", "over")
    return groups


@attrs.frozen(eq=False)
class _Array:
    """A covering array: a choice per block for each family."""

    task: DesignTask
    members: Members
    blocks: tuple[Block, ...]
    axes: tuple[Axis, ...]
    rows: Ints
    tuples: Tuples
    turns: Ints = attrs.field(init=False)
    """How often an earlier row took the same choice, by row and block."""

    def __attrs_post_init__(self) -> None:
        """Count the turns."""
        columns = [_turns(column) for column in self.rows.T]
        object.__setattr__(self, "turns", np.stack(columns, axis=1) if columns else np.zeros_like(self.rows))

    @property
    def size(self) -> int:
        """How many families the array has."""
        return len(self.rows)

    @property
    def said(self) -> str:
        """What is covered, in words."""
        strength = len(self.tuples.groups[0])
        number = self.tuples.count(strength)
        covered = sorted({place for group in self.tuples.groups for place in group})
        names = ", ".join(str(self.axes[place]) for place in covered)
        return f"all {number:,} possible combinations of {strength} levels of {names}"

    def levels(self, families: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor outside the families, choices spread evenly over their combinations."""
        found: dict[str, Codes] = {}
        for place, block in enumerate(self.blocks):
            choice, turn = self.rows[families, place], self.turns[families, place]
            draws = self.task.draws.stream("combination", block.names[0])
            spot = (draws.below(block.many[choice], choice) + turn) % block.many[choice]
            again = draws.stream("again").below(block.many[choice], families, attempts)
            line = block.start[choice] + np.where(attempts > 0, again, spot)
            for column, name in enumerate(block.names):
                found[name] = block.levels[line, column].astype(np.int32)
        return _blanked(self.task, found)

    def verify(self) -> None:
        """Count every tuple in the rows as planned.

        Raises:
            FairloomError: where one is missing, or one occurs that was held impossible: a fault of this module.
        """
        found = self.levels(np.arange(self.size), np.zeros(self.size, dtype=np.int64))
        columns = [_codes(axis, self.task, found) for axis in self.axes]
        numbers = self.tuples.numbers(np.stack(columns, axis=1))
        count = np.bincount(numbers[numbers >= 0], minlength=len(self.tuples.needed))
        if not np.array_equal(count > 0, self.tuples.needed):
            raise FairloomError("the covering array found is not one; please report the recipe")


def _turns(column: Ints) -> Ints:
    order = np.argsort(column, kind="stable")
    heads = np.flatnonzero(np.diff(column[order], prepend=-1))
    turns = np.empty_like(column)
    turns[order] = np.arange(len(column)) - np.repeat(heads, np.diff(np.append(heads, len(column))))
    return turns


def _codes(axis: Axis, task: DesignTask, found: dict[str, Codes]) -> Ints:
    codes = np.append(axis.codes(task.factors)[0].astype(np.int64), UNUSED)
    return codes[found[axis.factor]]


def _blanked(task: DesignTask, found: dict[str, Codes]) -> dict[str, Codes]:
    """Factors that a row's template does not use are not used."""
    uses = task.uses
    if uses is None or uses.driver not in found:
        return found
    usage = {name: used for name in found if (used := usage_of(task, name)) is not None}
    blank = {name: ~used[found[uses.driver]] for name, used in usage.items()}
    return {name: np.where(blank[name], UNUSED, level) if name in blank else level for name, level in found.items()}


@attrs.frozen(eq=False)
class CoveringPlan:
    """The answer of the covering design: the array, then balanced rows."""

    array: _Array
    rest: BalancedPlan | None
    tally: Tally = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the counter of cells."""
        object.__setattr__(self, "tally", Tally(self.families, cell_axes(self.array.task), self._first))

    @property
    def families(self) -> int:
        """How many families there are."""
        return self.array.size + (self.rest.families if self.rest else 0)

    @property
    def members(self) -> int:
        """Rows per family."""
        return self.array.members.count

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor; later attempts keep all covered and declared axes of the array."""
        families, members = (np.asarray(value, dtype=np.int64) for value in (families, members))
        attempts = np.broadcast_to(np.asarray(attempts, dtype=np.int64), families.shape)
        early = families < self.array.size
        found = {name: np.full(len(families), UNUSED, dtype=np.int32) for name in self.array.task.factors}
        first = self.array.levels(families[early], attempts[early])
        first |= {name: level[members[early]].astype(np.int32) for name, level in self.array.members.levels.items()}
        for name, level in unused_by_member(self.array.task, first).items():
            found[name][early] = level
        if self.rest is not None:
            rest = self.rest.levels(families[~early] - self.array.size, members[~early], attempts[~early])
            for name, level in rest.items():
                found[name][~early] = level
        return found

    def cells(self, families: Ints) -> Codes:
        """The cell of each family."""
        return self.tally.cells(families)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        return self.tally.ranks(families)

    def summary(self) -> PlanSummary:
        """Cells and counts, marked as unbalanced, and what is covered."""
        task, members = self.array.task, self.array.members
        impossible = self.array.tuples.count(len(self.array.tuples.groups[0]), possible=False)
        without = f" ({impossible:,} others are impossible)" if impossible else ""
        notes = [f"the first {self.array.size:,} families hold {self.array.said}{without}; they are not balanced"]
        repeats = self._repeats()
        if repeats:
            notes.append(f"{repeats:,} of {self.families:,} families repeat the levels of another")
        return PlanSummary(
            families=self.families,
            members=self.members,
            axes=self.tally.titles,
            cells=self.tally.summary(),
            distinct=distinct_of(task, members),
            unique=not repeats and self.families <= PROVABLE,
            balanced=False,
            notes=tuple(notes),
        )

    def _first(self, families: Ints) -> dict[str, Codes]:
        zeros = np.zeros(len(families), dtype=np.int64)
        return self.levels(families, zeros, zeros)

    def _repeats(self) -> int:
        """Families that agree with an earlier one in everything that can be seen."""
        if self.families > PROVABLE:
            return 0
        found = self._first(np.arange(self.families))
        seen = [level for name, level in found.items() if is_seen(self.array.task, name)]
        return self.families - (len(np.unique(np.stack(seen, axis=1), axis=0)) if seen else 1)
