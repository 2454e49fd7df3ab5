"""Factors tied by rules, as lists of possible combinations: what covering arrays choose from.

Two factors are in one *block* when a rule names both, directly or through others. What is chosen in one block never
restricts another, so a row that takes a possible combination in every block is possible. For covering, only some axes
of a block count; combinations that agree in those are one *choice*.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from fairloom.design import UNUSED, Bools, DesignTask, Rule
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.problems import RecipeError
from fairloom_design.members import Members
from fairloom_design.parts import usage_of

MOST = 2_000_000


@attrs.frozen(eq=False)
class Block:
    """Tied factors. ``levels`` has one line per possible combination, those of one choice together.

    ``axes`` are the places of the block's axes among all, ``codes`` their code in each choice (``UNUSED`` where the
    template does not use them). ``used[choice, axis]`` says for every axis of the design whether the template of
    the choice uses it; it is given by the block of the driver alone.
    """

    names: tuple[str, ...]
    levels: Ints
    start: Ints
    many: Ints
    axes: tuple[int, ...]
    codes: Ints
    used: Bools | None

    @property
    def size(self) -> int:
        """How many choices there are."""
        return len(self.start)


def blocks_of(task: DesignTask, members: Members, axes: Sequence[Axis]) -> list[Block]:
    """The blocks of all factors outside the families, that of the driver first.

    Raises:
        RecipeError: where rules leave a block nothing, or tie more combinations than can be listed.
    """
    outer = [name for name in task.factors if name not in task.within]
    driver = task.uses.driver if task.uses and task.uses.driver in outer else None
    groups = _tied(outer, members.rules)
    groups.sort(key=lambda group: driver not in group)
    return [_block(task, members.rules, _ordered(group, driver), axes, driver) for group in groups]


def _tied(names: Sequence[str], rules: Sequence[Rule]) -> list[list[str]]:
    group = {name: [name] for name in names}
    for rule in rules:
        met = [group[name] for name in rule.factors if name in group]
        joined = list(dict.fromkeys(name for members in met for name in members))
        group |= dict.fromkeys(joined, joined)
    found = {tuple(sorted(members, key=list(names).index)): None for members in group.values()}
    return [list(members) for members in found]


def _ordered(group: list[str], driver: str | None) -> tuple[str, ...]:
    return tuple(sorted(group, key=lambda name: name != driver))


def _block(
    task: DesignTask, rules: Sequence[Rule], names: tuple[str, ...], axes: Sequence[Axis], driver: str | None
) -> Block:
    table = _joined(task, names, [rule for rule in rules if set(rule.factors) & set(names)], driver)
    mine = tuple(place for place, axis in enumerate(axes) if axis.factor in names)
    codes = (
        np.stack([_codes(task, axes[place], table[:, names.index(axes[place].factor)]) for place in mine], axis=1)
        if mine
        else np.zeros((len(table), 0), dtype=np.int64)
    )
    used = uses_of(task, axes, table[:, 0]) if driver in names else None
    seen = codes if used is None else np.column_stack([codes, used])
    choice = (
        np.unique(seen, axis=0, return_inverse=True)[1].reshape(-1)
        if seen.shape[1]
        else np.zeros(len(table), dtype=np.int64)
    )
    order = np.argsort(choice, kind="stable")
    many = np.bincount(choice)
    start = np.cumsum(many) - many
    return Block(
        names=names,
        levels=table[order],
        start=start,
        many=many,
        axes=mine,
        codes=codes[order][start],
        used=None if used is None else used[order][start],
    )


def _codes(task: DesignTask, axis: Axis, levels: Ints) -> Ints:
    """The code of each level on the axis; a level that is not used stays ``UNUSED``."""
    codes = np.append(axis.codes(task.factors)[0].astype(np.int64), UNUSED)
    return codes[levels]


def uses_of(task: DesignTask, axes: Sequence[Axis], driver: Ints) -> Bools:
    """Whether each level of the driver uses the factor of each axis."""
    usage = [usage_of(task, axis.factor) for axis in axes]
    columns = [np.ones(len(driver), dtype=np.bool_) if use is None else use[driver] for use in usage]
    return np.stack(columns, axis=1) if columns else np.ones((len(driver), 0), dtype=np.bool_)


def _joined(task: DesignTask, names: tuple[str, ...], rules: Sequence[Rule], driver: str | None) -> Ints:
    """Join factor after factor, dropping what a rule forbids as soon as all it names is there."""
    table = np.zeros((1, 0), dtype=np.int64)
    pending = list(rules)
    for place, name in enumerate(names):
        table = _crossed(task, table, name, driver if driver in names[:place] else None)
        known = names[: place + 1]
        for rule in [rule for rule in pending if set(rule.factors) <= set(known)]:
            pending.remove(rule)
            table = table[rule.keep({other: table[:, known.index(other)] for other in rule.factors})]
        if len(table) == 0:
            said = " and ".join(repr(rule.text) for rule in rules)
            way = "change one of the rules, or add such levels"
            raise RecipeError.of(
                f"no combination of {', '.join(known)} satisfies {said}", *rules[0].where, suggestion=way
            )
    return table


def _crossed(task: DesignTask, table: Ints, name: str, driver: str | None) -> Ints:
    """Every line with every level of one more factor; with none where the driver does not use it."""
    size = task.factors[name].size
    if len(table) * size > 4 * MOST:
        message = f"the rules tie more than {4 * MOST:,} combinations to {name}"
        raise RecipeError.of(message, "design", suggestion="narrow the tables with where")
    usage = usage_of(task, name) if driver else None
    used = np.ones(len(table), dtype=np.bool_) if usage is None else usage[table[:, 0]]
    many = np.where(used, size, 1)
    line = np.repeat(np.arange(len(table)), many)
    level = np.arange(len(line)) - np.repeat(np.cumsum(many) - many, many)
    return np.column_stack([table[line], np.where(used[line], level, UNUSED)])
