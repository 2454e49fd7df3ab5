"""What is possible: the cells that can be filled, and the levels each part may take in them.

What a part may be depends on a *situation* of its tree (the cells that its tree cannot tell apart) and on
the classes of the parts above it. Levels below which some part would be left without a choice are taken
out on the way up, so whatever is allocated from the top can be completed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.design import UNUSED, Bools, Codes, DesignTask
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import Problem, RecipeError
from fairloom_design.members import Members
from fairloom_design.parts import CellAxis, Part, Parts, Tie, parts_of

MOST_CELLS = 1_000_000
MOST_NAMED = 5
"""Levels named in one message."""
MOST_TRIED, MOST_TRIED_CELLS = 16, 10_000
"""Rules and cells up to which a conflict is narrowed down."""
Grid = npt.NDArray[np.int32]
Path = tuple[int, ...]


def label_of(task: DesignTask) -> str | None:
    """The label factor outside the families, if there is one."""
    labels = (name for name, factor in task.factors.items() if factor.role == "label" and name not in task.within)
    return next(labels, None)


def cell_axes(task: DesignTask) -> tuple[CellAxis, ...]:
    """The axes of the cells: the label first, then what is crossed."""
    label = label_of(task)
    wanted = [*([Axis(label)] if label else []), *task.cross]
    within = [str(axis) for axis in task.cross if axis.factor in task.within]
    if within:
        message = f"{within[0]!r} is crossed inside every family, so it cannot be an axis of the cells too"
        raise RecipeError.of(message, "design", "within", suggestion="name it in cross or in within")
    return tuple(CellAxis(axis, *axis.codes(task.factors)) for axis in dict.fromkeys(wanted))


@attrs.define(eq=False)
class Space:
    """The possible cells and levels. ``codes`` holds one line per cell, ``situation`` one number per tree."""

    task: DesignTask
    members: Members
    parts: Parts
    codes: Grid
    held: dict[str, Ints]
    situation: dict[str, Ints] = attrs.field(factory=dict)
    sample: dict[str, Ints] = attrs.field(factory=dict)
    """For each tree, one cell of every situation."""
    notes: list[str] = attrs.field(factory=list)
    _known: dict[tuple[str, int, Path], Codes] = attrs.field(factory=dict)
    _firsts: dict[str, dict[int, int]] = attrs.field(factory=dict)

    @property
    def cell_count(self) -> int:
        """How many cells can be filled."""
        return len(self.codes)

    def labels(self) -> Ints:
        """The label of each cell (0 where the task has none)."""
        first = self.parts.axes[0].axis if self.parts.axes else None
        if first is None or first.attribute or self.task.factors[first.factor].role != "label":
            return np.zeros(self.cell_count, dtype=np.int64)
        return self.codes[:, 0].astype(np.int64)

    def names(self) -> tuple[tuple[str, ...], ...]:
        """The names of each cell's levels."""
        columns = [np.array(axis.names, dtype=object)[self.codes[:, i]] for i, axis in enumerate(self.parts.axes)]
        return tuple(zip(*columns, strict=True)) if columns else ((),) * self.cell_count

    def allowed(self, name: str, situation: int, path: Path) -> Codes:
        """Levels the part may take, ``[UNUSED]`` where it is not used; ``path`` has a class per ancestor."""
        key = (name, situation, path)
        if key not in self._known:
            self._known[key] = self._allowed(self.parts.by_name[name], situation, path)
        return self._known[key]

    def _allowed(self, part: Part, situation: int, path: Path) -> Codes:
        cell = int(self.sample[self.parts.root(part.name)][situation])
        above = self._stand_ins(part, path)
        if self._idle(part, cell, above):
            levels = np.array([UNUSED], dtype=np.int32)
        else:
            levels = np.flatnonzero(self._mask(part, cell, above)).astype(np.int32)
        classes = part.classes[levels] if part.children else np.zeros(len(levels), dtype=np.int64)
        for child in part.children:
            for number in np.unique(classes).tolist():
                if self.allowed(child, situation, (*path, number)).size == 0:
                    keep = classes != number
                    levels, classes = levels[keep], classes[keep]
        return levels

    def _stand_ins(self, part: Part, path: Path) -> dict[str, int]:
        """One level for each ancestor, of the class the path names."""
        levels = {}
        for name, number in zip(self.parts.ancestors(part.name), path, strict=True):
            levels[name] = self._first_level(self.parts.by_name[name], number)
        return levels

    def _first_level(self, part: Part, number: int) -> int:
        """The first level of a class, ``UNUSED`` for the last class."""
        if part.name not in self._firsts:
            classes, firsts = np.unique(part.classes[:-1], return_index=True)
            self._firsts[part.name] = dict(zip(classes.tolist(), firsts.tolist(), strict=True))
        return UNUSED if number == part.classes[-1] else self._firsts[part.name][number]

    def _idle(self, part: Part, cell: int, above: dict[str, int]) -> bool:
        if part.usage is None or self.task.uses is None:
            return False
        driver = self.task.uses.driver
        if driver in self.parts.fixed:
            return not part.usage[self.held[driver][cell]]
        return driver in above and not part.usage[above[driver]]

    def _mask(self, part: Part, cell: int, above: dict[str, int]) -> Bools:
        mask = self._in_cell(part, cell)
        for tie in part.ties:
            mask &= self._holds(part, tie, cell, above)
        return mask

    def _in_cell(self, part: Part, cell: int) -> Bools:
        mask = np.ones(part.size, dtype=np.bool_)
        for place, axis in enumerate(self.parts.axes):
            if axis.axis.factor == part.factor:
                codes = axis.codes if part.attribute is None else self._codes_beside(part, axis, cell, place)
                mask &= codes == self.codes[cell, place]
        return mask

    def _codes_beside(self, part: Part, axis: CellAxis, cell: int, place: int) -> npt.NDArray[np.int32]:
        """For a stratum: the cell's own code where the stratum occurs with it, and else none."""
        mine, _ = self.task.factors[part.factor].codes(part.attribute)
        together = np.unique(mine[axis.codes == self.codes[cell, place]])
        codes = np.full(part.size, -1, dtype=np.int32)
        codes[together] = self.codes[cell, place]
        return codes

    def _holds(self, part: Part, tie: Tie, cell: int, above: dict[str, int]) -> Bools:
        levels = {name: np.full(part.size, above[name]) for name in tie.parts[:-1]}
        levels |= {name: np.full(part.size, self.held[name][cell]) for name in tie.fixed}
        levels[part.name] = np.arange(part.size)
        return tie.test(levels)


