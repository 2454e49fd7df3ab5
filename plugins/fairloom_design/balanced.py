"""The balanced design: every margin even to within one row, at any number of rows."""

from __future__ import annotations

import math
from collections.abc import Mapping

import attrs
import numpy as np

from fairloom.components import Tools
from fairloom.design import Codes, DesignTask, PlanSummary
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_design.cells import allocate
from fairloom_design.declared import check_declared
from fairloom_design.evening import MOST, MOST_DECLARED, Exceptions, exceptions_of, repeated, worst_excess
from fairloom_design.members import Members, members_of
from fairloom_design.missed import missed
from fairloom_design.rows import Rows, columns, planned_parts, redrawn
from fairloom_design.space import Space, cell_axes, space_of
from fairloom_design.wheels import distinct_of
from fairloom_design.windows import Windows, windows_of

PROVABLE = 2_000_000
MOST_CHAINED = 200_000
ROOM = 8
LARGE = 64
WORSE = 2
"""Rows by which the worst entry of a pair table may be worse for the sake of rows that differ."""


@attrs.frozen
class BalancedConfig:
    """The balanced design has no settings of its own; ``[design]`` says what it needs."""


@attrs.frozen
class Balanced:
    """Allocates every level before any text is written."""

    def plan(self, task: DesignTask) -> BalancedPlan:
        """The allocation of ``task.rows`` rows.

        Raises:
            RecipeError: where the rules leave a demand without any row, or rows do not fill families.
        """
        members = members_of(task)
        families = families_of(task, members)
        space = space_of(task, members, cell_axes(task))
        return planned(space, allocate(space.codes, families, task.draws))


