"""What a design has to decide, and what depends on what.

A *part* is a factor outside the cells, or a stratum of one (``person.gender``), which is decided before
the level inside it. Parts form a forest: a part stands below every part that a rule, a stratum or the
use of factors by templates makes it depend on. Two levels of a part are of one *class* when everything below
treats them alike, so what a part may be is known from the classes above it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.design import Bools, DesignTask, Rule
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import RecipeError
from fairloom_design.members import Members

Test = Callable[[Mapping[str, Ints]], Bools]
MOST_PAIRS = 8_000_000


@attrs.frozen(eq=False)
class Tie:
    """A condition on the part ``parts[-1]`` given earlier parts and factors that the cell fixes.

    ``test`` takes levels by part name and by fixed factor name.
    """

    parts: tuple[str, ...]
    fixed: tuple[str, ...]
    test: Test
    rule: Rule | None = None


@attrs.define(eq=False)
class Part:
    """One thing to decide. ``usage[d]`` says whether level ``d`` of the driver uses it (``None``: always)."""

    name: str
    factor: str
    attribute: str | None
    size: int
    kept: bool
    usage: Bools | None = None
    ties: list[Tie] = attrs.field(factory=list)
    parent: str | None = None
    children: list[str] = attrs.field(factory=list)
    classes: Ints = attrs.field(factory=lambda: np.zeros(1, dtype=np.int64))
    """Class of each level; the last entry is the class of not being used."""

    @property
    def class_count(self) -> int:
        """How many classes there are, that of not being used among them."""
        return int(self.classes[-1]) + 1


@attrs.frozen(eq=False)
class CellAxis:
    """One axis of the cells: its code for each level of its factor, and the names of the codes."""

    axis: Axis
    codes: npt.NDArray[np.int32]
    names: tuple[str, ...]


@attrs.frozen(eq=False)
class Parts:
    """The parts in the order they are decided, and what the cells decide already."""

    task: DesignTask
    axes: tuple[CellAxis, ...]
    fixed: dict[str, int]
    """Factors that the cells decide: which axis holds their level."""
    by_name: dict[str, Part]
    cell_rules: tuple[Rule, ...]
    chained: bool = False

    def ancestors(self, name: str) -> tuple[str, ...]:
        """The parts above, outermost first."""
        chain: list[str] = []
        above = self.by_name[name].parent
        while above is not None:
            chain.append(above)
            above = self.by_name[above].parent
        return tuple(reversed(chain))

    def root(self, name: str) -> str:
        """The outermost part above ``name``, or itself."""
        return next(iter(self.ancestors(name)), name)

    def tree(self, root: str) -> tuple[str, ...]:
        """The parts of a tree, each after the one it stands below."""
        return tuple(name for name in self.by_name if self.root(name) == root)

    def below(self, name: str) -> tuple[str, ...]:
        """Every part below ``name``."""
        return tuple(other for other in self.by_name if name in self.ancestors(other))


def parts_of(task: DesignTask, members: Members, axes: tuple[CellAxis, ...], *, chained: bool = False) -> Parts:
    """The parts of a design whose cells have ``axes``; ``chained`` hangs each part below all before it."""
    fixed = {axis.axis.factor: place for place, axis in enumerate(axes) if axis.axis.attribute is None}
    by_name = {part.name: part for part in _listed(task, axes, fixed)}
    cell_rules = []
    for rule in members.rules:
        if all(name in fixed for name in rule.factors):
            cell_rules.append(rule)
        else:
            _attach(by_name, fixed, rule)
    parts = Parts(task, axes, fixed, by_name, tuple(cell_rules), chained)
    _fix_strata(parts)
    _grow(parts)
    for part in by_name.values():
        if chained:
            part.classes = np.arange(part.size + 1)
        elif part.children:
            part.classes = _classes(parts, part)
    return parts


def forced(task: DesignTask) -> frozenset[str]:
    """Factors that every row has, whatever its template uses: the label, the driver, the crossed ones."""
    labels = {name for name, factor in task.factors.items() if factor.role == "label"}
    driver = {task.uses.driver} if task.uses else set()
    return frozenset(labels | driver | {axis.factor for axis in task.cross})


def usage_of(task: DesignTask, name: str) -> Bools | None:
    """Which levels of the driver use the factor, or ``None`` where every one does."""
    if task.uses is None or name in forced(task):
        return None
    used = np.array([name in factors for factors in task.uses.factors], dtype=np.bool_)
    return None if used.all() else used


def _listed(task: DesignTask, axes: tuple[CellAxis, ...], fixed: dict[str, int]) -> list[Part]:
    """Every part: factors with strata in the cells first, then label, driver and the others in order."""
    crossed = {axis.axis.factor for axis in axes}
    driver = task.uses.driver if task.uses else None

    def order(name: str) -> tuple[bool, bool, bool]:
        return name not in crossed, task.factors[name].role != "label", name != driver

    free = [name for name in task.factors if name not in fixed and name not in task.within]
    return list(itertools.chain.from_iterable(_strata_and_level(task, axes, name) for name in sorted(free, key=order)))


def _strata_and_level(task: DesignTask, axes: tuple[CellAxis, ...], name: str) -> list[Part]:
    factor = task.factors[name]
    in_cells = {axis.axis.attribute for axis in axes if axis.axis.factor == name}
    declared = [axis for group in task.independent for axis in group if axis.factor == name]
    wanted = [*factor.balance, *(axis.attribute for axis in declared if axis.attribute)]
    strata = [attribute for attribute in dict.fromkeys(wanted) if attribute not in in_cells]
    usage = usage_of(task, name)
    parts = []
    ties: list[Tie] = []
    for attribute in strata:
        codes, names = factor.codes(attribute)
        title = f"{name}.{attribute}"
        parts.append(Part(title, name, attribute, len(names), kept=True, usage=usage))
        ties.append(Tie((title, name), (), _in_stratum(title, name, codes)))
    kept = any(axis.attribute is None for axis in declared)
    level = Part(name, name, None, factor.size, kept=kept, usage=usage)
    _link_strata(task, parts, name)
    level.ties = ties
    return [*parts, level]


def _link_strata(task: DesignTask, strata: list[Part], name: str) -> None:
    """Later strata may only take values that occur together with the earlier ones."""
    factor = task.factors[name]
    for place in range(1, len(strata)):
        group = strata[: place + 1]
        columns = np.stack([factor.codes(part.attribute)[0] for part in group], axis=1)
        seen = {tuple(row) for row in np.unique(columns, axis=0).tolist()}
        titles = tuple(part.name for part in group)
        strata[place].ties.append(Tie(titles, (), _seen_together(titles, seen)))


def _in_stratum(title: str, name: str, codes: npt.NDArray[np.int32]) -> Test:
    def test(levels: Mapping[str, Ints]) -> Bools:
        stratum, level = levels[title], levels[name]
        return np.asarray((codes[level] == stratum) | (level < 0) | (stratum < 0), dtype=np.bool_)

    return test


def _seen_together(titles: tuple[str, ...], seen: set[tuple[int, ...]]) -> Test:
    def test(levels: Mapping[str, Ints]) -> Bools:
        rows = zip(*(levels[title].tolist() for title in titles), strict=True)
        return np.array([row in seen or min(row) < 0 for row in rows], dtype=np.bool_)

    return test


def _attach(by_name: dict[str, Part], fixed: Mapping[str, int], rule: Rule) -> None:
    """Hang a rule on the last part it names."""
    order = list(by_name)
    named = sorted((name for name in rule.factors if name in by_name), key=order.index)
    held = tuple(name for name in rule.factors if name in fixed)
    by_name[named[-1]].ties.append(Tie(tuple(named), held, rule.keep, rule))


def _fix_strata(parts: Parts) -> None:
    """A rule that says the same for all levels of a crossed stratum depends on the cell alone.

    The factor is then read through any one of its levels in the cell, and nothing hangs below it.
    """
    for part in parts.by_name.values():
        part.ties = [_by_stratum(parts, tie) for tie in part.ties]


def _by_stratum(parts: Parts, tie: Tie) -> Tie:
    if len(tie.parts) != 2 or tie.fixed or tie.rule is None:
        return tie
    first, last = tie.parts
    codes = [axis.codes for axis in parts.axes if axis.axis.factor == first]
    if not codes:
        return tie
    strata = np.unique(np.stack(codes, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    rows = _rows(parts, tie)
    if len(np.unique(np.stack([strata, rows], axis=1), axis=0)) != strata.max() + 1:
        return tie
    return Tie((last,), (first,), tie.test, tie.rule)


def _rows(parts: Parts, tie: Tie) -> Ints:
    """Number of the row of the truth table of a tie between two parts, for each level of the first."""
    first, last = (parts.by_name[name] for name in tie.parts)
    if first.size * last.size > MOST_PAIRS:
        said = tie.rule.text if tie.rule else tie.parts
        message = f"{said!r} relates {first.size:,} levels of {first.name} to {last.size:,} of {last.name}"
        where = tie.rule.where if tie.rule else ()
        way = "narrow the tables with where, or cross the attribute it names"
        raise RecipeError.of(message, *where, suggestion=way)
    ones, twos = np.repeat(np.arange(first.size), last.size), np.tile(np.arange(last.size), first.size)
    truth = tie.test({first.name: ones, last.name: twos}).reshape(first.size, last.size)
    packed = np.packbits(truth, axis=1)
    return np.asarray(np.unique(packed, axis=0, return_inverse=True)[1].reshape(-1), dtype=np.int64)


def _grow(parts: Parts) -> None:
    """Give every part one parent, so that all it depends on lies above it."""
    order = list(parts.by_name)
    driver = parts.task.uses.driver if parts.task.uses else None
    for part in parts.by_name.values():
        needs = {name for tie in part.ties for name in tie.parts if name != part.name}
        if part.usage is not None and driver in parts.by_name:
            needs.add(str(driver))
        if parts.chained:
            needs.update(order[: order.index(part.name)])
        chain = sorted(needs | {above for name in needs for above in parts.ancestors(name)}, key=order.index)
        for above, name in itertools.pairwise([*chain, part.name]):
            parts.by_name[name].parent = above
    for part in parts.by_name.values():
        if part.parent is not None:
            parts.by_name[part.parent].children.append(part.name)


def _classes(parts: Parts, part: Part) -> Ints:
    """Class of each level, then that of not being used: what everything below can tell apart."""
    columns = [np.zeros(part.size, dtype=np.int64)]
    for name in parts.below(part.name):
        lower = parts.by_name[name]
        for tie in lower.ties:
            if part.name in tie.parts:
                alike = len(tie.parts) == 2 and not tie.fixed
                columns.append(_rows(parts, tie) if alike else np.arange(part.size))
        if lower.usage is not None and parts.task.uses and part.name == parts.task.uses.driver:
            columns.append(lower.usage.astype(np.int64))
    found = np.unique(np.stack(columns, axis=1), axis=0, return_inverse=True)[1].reshape(-1)
    return np.append(found, found.max() + 1).astype(np.int64)