def space_of(task: DesignTask, members: Members, axes: tuple[CellAxis, ...], *, chained: bool = False) -> Space:
    """Find the cells that can be filled; ``chained`` as in ``parts_of``.

    Raises:
        RecipeError: where rules leave no combination, or a level of an axis without any cell.
    """
    total = math.prod(len(axis.names) for axis in axes)
    if total > MOST_CELLS:
        sizes = " x ".join(str(len(axis.names)) for axis in axes)
        way = "cross fewer axes; name the others in independent"
        message = f"{sizes} = {total:,} cells are more than {MOST_CELLS:,}"
        raise RecipeError.of(message, "design", "cross", suggestion=way)
    parts = parts_of(task, members, axes, chained=chained)
    grid = np.indices([len(axis.names) for axis in axes]).reshape(len(axes), total).T.astype(np.int32)
    space = _restricted(Space(task, members, parts, grid, {}), np.ones(len(grid), dtype=np.bool_))
    real, alive = _survey(space)
    _report(space, alive, real)
    done = _restricted(space, alive)
    done.notes = _notes(space, alive, real)
    return done


def _survey(space: Space) -> tuple[Bools, Bools]:
    """Which cells occur in the value tables, and which of those the rules leave open."""
    real = _occurs(space)
    alive = real & _cell_rules(space)
    alive[alive] = _completable(_restricted(space, alive))
    return real, alive


def open_cells(space: Space) -> bool:
    """Whether any cell of a space that has just been made can be filled."""
    return bool(_survey(_restricted(space, np.ones(space.cell_count, dtype=np.bool_)))[1].any())