def build(config: BalancedConfig, tools: Tools) -> Balanced:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``design.balanced``."""
    return Balanced()


def families_of(task: DesignTask, members: Members) -> int:
    """How many families the rows asked for make.

    Raises:
        RecipeError: where no number of rows is given, or they do not fill families.
    """
    if task.rows is None:
        way = 'give a number of rows, or use = "design.factorial" for every combination'
        raise RecipeError.of('rows = "all" asks for every combination', "recipe", "rows", suggestion=way)
    families, rest = divmod(task.rows, members.count)
    if rest:
        near = max(1, families) * members.count
        message = f"{task.rows} rows do not fill families of {members.count} ({' x '.join(task.within)})"
        raise RecipeError.of(message, "recipe", "rows", suggestion=f"use a multiple, such as {near:,}")
    return families


def planned(space: Space, counts: Ints) -> BalancedPlan:
    """The plan that puts ``counts`` families into the cells of ``space`` and evens out everything else.

    Raises:
        RecipeError: where rules leave a level of a declared axis without any row.
    """
    windows = windows_of(space, counts, space.task.draws)
    check_declared(space, windows)
    plain, chained = BalancedPlan(space, counts, windows, windows), _chained(space, counts)
    other = plain if chained is None else BalancedPlan(space, counts, windows, chained)
    if chained is None or _strays(plain, other):
        return _evened(plain)
    if plain.families > MOST:
        return _evened(other)
    plain, other = _evened(plain), _evened(other)
    return plain if _worst(plain) + WORSE < _worst(other) else other


def _strays(plain: BalancedPlan, other: BalancedPlan) -> bool:
    """Whether the other plan shares out some part less evenly: among labels and cells, or below the parts above it.

    No exchange could mend that. Parts that depend on nothing but the label are even in both.
    """
    space, windows = plain.space, plain.windows
    if all(
        window.part.parent is None and len(set(window.labels.tolist())) == len(window.labels)
        for window in windows.values()
    ):
        return False
    tables = [_shared_out(space, windows, *plan.everything()) for plan in (plain, other)]
    return any(int(np.abs(one - two).max(initial=0)) > 1 for one, two in zip(*tables, strict=True))


def _shared_out(space: Space, windows: Mapping[str, Windows], cell: Ints, parts: Mapping[str, Codes]) -> list[Ints]:
    """Rows of every level of every part, by label, by situation and by the levels of each part above."""
    tables = []
    for name, window in windows.items():
        size = window.part.size + 1
        beside = [(space.labels()[cell], int(space.labels().max()) + 1)]
        situation = space.situation[space.parts.root(name)]
        beside.append((situation[cell], int(situation.max()) + 1))
        beside += [
            (parts[above].astype(np.int64) + 1, windows[above].part.size + 1) for above in space.parts.ancestors(name)
        ]
        level = parts[name].astype(np.int64) + 1
        tables += [np.bincount(code * size + level, minlength=many * size) for code, many in beside]
    return tables


def _evened(plan: BalancedPlan) -> BalancedPlan:
    """The plan with its pair tables evened out, unless it is too large for that: see ``evening``."""
    if plan.families > (MOST_DECLARED if plan.space.task.independent else MOST):
        return plan
    cell, parts = plan.everything()
    return attrs.evolve(plan, exceptions=exceptions_of(plan.space, plan.windows, cell, parts))


def _worst(plan: BalancedPlan) -> float:
    return worst_excess(plan.space, plan.windows, *plan.everything())


def _chained(space: Space, counts: Ints) -> Mapping[str, Windows] | None:
    """Where combinations are few, share out within every combination of the parts before: rows then differ.

    Blocks that hold few rows for their levels make some pairs uneven, so what comes of it is compared with the plain
    way (`planned`); where the plan is too large for that, blocks must be large.
    """
    combinations, families = math.prod(part.size for part in space.parts.by_name.values()), int(counts.sum())
    if combinations > min(MOST_CHAINED, ROOM * families) or len(space.parts.by_name) < 2:
        return None
    if families > MOST and combinations * space.cell_count * LARGE > families:
        return None
    chained = space_of(space.task, space.members, space.parts.axes, chained=True)
    return windows_of(chained, counts, space.task.draws, space)


@attrs.frozen(eq=False)
class BalancedPlan:
    """The answer of the balanced design.

    A family's address is scattered over the plan by a keyed permutation, so that any prefix of the data is
    a random sample of it; the place found names the cell and the rank in it, from which every level follows.
    """

    space: Space
    counts: Ints
    windows: Mapping[str, Windows]
    """What may stand where; later attempts draw from it."""
    planning: Mapping[str, Windows]
    """What does stand where, before exceptions."""
    exceptions: Exceptions | None = None
    ends: Ints = attrs.field(init=False)
    before: Mapping[str, Ints] = attrs.field(init=False)
    """For each tree: rows of earlier cells in the same block of its root, by cell."""

    def __attrs_post_init__(self) -> None:
        """Derive the running totals."""
        object.__setattr__(self, "ends", np.cumsum(self.counts))
        roots = {name: _before(w.root_block, self.counts) for name, w in self.planning.items() if w.part.parent is None}
        object.__setattr__(self, "before", roots)

    @property
    def families(self) -> int:
        """How many families there are."""
        return int(self.counts.sum())

    @property
    def members(self) -> int:
        """Rows per family."""
        return self.space.members.count

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor for each row."""
        families = np.asarray(families, dtype=np.int64)
        attempts = np.broadcast_to(np.asarray(attempts, dtype=np.int64), families.shape)
        place = self._places(families)
        cell = self._cells(place)
        parts = self.parts_at(place, cell)
        draws = self.space.task.draws.stream("again")
        parts = redrawn(self.space, self.windows, Rows(cell, families, attempts), draws, parts)
        return columns(self.space, cell, parts, np.asarray(members, dtype=np.int64))

    def parts_at(self, place: Ints, cell: Ints) -> dict[str, Codes]:
        """The planned level of every part, strata among them, at some places."""
        rank = place - (self.ends - self.counts)[cell]
        ranks = {root: before[cell] + rank for root, before in self.before.items()}
        parts = planned_parts(self.planning, cell, ranks)
        return parts if self.exceptions is None else self.exceptions.apply(place, parts)

    def everything(self) -> tuple[Ints, dict[str, Codes]]:
        """Cell and parts of every place."""
        place = np.arange(self.families)
        cell = self._cells(place)
        return cell, self.parts_at(place, cell)

    def cells(self, families: Ints) -> Codes:
        """The cell of each family."""
        return self._cells(self._places(families)).astype(np.int32)

    def ranks(self, families: Ints) -> Ints:
        """The place of each family in its cell."""
        place = self._places(families)
        return np.asarray(place - (self.ends - self.counts)[self._cells(place)], dtype=np.int64)

    def summary(self) -> PlanSummary:
        """Cells, counts, and what the design had to give up."""
        space = self.space
        cell, parts = self.everything() if self.families <= PROVABLE else (np.zeros(0, dtype=np.int64), {})
        repeats, notes = self._repeats(cell, parts)
        if self.families <= PROVABLE:
            notes += missed(space, self.windows, cell, parts)
        elif space.task.independent:
            notes.append(f"that declared pairs are even is only proven up to {PROVABLE:,} families")
        return PlanSummary(
            families=self.families,
            members=self.members,
            axes=tuple(str(axis.axis) for axis in space.parts.axes),
            cells=tuple(zip(space.names(), self.counts.tolist(), strict=True)),
            distinct=distinct_of(space.task, space.members),
            unique=not repeats,
            balanced=True,
            notes=(*space.notes, *notes),
        )

    def _repeats(self, cell: Ints, parts: Mapping[str, Codes]) -> tuple[bool, list[str]]:
        """Whether rows may agree in everything their templates use, and the reasons."""
        uses, inner = self.space.task.uses, self.space.members.levels
        idle = [
            name for name in inner if uses and name != uses.driver and not all(name in used for used in uses.factors)
        ]
        notes = [f"some templates do not use {name}, so rows of a family repeat" for name in idle]
        if self.families > PROVABLE:
            return True, [*notes, f"that all rows differ is only proven up to {PROVABLE:,} families"]
        count = len(repeated(self.space, cell, parts))
        if count:
            notes.append(f"{count:,} of {self.families:,} families repeat the levels of another")
        return bool(notes), notes

    def _places(self, families: Ints) -> Ints:
        return self.space.task.draws.stream("address").permutation(self.families)(families)

    def _cells(self, place: Ints) -> Ints:
        return np.searchsorted(self.ends, place, side="right").astype(np.int64)


def _before(block: Ints, counts: Ints) -> Ints:
    """Rows of earlier cells in the same block, by cell."""
    order = np.argsort(block, kind="stable")
    total = np.cumsum(counts[order]) - counts[order]
    head = np.searchsorted(block[order], np.arange(int(block.max()) + 1))
    before = np.empty_like(counts)
    before[order] = total - total[head][block[order]]
    return before
