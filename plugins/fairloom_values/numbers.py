"""Whole numbers and amounts. No float takes part, so no rounding can differ between machines."""

from __future__ import annotations

from decimal import Decimal as Exact
from decimal import InvalidOperation

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Tools
from fairloom.draws import Draws, Ints
from fairloom.problems import RecipeError

MOST = 2**31


@attrs.frozen(kw_only=True)
class IntegerConfig:
    """``min``, ``min + step``, ... up to ``max``, each equally likely."""

    min: int = attrs.field(metadata={"help": "the smallest number"})
    max: int = attrs.field(metadata={"help": "no number is larger"})
    step: int = attrs.field(default=1, metadata={"help": "the distance between numbers"})


@attrs.frozen(kw_only=True)
class DecimalConfig:
    """Amounts from ``min`` to ``max``, written with ``places`` digits after the point."""

    min: float = attrs.field(metadata={"help": "the smallest amount"})
    max: float = attrs.field(metadata={"help": "the largest amount"})
    places: int = attrs.field(default=2, metadata={"help": "digits after the point, 0 to 9"})


def build_integer(config: IntegerConfig, tools: Tools) -> Integers:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``values.integer``."""
    if config.step < 1:
        raise RecipeError.of(f"must be at least 1, got {config.step}", "step")
    _check(config.min, config.max, (config.max - config.min) // config.step + 1)
    return Integers(config.min, config.step, (config.max - config.min) // config.step + 1)


def build_decimal(config: DecimalConfig, tools: Tools) -> Decimals:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``values.decimal``."""
    if not 0 <= config.places <= 9:
        raise RecipeError.of(f"must be from 0 to 9, got {config.places}", "places")
    low, high = (_scaled(key, value, config.places) for key, value in (("min", config.min), ("max", config.max)))
    _check(config.min, config.max, high - low + 1)
    return Decimals(Integers(low, 1, high - low + 1), config.places)


def _scaled(key: str, value: float, places: int) -> int:
    """The amount in units of its last place, exactly as the recipe writes it."""
    try:
        exact = Exact(str(value)).scaleb(places)
        whole = int(exact)
    except (InvalidOperation, OverflowError, ValueError) as error:
        raise RecipeError.of(f"is not a number: {value}", key) from error
    if exact != whole:
        raise RecipeError.of(f"{value} has more than {places} digits after the point", key, suggestion="raise places")
    if abs(whole) >= 2**62:
        raise RecipeError.of(f"{value} is too large", key)
    return whole


def _check(low: float, high: float, count: int) -> None:
    if high < low:
        raise RecipeError.of(f"max {high} is below min {low}", "max")
    if count > MOST:
        raise RecipeError.of(
            f"{count:,} different values are more than {MOST:,}", "max", suggestion="use a larger step"
        )
    if not (low > -(2**62) and high < 2**62):
        raise RecipeError.of(f"{low} to {high} does not fit 64 bits", "max")


@attrs.frozen
class Integers:
    """``count`` numbers from ``low`` on, ``step`` apart."""

    low: int
    step: int
    count: int

    def draw(self, draws: Draws, addresses: Ints, attempts: Ints) -> pa.Array:
        """One number per address, as int64."""
        return pa.array(self.low + self.step * draws.below(self.count, addresses, attempts))


@attrs.frozen
class Decimals:
    """Whole numbers of the last place, written with a point."""

    units: Integers
    places: int

    def draw(self, draws: Draws, addresses: Ints, attempts: Ints) -> pa.Array:
        """One amount per address, as text: ``12.50``."""
        units = self.units.draw(draws, addresses, attempts).to_numpy()
        sign = pa.array(np.where(units < 0, "-", ""), pa.string())
        whole, rest = np.divmod(np.abs(units), 10**self.places)
        text = pc.cast(pa.array(whole), pa.string())
        if self.places == 0:
            return pc.binary_join_element_wise(sign, text, "")
        digits = pc.utf8_lpad(pc.cast(pa.array(rest), pa.string()), width=self.places, padding="0")
        return pc.binary_join_element_wise(sign, pc.binary_join_element_wise(text, digits, "."), "")
