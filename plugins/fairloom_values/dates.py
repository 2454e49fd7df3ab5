"""Days between two dates, written as a format says, with names of months and weekdays of a locale."""

from __future__ import annotations

import datetime as dt

import attrs
import numpy as np
import pyarrow as pa

from fairloom.components import Tools
from fairloom.draws import Draws, Ints
from fairloom.problems import RecipeError
from fairloom_values.locales import LOCALES, Locale, LocaleName

MOST_DAYS = 200_000


@attrs.frozen(kw_only=True)
class DateConfig:
    """Days from ``min`` to ``max``, both included, each equally likely: TOML dates, or text in ISO form."""

    min: dt.date = attrs.field(metadata={"help": "the first day, 2024-01-31"})
    max: dt.date = attrs.field(metadata={"help": "the last day"})
    format: str = attrs.field(
        default="%Y-%m-%d",
        metadata={
            "help": "%Y %y year, %m %-m %B %b month, %d %-d day, %A %a weekday, %% a percent sign; "
            "or short, long, full: the locale's own"
        },
    )
    locale: LocaleName = attrs.field(
        default="en-US", metadata={"help": "whose names of months and weekdays, and whose short, long and full form"}
    )


def build_date(config: DateConfig, tools: Tools) -> Dates:  # noqa: ARG001 -- the signature of every builder
    """The sampler ``values.date``."""
    first, last = config.min, config.max
    if last < first:
        raise RecipeError.of(f"max {last} is before min {first}", "max")
    count = (last - first).days + 1
    if count > MOST_DAYS:
        raise RecipeError.of(f"{count:,} days are more than {MOST_DAYS:,}", "max")
    locale = LOCALES[config.locale]
    pattern = locale.dates.get(config.format, config.format)
    written = [_written(pattern, first + dt.timedelta(days=day), locale) for day in range(count)]
    return Dates(pa.array(written, pa.string()))


def _written(pattern: str, day: dt.date, locale: Locale) -> str:
    """``day`` in the format; our own, because the one of the system depends on its language."""
    values = {
        "Y": f"{day.year:04}",
        "y": f"{day.year % 100:02}",
        "m": f"{day.month:02}",
        "-m": str(day.month),
        "B": locale.months[day.month - 1],
        "b": locale.short_months[day.month - 1],
        "d": f"{day.day:02}",
        "-d": str(day.day),
        "A": locale.days[day.weekday()],
        "a": locale.short_days[day.weekday()],
        "%": "%",
    }
    text, rest = "", pattern
    while rest:
        plain, mark, rest = rest.partition("%")
        text += plain
        if not mark:
            break
        code = rest[:2] if rest[:1] == "-" else rest[:1]
        if code not in values:
            known = " ".join(f"%{name}" for name in values)
            raise RecipeError.of(f"does not know %{code} in {pattern!r}", "format", suggestion=f"known: {known}")
        text, rest = text + values[code], rest[len(code) :]
    return text


@attrs.frozen
class Dates:
    """Every day, written; drawn by its number."""

    written: pa.Array

    def draw(self, draws: Draws, addresses: Ints, attempts: Ints) -> pa.Array:
        """One day per address, as text."""
        return self.written.take(pa.array(np.asarray(draws.below(len(self.written), addresses, attempts))))
