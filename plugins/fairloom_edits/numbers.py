"""Numbers and dates: in another form, or another number. English."""

from __future__ import annotations

import datetime as dt
import re
from functools import cache
from typing import Literal

from fairloom_edits.english import no_name, opens
from fairloom_edits.words import Outcomes, Patterned, alternatives


def _list(text: str) -> list[str]:
    """Words apart by blanks."""
    return text.split()


_ONES = _list(
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS = _list("twenty thirty forty fifty sixty seventy eighty ninety")
_MONTHS = _list("January February March April May June July August September October November December")
_SHORT = [month[:3] for month in _MONTHS] + ["Sept"]
_NAMED = "|".join([*_MONTHS, *(rf"{short}\b\.?" for short in _SHORT)])
NumberForm = Literal["words", "digits"]
DateForm = Literal["iso", "day-first", "month-first"]
_UNIT = r"\s*(?i:am|pm|a\.m|p\.m|o'?clock|hundred|thousand|million)\b"
_BARE = r"(?<![\w.,:/$€£%#'\u2019&-]){}(?![\w%'\u2019&$€£]|[.,:/-]\d|[-/]|" + _UNIT + ")"
"""Numbers that stand alone: no part of 3.5, 10:30, 2024-05-01, B2, #3, 20% or the 70's, and no hour of the clock."""
_IN_DATE = re.compile(rf"(?:\b(?:{_NAMED})(?:\s+\d{{1,2}}(?:st|nd|rd|th)?)?,?|\b(?:no|nr)\.)\s*$", re.IGNORECASE)
_DATE_BEHIND = re.compile(rf"\s+(?:of\s+)?(?:{_NAMED})\b", re.IGNORECASE)


def counted(match: re.Match[str]) -> bool:
    """Whether a number counts something: not the day or year of a date, not "No. 5"."""
    text, start = match.string, match.start()
    near = _IN_DATE.search(text, max(0, start - 20), start)
    return near is None and _DATE_BEHIND.match(text, match.end()) is None


def spelt(number: int) -> str:
    """0 to 99 in words."""
    if number < 20:
        return _ONES[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_ONES[ones]}" if ones else "")


@cache
def _numbers() -> dict[str, int]:
    """0 to 99 by their words, with a hyphen and with a blank."""
    words = {spelt(number): number for number in range(100)}
    return words | {word.replace("-", " "): number for word, number in words.items()}


_BIG = "hundred|thousand|million|billion|dozen|half|quarter|point"
_ORDINAL = r"(?:fir|thi)\w*|second|\w+(?:th|ieth)s?"


def number_form(to: NumberForm) -> Patterned:
    """Whole numbers from 0 to 99, from digits to words or back. "One" stays: it is a pronoun as often as a number."""
    if to == "words":
        return Patterned(re.compile(_BARE.format(r"(?:0|[1-9]\d?)")), r"\d", _in_words, _spellable)
    either = alternatives(word for word in _numbers() if word != "one")
    pattern = re.compile(f"(?<![\\w-]){either}(?![\\w'\u2019-])", re.IGNORECASE)
    return Patterned(pattern, f"(?i){either}", lambda said: (str(_numbers()[said.lower()]),), _figures)


def _in_words(said: str) -> Outcomes:
    return (spelt(int(said)),)


def _spellable(match: re.Match[str]) -> bool:
    """Words do not open a sentence here: they would want a capital."""
    return counted(match) and not opens(match.string, match.start())


def _figures(match: re.Match[str]) -> bool:
    """Whether the words are a whole number: not of "two hundred", "twenty first" or a name."""
    return (
        no_name(match)
        and not _LARGER.match(match.string, match.end())
        and not _LARGER_BEFORE.search(match.string, max(0, match.start() - 12), match.start())
    )


_WORDS = alternatives([*_ONES, *_TENS])
_LARGER = re.compile(rf"[\s-]+(?:and\s+(?:a\s+)?)?(?:{_BIG}|{_WORDS}|{_ORDINAL})\b", re.IGNORECASE)
_LARGER_BEFORE = re.compile(rf"\b(?:{_BIG}|{_WORDS})[\s-]+(?:and\s+)?$", re.IGNORECASE)


def other_number() -> Patterned:
    """Another whole number with as many digits: the nearest six. What follows stays singular or plural."""
    return Patterned(re.compile(_BARE.format(r"(?:0|[1-9]\d{0,8})")), r"\d", _near, _variable)


def _near(said: str) -> Outcomes:
    near = (str(int(said) + step) for step in (-3, -2, -1, 1, 2, 3) if int(said) + step >= 0)
    return tuple(each for each in near if len(each) == len(said) and each != "1")


def _variable(match: re.Match[str]) -> bool:
    return counted(match) and not (match[0] == "1" and _BEHIND_ONE.match(match.string, match.end()))


_BEHIND_ONE = re.compile(r"\s+[^\W\d]")


_DATES = re.compile(
    rf"(?<![\w-])(?:(?P<y>\d{{4}})-(?P<m>\d\d)-(?P<d>\d\d)"
    rf"|(?:the )?(?P<d1>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?(?P<m1>{_NAMED}),? (?P<y1>\d{{4}})"
    rf"|(?P<m2>{_NAMED}) (?P<d2>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y2>\d{{4}}))(?![\w-])",
    re.IGNORECASE,
)


def date_form(to: DateForm) -> Patterned:
    """Dates as 2024-05-01, 1 May 2024 or May 1, 2024, read with "st" and "th", small and short months too.

    What is no date of the calendar stays.
    """

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
    try:
        return dt.date(int(year), int(month) if month.isdigit() else _month(month), int(day))
    except ValueError:
        return None


def _month(said: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month[:3].lower() == said[:3].lower())
