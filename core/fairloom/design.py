"""What a design sampler is asked and what it answers: the allocation of levels to addresses.

Rows come in families. Family ``f`` has ``members`` rows, one for each combination of the
within-factors; its row ``m`` has the address ``f * members + m``. A plan answers for any family and
attempt alone, so parts of a run need no coordination.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import attrs
import numpy as np
import numpy.typing as npt

from fairloom.draws import Draws, Ints
from fairloom.factors import Axis, Factor
from fairloom.problems import Problem, RecipeError, did_you_mean

if TYPE_CHECKING:
    from fairloom.reading.recipespec import DesignSpec

Codes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

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
    ``unique`` says whether all planned rows differ by construction. ``excluded`` pairs each rule with the number of
    rows it alone takes out of a full cross (``None`` where that is not counted); other designs have none.
    """

    families: int
    members: int
    axes: tuple[str, ...]
    cells: tuple[tuple[tuple[str, ...], int], ...]
    distinct: int | None
    unique: bool
    balanced: bool
    notes: tuple[str, ...] = ()
    excluded: tuple[tuple[str, int | None], ...] = ()

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


def design_task(  # noqa: PLR0913 -- one argument per part of the task, each made elsewhere
    spec: DesignSpec,
    factors: Mapping[str, Factor],
    *,
    rows: int | None,
    rules: tuple[Rule, ...],
    uses: Uses | None,
    draws: Draws,
) -> DesignTask:
    """The task of a design sampler from ``[design]``, its axes checked.

    ``rows`` is ``None`` for every combination; ``factors`` may include those that draw values, which
    are left out.

    Raises:
        RecipeError: with every axis that does not exist or stands where it cannot.
    """
    known = {name: factor for name, factor in factors.items() if factor.size}
    checks = _Axes(factors)
    cross = tuple(checks.axis(text, "cross", place) for place, text in enumerate(spec.cross))
    independent = tuple(
        tuple(checks.axis(text, "independent", place, spot) for spot, text in enumerate(group))
        for place, group in enumerate(spec.independent)
    )
    for place, name in enumerate(spec.within):
        checks.within(name, cross, place)
    if rows is not None and rows < 1:
        checks.problem(f"needs at least 1 row, got {rows}", "recipe", "rows")
    if checks.problems:
        raise RecipeError(checks.problems)
    return DesignTask(
        rows=rows,
        factors=known,
        cross=cross,
        independent=independent,
        within=tuple(spec.within),
        rules=rules,
        uses=uses,
        draws=draws,
    )


class _Axes:
    """Checks axes against the factors and collects what is wrong."""

    def __init__(self, factors: Mapping[str, Factor]) -> None:
        self.factors = factors
        self.problems: list[Problem] = []

    def problem(self, message: str, *path: str | int, suggestion: str | None = None) -> None:
        self.problems.append(Problem(message, path=path, suggestion=suggestion))

    def axis(self, text: str, *key: str | int) -> Axis:
        axis = Axis.parse(text)
        factor = self.factors.get(axis.factor)
        if factor is None:
            hint = did_you_mean(axis.factor, self.factors)
            self.problem(f"no factor {axis.factor!r}", "design", *key, suggestion=hint)
        elif factor.size == 0:
            self.problem(f"factor {axis.factor!r} draws its values, so it cannot be balanced", "design", *key)
        elif axis.attribute is not None and axis.attribute not in factor.attributes:
            hint = did_you_mean(axis.attribute, factor.attributes)
            self.problem(f"{axis.factor!r} has no column {axis.attribute!r}", "design", *key, suggestion=hint)
        return axis

    def within(self, name: str, cross: tuple[Axis, ...], place: int) -> None:
        self.axis(name, "within", place)
        if "." in name:
            self.problem(f"{name!r}: a whole factor is crossed inside a family", "design", "within", place)
        for axis in cross:
            if axis.factor == name:
                message = f"{name!r} is crossed inside every family, so it cannot be in cross as {str(axis)!r} too"
                self.problem(message, "design", "within", place, suggestion="name it in one of the two")
