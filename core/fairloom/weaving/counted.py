"""What a certificate counts: the declared axes, and which of their two-way and three-way tables."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import attrs

from fairloom.batch import LABEL
from fairloom.factors import Axis, Factor, compared_groups

if TYPE_CHECKING:
    from fairloom.reading.recipespec import DesignSpec

Group = tuple[str, ...]
MOST_CELLS = 20_000
"""A table with more cells than this is left out of the certificate, and named."""
MOST_TRIPLES = 120
"""So many three-way tables are counted; those of label and a protected factor come first."""


def declared_axes(design: DesignSpec, factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """The label, the crossed and the independent axes, and the groups of protected factors."""
    groups = compared_groups(factors)
    named = [axis for axis in groups if axis == LABEL]
    named += [*design.cross, *(axis for pair in design.independent for axis in pair), *groups]
    levelled = [text for text in named if factors[Axis.parse(text).factor].sampler is None]
    return tuple(dict.fromkeys(levelled))


@attrs.frozen(eq=False)
class Counted:
    """The axes with the names of their levels, and the tables counted of them.

    ``pairs`` are all pairs of declared axes, ``with_label`` the label by every other factor with levels, ``cells``
    the crossed axes and the triples whose cells are looked at beyond the pairs. ``left_out`` is what is too large
    or too many. ``protected`` are the declared axes of protected factors.
    """

    names: Mapping[str, tuple[str, ...]]
    axes: Group
    pairs: tuple[Group, ...]
    with_label: tuple[Group, ...]
    cells: tuple[Group, ...]
    left_out: tuple[Group, ...]
    protected: frozenset[str]
    tied: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, design: DesignSpec, factors: Mapping[str, Factor]) -> Counted:
        """For the declared axes of a recipe."""
        axes = declared_axes(design, factors)
        protected = frozenset(axis for axis in axes if factors[Axis.parse(axis).factor].role == "protected")
        pairs = list(itertools.combinations(axes, 2))
        others = [(LABEL, name) for name in _others(axes, factors)] if LABEL in axes else []
        names = {text: Axis.parse(text).codes(factors)[1] for text in (*axes, *(name for _, name in others))}
        small = [group for group in (*pairs, *others) if cells_of(group, names) <= MOST_CELLS]
        larger = list(dict.fromkeys(_larger(axes, _crossed(design, axes), protected)))
        fitting = [group for group in larger if cells_of(group, names) <= MOST_CELLS][:MOST_TRIPLES]
        return cls(
            names=names,
            axes=axes,
            pairs=tuple(pair for pair in pairs if pair in small),
            with_label=tuple(pair for pair in others if pair in small),
            cells=tuple(fitting),
            left_out=tuple(group for group in (*pairs, *others, *larger) if group not in {*small, *fitting}),
            protected=protected,
            tied=_tied(factors),
        )

    @property
    def tables(self) -> tuple[Group, ...]:
        """Every table that is counted."""
        return (*self.pairs, *self.with_label, *self.cells)

    def without_triples(self) -> Counted:
        """The same, of the larger tables only those that say whether an association turns round."""
        kept = tuple(group for group in self.cells if next(self.conditioned(group), None))
        gone = tuple(group for group in self.cells if group not in kept)
        return attrs.evolve(self, cells=kept, left_out=(*self.left_out, *gone))

    def conditioned(self, group: Group) -> Iterator[tuple[str, str]]:
        """The protected axes of a triple with the label, each with the axis it is conditioned on."""
        if len(group) != 3 or LABEL not in group:
            return
        first, second = (axis for axis in group if axis != LABEL)
        yield from (pair for pair in ((first, second), (second, first)) if pair[0] in self.protected)

    def is_tied(self, pair: Sequence[str]) -> bool:
        """Whether the recipe itself ties the factors of these two axes, by ``match``."""
        return (Axis.parse(pair[0]).factor, Axis.parse(pair[1]).factor) in self.tied


def cells_of(group: Iterable[str], names: Mapping[str, Sequence[str]]) -> int:
    """How many combinations of levels these axes have."""
    return math.prod(len(names[axis]) for axis in group)


def _others(axes: Sequence[str], factors: Mapping[str, Factor]) -> list[str]:
    """The factors with levels that are no declared axis themselves."""
    return [name for name, factor in factors.items() if factor.sampler is None and name not in axes]


def _crossed(design: DesignSpec, axes: Sequence[str]) -> Group:
    return tuple(axis for axis in axes if axis in design.cross)


def _larger(axes: Sequence[str], crossed: Group, protected: frozenset[str]) -> list[Group]:
    """The crossed axes, then triples: with label and a protected axis, of crossed axes, the others."""

    def order(group: Group) -> tuple[bool, bool]:
        return not (LABEL in group and protected & {*group}), not {*group} <= {*crossed}

    whole = [crossed] if len(crossed) > 2 else []
    return whole + sorted(itertools.combinations(axes, 3), key=order)


def _tied(factors: Mapping[str, Factor]) -> frozenset[tuple[str, str]]:
    return frozenset(
        pair
        for name, factor in factors.items()
        for other in factor.match.values()
        for pair in ((name, Axis.parse(other).factor), (Axis.parse(other).factor, name))
    )
