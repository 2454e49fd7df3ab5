"""Where sentences begin and end.

A sentence ends with its mark before a blank and a capital or figure, but not behind an abbreviation or initial.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_END = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s+[\"'\u201c\u2018(\[]*[A-Z0-9])|[.!?\u2026]+[\"'\u201d\u2019)\]]*(?=\s*$)"
)
_NO_END = re.compile(
    r"\b(?:mr|mrs|ms|dr|st|jr|sr|prof|rev|gen|col|capt|sgt|lt|vs|etc|no|vol|e\.g|i\.e|approx|dept|inc|ltd|co|[a-z])\.$",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s*")


def marked(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each sentence that ends with a mark."""
    start = _behind_blanks(text, 0)
    for end in _END.finditer(text):
        if _NO_END.search(text, max(0, end.start() - 6), end.start() + 1):
            continue
        yield start, end.end()
        start = _behind_blanks(text, end.end())


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """The same, and what is left at the end of the text without a mark."""
    start = _behind_blanks(text, 0)
    for each in marked(text):
        yield each
        start = _behind_blanks(text, each[1])
    end = len(text.rstrip())
    if start < end:
        yield start, end


def _behind_blanks(text: str, place: int) -> int:
    blanks = _BLANKS.match(text, place)
    return place if blanks is None else blanks.end()
