"""What a design sampler is asked and what it answers: the allocation of levels to addresses.

Rows come in families. Family ``f`` has ``members`` rows, one for each combination of the
within-factors; its row ``m`` has the address ``f * members + m``. A plan answers for any family and
attempt alone, so parts of a run need no coordination.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.draws import Draws, Ints
from fairloom.factors import Axis, Factor

Codes = npt.NDArray[np.int32]

UNUSED = -1
"""The level of a factor that a row does not use (shown as null)."""


@attrs.frozen
class Uses:
    """Which factors each level of the driving factor (the template) puts to use."""

    driver: str
    factors: tuple[frozenset[str], ...]


@attrs.frozen
class Rule:
    """A condition over factors that every row must meet, e.g. ``person.origin == city.country``.

    ``keep(levels)`` takes equally long level arrays by factor name and answers a boolean array.
    ``text`` is what the recipe says, ``where`` its key path (for messages).
    """

    text: str
    factors: tuple[str, ...]
    keep: Any
    where: tuple[str | int, ...] = ()


@attrs.frozen(kw_only=True)
class DesignTask:
    """Everything a design sampler needs.

    ``rows`` is the number of rows asked for, or ``None`` for every combination. ``factors`` are those
    with levels, in recipe order, the label first when the task has labels. ``cross`` are the axes
    whose combinations are the cells; ``independent`` tuples of axes to be made independent;
    ``within`` the factors crossed inside a family.
    """

    rows: int | None
    factors: Mapping[str, Factor]
    cross: tuple[Axis, ...] = ()
    independent: tuple[tuple[Axis, ...], ...] = ()
    within: tuple[str, ...] = ()
    rules: tuple[Rule, ...] = ()
    uses: Uses | None = None
    draws: Draws


@attrs.frozen(kw_only=True)
class PlanSummary:
    """What ``fairloom plan`` prints.

    ``cells`` pairs the names of the crossed levels with the number of families; ``distinct`` is how
    many different rows the design space holds (``None`` when values are drawn without levels);
    ``unique`` says whether all planned rows differ by construction.
    """

    families: int
    members: int
    axes: tuple[str, ...]
    cells: tuple[tuple[tuple[str, ...], int], ...]
    distinct: int | None
    unique: bool
    balanced: bool
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """Rows asked for: families times members."""
        return self.families * self.members


class Plan(Protocol):
    """The answer of a design sampler. Every method is a pure function of its arguments."""

    families: int
    members: int

    def levels(self, families: Ints, members: Ints, attempts: Ints) -> dict[str, Codes]:
        """The level of every factor for each row; arrays of one length, ``UNUSED`` where not used.

        Attempt 0 is the planned row. A later attempt keeps the cell and every declared axis
        (``cross``, ``independent``) and draws the rest anew.
        """

    def cells(self, families: Ints) -> Codes:
        """The index of each family's cell in ``summary().cells``."""

    def ranks(self, families: Ints) -> Ints:
        """The place of each family within its cell, from 0."""

    def summary(self) -> PlanSummary:
        """Cells, counts and notes."""
