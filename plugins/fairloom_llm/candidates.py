"""Candidates for a counterfactual: what a model wrote, read strictly and taken apart into edits."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs

from fairloom.wording import share_changed, word_edits
from fairloom_llm.asking import Said
from fairloom_llm.marks import Marked, restored

Edit = tuple[int, int, str]
UNVERIFIED, TOO_MUCH = "is not verified", "changes too much"
_MARKS = re.compile(r"\[\d+\]")
_PREFACE = re.compile(
    r"(?i)(?:sure|certainly|of course|okay|here (?:is|are)|here's|changed text|the changed text)\b[^.!?]*:"
)
_QUOTES = ('"', "'", "\u201c", "\u2018", "\u00ab", "`", "*", ">")
"""What a text does not begin with unless it did before; ``>`` stands before it in the prompt."""


@attrs.frozen
class Candidate:
    """A text that differs from the one before by ``edits``, which change ``share`` of its words."""

    text: str
    edits: tuple[Edit, ...]
    share: float

    @property
    def change(self) -> tuple[str, ...]:
        """What is said instead, wherever it stands: two candidates with one change are much the same."""
        return tuple(new.casefold().strip() for _, _, new in self.edits)


def read(said: Said, before: Marked, text: str, most: float) -> Candidate | str:
    """The candidate, or why it is none. ``before`` is ``text`` with marks; ``most`` is the largest share of words."""
    if said.text is None:
        return said.reason or ""
    wrong = _form(said.text, text)
    if wrong:
        return wrong
    found = restored(said.text, before)
    if isinstance(found, str):
        return found
    if _MARKS.findall(said.text) != _MARKS.findall(before.text):
        return "moved a span"
    share = share_changed(text, found.text)
    if found.text.split() == text.split():
        return "is unchanged"
    return TOO_MUCH if share > most else Candidate(found.text, tuple(_edits(said.text, before)), share)


def _form(said: str, text: str) -> str | None:
    if said[0] in _QUOTES and not text.startswith(said[0]):
        return "stands in quotes"
    if _PREFACE.match(said) and not _PREFACE.match(text):
        return "begins with a preface"
    return "has more lines" if len(said.splitlines()) > len(text.splitlines()) else None


def _edits(said: str, before: Marked) -> Iterator[Edit]:
    """Edits between the spans, which stay where they are: each stretch is compared with its own."""
    start = 0
    values = [len(span["value"]) for span in before.spans]
    for old, new, value in zip(_MARKS.split(before.text), _MARKS.split(said), [*values, 0], strict=True):
        yield from word_edits(old, new, start)
        start += len(old) + value


def reason(found: Sequence[Candidate | str]) -> str:
    """Why none of these is taken: what stopped the one that got farthest."""
    reasons = [each for each in found if isinstance(each, str)]
    return next((each for each in (UNVERIFIED, TOO_MUCH) if each in reasons), reasons[0])