def _restricted(space: Space, keep: Bools) -> Space:
    """The space with only some of its cells, situations numbered anew."""
    codes = space.codes[keep]
    parts = space.parts
    held = {name: codes[:, place].astype(np.int64) for name, place in parts.fixed.items()}
    for part in parts.by_name.values():
        for name in (name for tie in part.ties for name in tie.fixed if name not in held):
            held[name] = _any_level(parts, codes, name)
    result = Space(space.task, space.members, parts, codes, held)
    for root in (part.name for part in parts.by_name.values() if part.parent is None):
        columns = _seen_by(result, parts.tree(root))
        _, sample, inverse = np.unique(columns, axis=0, return_index=True, return_inverse=True)
        result.situation[root] = inverse.reshape(-1).astype(np.int64)
        result.sample[root] = sample.astype(np.int64)
    return result


def _any_level(parts: Parts, codes: Grid, name: str) -> Ints:
    """A level of a factor that lies in each cell's stratum (0 where the stratum is empty)."""
    mine = [(place, axis.codes) for place, axis in enumerate(parts.axes) if axis.axis.factor == name]
    strata = np.stack([levels for _, levels in mine], axis=1)
    first = {tuple(row): level for level, row in reversed(list(enumerate(strata.tolist())))}
    wanted = codes[:, [place for place, _ in mine]].tolist()
    return np.array([first.get(tuple(row), 0) for row in wanted], dtype=np.int64)


def _seen_by(space: Space, tree: Iterable[str]) -> Ints:
    """What a tree can see of each cell, one column per thing."""
    uses = space.task.uses
    if space.parts.chained and space.parts.axes:
        return space.codes.astype(np.int64)
    columns = [np.zeros(space.cell_count, dtype=np.int64)]
    for name in tree:
        part = space.parts.by_name[name]
        own = [place for place, axis in enumerate(space.parts.axes) if axis.axis.factor == part.factor]
        columns += [space.codes[:, place].astype(np.int64) for place in own]
        columns += [space.held[held] for tie in part.ties for held in tie.fixed]
        if part.usage is not None and uses and uses.driver in space.parts.fixed:
            columns.append(part.usage[space.held[uses.driver]].astype(np.int64))
    return np.stack(columns, axis=1)


def _occurs(space: Space) -> Bools:
    """Whether every crossed factor has a level with the cell's attributes."""
    occurs = np.ones(space.cell_count, dtype=np.bool_)
    axes = space.parts.axes
    for name in dict.fromkeys(axis.axis.factor for axis in axes):
        places = [place for place, axis in enumerate(axes) if axis.axis.factor == name]
        seen = {tuple(row) for row in np.stack([axes[place].codes for place in places], axis=1).tolist()}
        occurs &= np.array([tuple(row) in seen for row in space.codes[:, places].tolist()], dtype=np.bool_)
    return occurs


def _cell_rules(space: Space) -> Bools:
    keep = np.ones(space.cell_count, dtype=np.bool_)
    for rule in space.parts.cell_rules:
        keep &= rule.keep({name: space.held[name] for name in rule.factors})
    return keep


def _completable(space: Space) -> Bools:
    """Whether every tree leaves something to choose."""
    alive = np.ones(space.cell_count, dtype=np.bool_)
    for root, sample in space.sample.items():
        filled = np.array([space.allowed(root, number, ()).size > 0 for number in range(len(sample))], dtype=np.bool_)
        alive &= filled[space.situation[root]]
    return alive


def _report(space: Space, alive: Bools, real: Bools) -> None:
    """Raise for what no cell can hold: every level of an axis that lost all its cells, once per cause."""
    lost: dict[_Cause, list[str]] = {}
    for place, axis in enumerate(space.parts.axes):
        living = set(np.unique(space.codes[alive, place]).tolist())
        for code in (code for code in range(len(axis.names)) if code not in living):
            mine = np.flatnonzero(space.codes[:, place] == code)
            lost.setdefault(_cause(space, mine, real), []).append(f"{axis.axis} = {axis.names[code]!r}")
    if not alive.any():
        lost = {_cause(space, np.arange(space.cell_count), real): []}
    if lost:
        raise RecipeError([cause.problem(names) for cause, names in lost.items()])


