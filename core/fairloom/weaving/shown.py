"""Which attributes of factors become columns of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fairloom.factors import Axis, Factor
from fairloom.reading.recipespec import RecipeSpec


def shown(recipe: RecipeSpec, factors: Mapping[str, Factor]) -> tuple[Axis, ...]:
    """The attributes that become columns: balanced, kept, or named as an axis by design or gates."""
    named = [*recipe.design.cross, *(text for pair in recipe.design.independent for text in pair)]
    named += [text for gate in recipe.gate for text in _texts(gate.settings)]
    axes = [Axis(name, text) for name, factor in factors.items() for text in (*factor.balance, *factor.keep)]
    for text in named:
        axis = Axis.parse(text)
        factor = factors.get(axis.factor)
        if factor is not None and factor.sampler is None and axis.attribute in factor.attributes:
            axes.append(axis)
    return tuple(dict.fromkeys(axes))


def _texts(value: Any) -> list[str]:
    """Every text inside a settings table."""
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return [text for item in items for text in _texts(item)]
