"""Numbers and dates: in another form, or another number. English."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Literal

from fairloom_edits.words import Outcomes, Patterned, by_length


def _list(text: str) -> list[str]:
    """Words apart by blanks."""
    return text.split()


_ONES = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")
_MONTHS = _list("January February March April May June July August September October November December")
NumberForm = Literal["words", "digits"]
DateForm = Literal["iso", "day-first", "month-first"]
_BARE = r"(?<![\w.,:/$€£%-]){}(?![\w%]|[.,:/-]\d)"
"""Numbers that stand alone: no part of 3.5, 10:30, 2024-05-01, B2 or 20%."""


def spelt(number: int) -> str:
    """0 to 99 in words."""
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


@cache
def _numbers() -> dict[str, int]:
    return {spelt(number): number for number in range(100)}


def number_form(to: NumberForm) -> Patterned:
    """Whole numbers from 0 to 99, from digits to words or back. "One" stays: it is a pronoun as often as a number."""
    if to == "words":
        return Patterned(re.compile(_BARE.format(r"(?:0|[1-9]\d?)")), r"\d", lambda said: (spelt(int(said)),))
    either = "|".join(re.escape(word) for word in by_length(_numbers()) if word != "one")
    pattern = re.compile(f"(?<![\\w-])(?:{either})(?![\\w-])", re.IGNORECASE)
    return Patterned(pattern, f"(?i)(?:{either})", lambda said: (str(_numbers()[said.lower()]),))


def other_number() -> Patterned:
    """Another whole number with as many digits: the nearest six."""
    return Patterned(re.compile(_BARE.format(r"(?:0|[1-9]\d{0,8})")), r"\d", _near)


def _near(said: str) -> Outcomes:
    near = (str(int(said) + step) for step in (-3, -2, -1, 1, 2, 3) if int(said) + step >= 0)
    return tuple(each for each in near if len(each) == len(said))


_MONTH = "|".join(_MONTHS)
_DATES = re.compile(
    r"(?<![\w-])(?:(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)"
    f"|(?P<d1>\\d{{1,2}}) (?P<m1>{_MONTH}) (?P<y1>\\d{{4}})"
    f"|(?P<m2>{_MONTH}) (?P<d2>\\d{{1,2}}), (?P<y2>\\d{{4}}))(?![\\w-])"
)


def date_form(to: DateForm) -> Patterned:
    """Dates as 2024-05-01, 1 May 2024 or May 1, 2024; what is no date of the calendar stays."""

    def change(said: str) -> Outcomes:
        date = _date(said)
        if date is None:
            return ()
        month = _MONTHS[date.month - 1]
        forms = {
            "iso": date.isoformat(),
            "day-first": f"{date.day} {month} {date.year}",
            "month-first": f"{month} {date.day}, {date.year}",
        }
        return () if forms[to] == said else (forms[to],)

    return Patterned(_DATES, r"\d{4}", change)


def _date(said: str) -> dt.date | None:
    match = _DATES.fullmatch(said)
    if match is None:
        return None
    year, month, day = (
        next(match[f"{part}{end}"] for end in ("", "1", "2") if match[f"{part}{end}"]) for part in "ymd"
    )
    number = int(month) if month.isdigit() else _MONTHS.index(month) + 1
    try:
        return dt.date(int(year), number, int(day))
    except ValueError:
        return None