@attrs.frozen
class _Cause:
    """Why some cells cannot be filled, and where in the recipe that is said."""

    said: str
    where: tuple[str | int, ...] = ("design", "cross")
    way: str | None = None

    def problem(self, levels: list[str]) -> Problem:
        shown = " or ".join(
            [*levels[:MOST_NAMED], *([f"{len(levels) - MOST_NAMED} more"] * (len(levels) > MOST_NAMED))]
        )
        row = f"no row can have {shown}" if levels else "no row is possible"
        return Problem(f"{row}: {self.said}", path=self.where, suggestion=self.way)


def _cause(space: Space, cells: Ints, real: Bools) -> _Cause:
    if not real[cells].any():
        return _Cause("no level has that combination of attributes")
    open_cells = cells[real[cells]]
    found = _guilty(space, open_cells)
    said = " and ".join(dict.fromkeys(repr(tie) for tie, _ in found)) or "the rules"
    names = ", ".join(dict.fromkeys(part for _, part in found if part))
    said = f"no level of {names} satisfies {said}" if names else f"{said} excludes it"
    return _Cause(said, _where(space, found) or ("design", "cross"), "change the rule, or add such levels")


def _where(space: Space, found: list[tuple[str, str]]) -> tuple[str | int, ...]:
    texts = {rule.text: rule.where for rule in space.members.rules}
    return next((texts[text] for text, _ in found if texts.get(text)), ())


def _guilty(space: Space, cells: Ints) -> list[tuple[str, str]]:
    """The rules to name: one that alone empties a part in some of the cells, or else all those involved."""
    alone: list[tuple[str, str]] = []
    involved = [(rule.text, "") for rule in space.parts.cell_rules]
    alone += [(text, "") for text, _ in involved if not _cell_rule_holds(space, text, cells)]
    for part in space.parts.by_name.values():
        ties = [tie for tie in part.ties if tie.rule is not None]
        involved += [(tie.rule.text, part.name) for tie in ties if tie.rule]
        single = [tie for tie in ties if len(tie.parts) == 1]
        for cell in cells[:64].tolist():
            own = space._in_cell(part, cell)  # noqa: SLF001 -- the report is a part of the space
            hit = [tie for tie in single if not (own & space._holds(part, tie, cell, {})).any()]  # noqa: SLF001 -- as above
            alone += [(tie.rule.text, part.name) for tie in hit if tie.rule]
    return list(dict.fromkeys(alone or _needed(space, cells, involved)))


def _needed(space: Space, cells: Ints, found: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Of rules that conflict together, those without which some cells would be open; all if that takes long."""
    texts = list(dict.fromkeys(text for text, _ in found))
    if len(texts) > MOST_TRIED or space.cell_count > MOST_TRIED_CELLS:
        return found
    for text in list(texts):
        fewer = [other for other in texts if other != text]
        if not _open_under(space, fewer, cells):
            texts = fewer
    return [one for one in found if one[0] in texts]


def _open_under(space: Space, texts: list[str], cells: Ints) -> bool:
    """Whether some of the cells could be filled if these were the only rules."""
    members = attrs.evolve(space.members, rules=tuple(rule for rule in space.members.rules if rule.text in texts))
    parts = parts_of(space.task, members, space.parts.axes, chained=space.parts.chained)
    trial = Space(space.task, members, parts, space.codes, {})
    _, alive = _survey(_restricted(trial, np.ones(space.cell_count, dtype=np.bool_)))
    return bool(alive[cells].any())


def _cell_rule_holds(space: Space, text: str, cells: Ints) -> bool:
    rule = next(rule for rule in space.parts.cell_rules if rule.text == text)
    return bool(rule.keep({name: space.held[name][cells] for name in rule.factors}).any())


def _notes(space: Space, alive: Bools, real: Bools) -> list[str]:
    missing, ruled_out = int((~real).sum()), int((real & ~alive).sum())
    notes = []
    if missing:
        notes.append(f"{missing} of {len(real)} cells do not exist in the value tables; the others share their rows")
    if ruled_out:
        named = "; ".join(dict.fromkeys(text for text, _ in _guilty(space, np.flatnonzero(real & ~alive))))
        notes.append(f"{ruled_out} of {len(real)} cells are excluded by rules ({named}); the others share their rows")
    return notes
