"""Value samplers: numbers, amounts and dates in the form of a locale, each a function of the address of its row."""

from __future__ import annotations

from collections.abc import Iterable

from fairloom.components import Sampler
from fairloom.hooks import hookimpl
from fairloom_values import dates, numbers


@hookimpl
def fairloom_samplers() -> Iterable[Sampler]:
    """The value samplers ``integer``, ``decimal``, ``amount`` and ``date``."""
    yield Sampler(
        name="integer",
        summary="Whole numbers from min to max in steps.",
        plans="value",
        config=numbers.IntegerConfig,
        build=numbers.build_integer,
    )
    yield Sampler(
        name="decimal",
        summary="Numbers from min to max with a fixed number of places.",
        plans="value",
        config=numbers.DecimalConfig,
        build=numbers.build_decimal,
    )
    yield Sampler(
        name="amount",
        summary="Amounts of money from min to max, written as a locale writes them.",
        plans="value",
        config=numbers.AmountConfig,
        build=numbers.build_amount,
    )
    yield Sampler(
        name="date",
        summary="Days from min to max, written in a format.",
        plans="value",
        config=dates.DateConfig,
        build=dates.build_date,
    )
