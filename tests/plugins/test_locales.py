"""Numbers, amounts and dates in the forms of locales: the same as Babel writes them from CLDR."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from babel.core import Locale as Cldr
from babel.dates import format_date
from babel.numbers import format_currency, format_decimal
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.reading.structure import structure
from fairloom.testing import sample_tools
from fairloom_values import fairloom_samplers
from fairloom_values.forms import Amount, Number
from fairloom_values.locales import LOCALES, NAMES

SAMPLERS = {sampler.name: sampler for sampler in fairloom_samplers()}
UNITS = st.lists(st.integers(-(10**15), 10**15) | st.integers(-1500, 1500), min_size=1, max_size=6)


def drawn(name: str, count: int = 2, **config: Any) -> list[str]:
    work = SAMPLERS[name].build(structure(SAMPLERS[name].config, config), sample_tools())
    rows = np.arange(count)
    return list(work.draw(Draws(5), rows, rows * 0).to_pylist())


def cldr(name: str) -> Cldr:
    return Cldr.parse(name, sep="-")


def exactly(unit: int, places: int) -> Decimal:
    return Decimal(unit).scaleb(-places)


def four_digits(unit: int, places: int) -> bool:
    """Babel groups 1.234 in Spanish and Polish; CLDR (minimumGroupingDigits = 2) does not, and neither do we."""
    return len(str(abs(unit) // 10**places)) == 4


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(units=UNITS, places=st.integers(0, 4))
def test_numbers_are_written_as_babel_writes_them(name: str, units: list[int], places: int) -> None:
    written = Number.of(places, name).write(np.array(units)).to_pylist()
    pattern = cldr(name).decimal_formats[None].pattern.split(".")[0] + ("." + "0" * places if places else "")
    for unit, text in zip(units, written, strict=True):
        if LOCALES[name].plain == 4 and four_digits(unit, places):
            continue
        assert text == format_decimal(exactly(unit, places), format=pattern, locale=cldr(name))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40)
@given(units=UNITS, foreign=st.sampled_from([None, "EUR"]))
def test_amounts_are_written_as_babel_writes_them(name: str, units: list[int], foreign: str | None) -> None:
    currency = foreign or LOCALES[name].currency
    places = 0 if currency in {"JPY", "KRW"} else 2
    written = Amount.of(places, name, currency).write(np.array(units)).to_pylist()
    for unit, text in zip(units, written, strict=True):
        if LOCALES[name].plain == 4 and four_digits(unit, places):
            continue
        assert text == format_currency(exactly(unit, places), currency, locale=cldr(name))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("length", ["short", "long", "full"])
def test_dates_are_written_as_babel_writes_them(name: str, length: str) -> None:
    for day in (dt.date(2024, month, 2 * month + 1) for month in range(1, 13)):
        (text,) = drawn("date", 1, min=day, max=day, format=length, locale=name)
        assert text == format_date(day, length, locale=cldr(name))


@pytest.mark.parametrize("name", NAMES)
def test_short_names_are_those_of_babel(name: str) -> None:
    known = cldr(name)
    assert list(LOCALES[name].short_months) == [known.months["format"]["abbreviated"][month] for month in range(1, 13)]
    assert list(LOCALES[name].short_days) == [known.days["format"]["abbreviated"][day] for day in range(7)]


@pytest.mark.parametrize(
    ("name", "config", "text"),
    [
        ("amount", {"min": 1234.5, "locale": "de"}, "1.234,50\u00a0€"),
        ("amount", {"min": 1234567, "locale": "en-IN"}, "₹12,34,567.00"),
        ("amount", {"min": 1234567, "locale": "hi", "places": 0}, "₹12,34,567"),
        ("amount", {"min": -1234.5, "locale": "nl"}, "€\u00a0-1.234,50"),
        ("amount", {"min": 5000, "locale": "ja"}, "￥5,000"),
        ("amount", {"min": 5000, "locale": "pl"}, "5000,00\u00a0zł"),
        ("amount", {"min": 15000, "locale": "pl"}, "15\u00a0000,00\u00a0zł"),
        ("amount", {"min": 1234.5, "currency": "CHF"}, "CHF\u00a01,234.50"),
        ("amount", {"min": 1234.5, "currency": "CHF", "locale": "de"}, "1.234,50\u00a0CHF"),
        ("decimal", {"min": 1234.5, "locale": "fr"}, "1\u202f234,50"),
        ("decimal", {"min": 1234.5}, "1234.50"),
        ("integer", {"min": 1234567, "locale": "pt-BR"}, "1.234.567"),
        ("integer", {"min": -7, "locale": "tr"}, "-7"),
        ("date", {"min": "2024-01-05", "locale": "pl", "format": "%A %-d %b"}, "piątek 5 sty"),
    ],
)
def test_forms_in_a_recipe(name: str, config: dict[str, Any], text: str) -> None:
    assert set(drawn(name, max=config["min"], **config)) == {text}


@pytest.mark.parametrize(
    ("name", "config", "said"),
    [
        ("amount", {"locale": "pt_BR"}, "did you mean 'pt-BR'"),
        ("amount", {"currency": "€"}, "currency: must be a code of three capitals such as EUR, got '€'"),
        ("amount", {"places": 12}, "places: must be from 0 to 9"),
        ("amount", {"locale": "ko", "min": 0.5}, "min: 0.5 has more than 0 digits"),
        ("date", {"locale": "xx"}, "locale"),
    ],
)
def test_wrong_settings_are_refused_at_their_key(name: str, config: dict[str, Any], said: str) -> None:
    ends = {"min": 1, "max": 1} if name == "amount" else {"min": "2024-01-05", "max": "2024-01-05"}
    with pytest.raises(RecipeError) as caught:
        drawn(name, **{**ends, **config})
    assert said in str(caught.value)
