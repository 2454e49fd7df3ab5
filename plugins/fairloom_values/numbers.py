"""Whole numbers, decimals and amounts of money. No float takes part, so no rounding can differ between machines."""

from __future__ import annotations

from decimal import Decimal as Exact
from decimal import InvalidOperation

import attrs
import pyarrow as pa

from fairloom.components import Tools
from fairloom.draws import Draws, Ints
from fairloom.problems import RecipeError
from fairloom_values.forms import Amount, Number
from fairloom_values.locales import LOCALES, LocaleName

MOST = 2**31
NO_CENTS = frozenset({"JPY", "KRW"})


@attrs.frozen(kw_only=True)
class IntegerConfig:
    """``min``, ``min + step``, ... up to ``max``, each equally likely."""

    min: int = attrs.field(metadata={"help": "the smallest number"})
    max: int = attrs.field(metadata={"help": "no number is larger"})
    step: int = attrs.field(default=1, metadata={"help": "the distance between numbers"})
    locale: LocaleName | None = attrs.field(
        default=None, metadata={"help": "write the number as text in this locale, 1.234; without it it stays a number"}
    )


@attrs.frozen(kw_only=True)
class DecimalConfig:
    """Amounts from ``min`` to ``max``, written with ``places`` digits after the point."""

    min: float = attrs.field(metadata={"help": "the smallest amount"})
    max: float = attrs.field(metadata={"help": "the largest amount"})
    places: int = attrs.field(default=2, metadata={"help": "digits after the point, 0 to 9"})
    locale: LocaleName | None = attrs.field(
        default=None, metadata={"help": "write it in this locale, 1.234,50; without it 1234.50"}
    )


@attrs.frozen(kw_only=True)
class AmountConfig:
    """Amounts of money from ``min`` to ``max``, written as the locale writes them."""

    min: float = attrs.field(metadata={"help": "the smallest amount"})
    max: float = attrs.field(metadata={"help": "the largest amount"})
    locale: LocaleName = attrs.field(default="en-US", metadata={"help": "whose way of writing amounts"})
    currency: str | None = attrs.field(
        default=None, metadata={"help": "a code, EUR; without it the currency of the locale"}
    )
    places: int | None = attrs.field(
        default=None, metadata={"help": "digits after the point, 0 to 9; without it 2, for yen and won 0"}
    )

    @currency.validator
    def _is_code(self, _field: object, value: str | None) -> None:
        if value is not None and not (len(value) == 3 and value.isascii() and value.isalpha() and value.isupper()):
            raise ValueError(f"must be a code of three capitals such as EUR, got {value!r}")


def build_integer(config: IntegerConfig, tools: Tools) -> Integers | Written:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``values.integer``."""
    if config.step < 1:
        raise RecipeError.of(f"must be at least 1, got {config.step}", "step")
    _check(config.min, config.max, (config.max - config.min) // config.step + 1)
    numbers = Integers(config.min, config.step, (config.max - config.min) // config.step + 1)
    return numbers if config.locale is None else Written(numbers, Number.of(0, config.locale))


def build_decimal(config: DecimalConfig, tools: Tools) -> Written:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``values.decimal``."""
    return Written(_units(config.min, config.max, config.places), Number.of(config.places, config.locale))


def build_amount(config: AmountConfig, tools: Tools) -> Written:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``values.amount``."""
    currency = config.currency or LOCALES[config.locale].currency
    places = config.places if config.places is not None else 0 if currency in NO_CENTS else 2
    return Written(_units(config.min, config.max, places), Amount.of(places, config.locale, currency))


def _units(low: float, high: float, places: int) -> Integers:
    """The amounts from ``low`` to ``high`` in units of their last place."""
    if not 0 <= places <= 9:
        raise RecipeError.of(f"must be from 0 to 9, got {places}", "places")
    first, last = (_scaled(key, value, places) for key, value in (("min", low), ("max", high)))
    _check(low, high, last - first + 1)
    return Integers(first, 1, last - first + 1)


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
class Written:
    """Whole numbers of the last place, written in a form."""

    units: Integers
    form: Number | Amount

    def draw(self, draws: Draws, addresses: Ints, attempts: Ints) -> pa.Array:
        """One number per address, as text: ``12.50``, ``1.234,50 €``."""
        return self.form.write(self.units.draw(draws, addresses, attempts).to_numpy())
