"""Which cells of some axes a row may have at all: the others are excluded by design, and not empty.

A cell is possible if there are levels of its factors that have these attributes, that every rule allows, also by
way of factors outside the cell, and that some template uses together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.design import UNUSED, Rule, Uses
from fairloom.draws import Ints
from fairloom.factors import Axis, Factor

Bools = npt.NDArray[np.bool_]
MOST_COMBINATIONS = 1 << 19
"""Combinations of levels that may be held at once; where there are more, the cells are not judged."""


@attrs.frozen(eq=False)
class Possible:
    """Judges cells by the rules of a recipe and the uses of its templates.

    ``always`` are factors that a row has whatever its template uses: the crossed ones.
    """

    factors: Mapping[str, Factor]
    rules: tuple[Rule, ...] = ()
    uses: Uses | None = None
    always: frozenset[str] = frozenset()

    def cells(self, axes: Sequence[str]) -> Bools | None:
        """For each cell of these axes whether a row may have it; ``None`` where there is too much to try."""
        parsed = [Axis.parse(text) for text in axes]
        own = list(dict.fromkeys(axis.factor for axis in parsed))
        rules = self._linked(own)
        levels = self._joined(own, parsed, rules)
        if levels is None:
            return None
        found = np.zeros([len(axis.codes(self.factors)[1]) for axis in parsed], dtype=np.bool_)
        found[tuple(axis.codes(self.factors)[0][levels[axis.factor]] for axis in parsed)] = True
        return found

    def _linked(self, own: Iterable[str]) -> list[Rule]:
        """The rules that can exclude combinations of these factors, directly or by way of others."""
        known, taken = dict.fromkeys(own), list[Rule]()
        while True:
            rules = [*self.rules, *(self._usage[name] for name in known if name in self._usage)]
            more = [rule for rule in rules if rule not in taken and set(rule.factors) & set(known)]
            if not more:
                return taken
            taken += more
            known |= dict.fromkeys(name for rule in more for name in rule.factors)

    @cached_property
    def _usage(self) -> dict[str, Rule]:
        """For each factor that some templates do not use, which do, as a rule."""
        if self.uses is None:
            return {}
        driver, found = self.uses.driver, dict[str, Rule]()
        for name, factor in self.factors.items():
            used = np.array([name in factors for factors in self.uses.factors], dtype=np.bool_)
            forced = name == driver or name in self.always or factor.role == "label"
            if factor.size and not forced and not used.all():
                found[name] = Rule(f"{driver} uses {name}", (driver, name), _Uses(driver, name, used))
        return found

    def _joined(self, own: Sequence[str], axes: Sequence[Axis], rules: Sequence[Rule]) -> dict[str, Ints] | None:
        """The allowed combinations of levels, factor after factor, each rule applied as soon as it can be."""
        linked = dict.fromkeys(name for rule in rules for name in rule.factors)
        ruled, table, pending = frozenset(linked), dict[str, Ints](), list(rules)
        size = 1
        for name in (*own, *(name for name in linked if name not in own)):
            mine = self._levels(name, axes, ruled)
            if name not in own and name in self._usage:
                mine = np.append(mine, UNUSED)
            if size * mine.size > MOST_COMBINATIONS:
                return None
            table = {other: np.repeat(column, mine.size) for other, column in table.items()}
            table[name] = np.tile(mine, size)
            for rule in [rule for rule in pending if set(rule.factors) <= set(table)]:
                pending.remove(rule)
                kept = np.asarray(rule.keep({other: table[other] for other in rule.factors}), dtype=np.bool_)
                table = {other: column[kept] for other, column in table.items()}
            size = table[name].size
        return table

    def _levels(self, name: str, axes: Sequence[Axis], ruled: frozenset[str]) -> Ints:
        """The levels of a factor; where no rule looks at it, one for each combination of what the axes see of it."""
        everything = np.arange(self.factors[name].size, dtype=np.int64)
        seen = [axis.codes(self.factors)[0] for axis in axes if axis.factor == name]
        if name in ruled or not seen or not everything.size:
            return everything
        _, first = np.unique(np.stack(seen, axis=1), axis=0, return_index=True)
        return np.sort(first).astype(np.int64)


@attrs.frozen(eq=False)
class _Uses:
    """Whether a row has a level of a factor exactly where its template uses the factor."""

    driver: str
    name: str
    used: Bools

    def __call__(self, levels: Mapping[str, Ints]) -> Bools:
        found: Bools = self.used[levels[self.driver]] == (levels[self.name] >= 0)
        return found
