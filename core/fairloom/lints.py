"""What lint looks at and what it finds: faults of a recipe that can be seen before a row is made.

A lint is a function of a ``LintView``: the prepared recipe, its templates and tables still apart from each other. It
answers ``Finding``s, which say where they stand by key path or by level; the core turns that into file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal, Protocol

import attrs
import numpy as np

from fairloom.design import Codes, Plan, Uses
from fairloom.draws import Ints
from fairloom.factors import Factor
from fairloom.task import Task

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

MOST_FAMILIES = 1_000_000
"""Of a larger plan, this many families, spread evenly, stand for all."""


@attrs.frozen(kw_only=True)
class Finding:
    """One thing that is wrong with a recipe, or worth a look.

    ``error``: rows will show a fault, or nobody could have meant it. ``warning``: most likely a fault. ``note``: good
    to know. ``path`` is the key path in the recipe; where the fault stands in a level of a factor, ``factor``,
    ``level`` and ``attribute`` say which, and ``path`` may be left out. ``rows`` counts the planned rows touched.
    """

    severity: Severity
    message: str
    path: tuple[str | int, ...] = ()
    factor: str | None = None
    level: int | None = None
    attribute: str | None = None
    suggestion: str | None = None
    rows: int | None = None


@attrs.frozen(kw_only=True)
class StepView:
    """One ``[[step]]`` as the recipe has it: component, name and settings as plain data."""

    kind: Literal["generate", "filter"]
    use: str
    name: str
    settings: Mapping[str, Any]


@attrs.frozen(kw_only=True)
class ListView:
    """The list behind a factor: the file or value table it comes from, its digest, and whether the recipe holds it."""

    source: str
    digest: str
    recorded: bool


@attrs.frozen(kw_only=True, eq=False)
class LintView:
    """A recipe that was read, checked and planned.

    ``recipe`` is the merged recipe as plain data. ``uses`` says which factors each level of the driving factor (the
    template) uses, if a generator knows. ``lists`` has an entry for every factor with ``from`` or ``table``.
    """

    task: Task
    factors: Mapping[str, Factor]
    steps: tuple[StepView, ...]
    recipe: Mapping[str, Any]
    lists: Mapping[str, ListView]
    plan: Plan
    uses: Uses | None = None
    _orders: dict[str, tuple[Ints, Ints]] = attrs.field(factory=dict, init=False)

    @property
    def rows(self) -> int:
        """How many rows are planned."""
        return self.plan.families * self.plan.members

    @cached_property
    def levels(self) -> Mapping[str, Codes]:
        """The planned level of every factor, one entry per row; a sample of rows where there are very many."""
        families = self.plan.families
        taken = min(families, max(1, MOST_FAMILIES // self.plan.members))
        every, left = divmod(families, taken)
        places = np.arange(taken, dtype=np.int64)
        chosen = places * every + places * left // taken  # places * families // taken, which might overflow
        members = np.tile(np.arange(self.plan.members, dtype=np.int64), taken)
        return self.plan.levels(np.repeat(chosen, self.plan.members), members, np.zeros(len(members), dtype=np.int64))

    def with_level(self, factor: str, level: int) -> Ints:
        """The places in ``self.levels`` of the rows with this level, ascending; looked up, not searched for."""
        if factor not in self._orders:
            codes = self.levels[factor]
            order = np.argsort(codes, kind="stable")
            self._orders[factor] = (order, np.searchsorted(codes[order], np.arange(self.factors[factor].size + 1)))
        order, starts = self._orders[factor]
        return order[starts[level] : starts[level + 1]]

    def planned(self, levels: Mapping[str, Sequence[int]]) -> int:
        """How many planned rows have one of the given ``levels`` in each of these factors.

        Counted where ``self.levels`` holds all rows, and else scaled up from the sample.
        """
        names = sorted(levels, key=lambda name: len(levels[name]))
        rows = [self.with_level(names[0], level) for level in levels[names[0]]] if names else []
        places = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
        for name in names[1:]:
            places = places[np.isin(self.levels[name][places], levels[name])]
        seen = len(self.levels[names[0]]) if names else 0
        return len(places) * self.rows // seen if seen else 0


class Finds(Protocol):
    """What a ``Lint`` builds."""

    def findings(self, view: LintView) -> Iterable[Finding]:
        """What is wrong, in the order in which a reader would meet it."""


__all__ = ["SEVERITIES", "Finding", "Finds", "LintView", "ListView", "Severity", "StepView"]
