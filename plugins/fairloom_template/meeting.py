"""What a rule does to single strings: alone, after something, and where two of them meet."""

from __future__ import annotations

from functools import lru_cache

import attrs
import numpy as np

from fairloom_template.surface_rules import Change, Rule, applied

Cut = tuple[int, str]
"""How many characters come off, and what is put in their place."""
NO_CUT: Cut = (0, "")


@attrs.frozen
class Splice:
    """What becomes of two pieces that meet: the end of the left one, the blanks between, the start of the right one."""

    left: Cut = NO_CUT
    gap: bool = True
    right: Cut = NO_CUT


@attrs.frozen
class Window:
    """Two pieces that meet, as far as a rule sees them, the blank between, and stand-ins for what is around."""

    prefix: str
    left: str
    gap: str
    right: str
    suffix: str


RSTRIP, LSTRIP, EMPTY, LSTRIP_ALL, RSTRIP_ALL = (np.uint8(1 << place) for place in range(5))


def stripped(text: str, act: int) -> str:
    """A text without the blanks that ``act``, a sum of the marks above, wants away."""
    if act & int(EMPTY):
        return ""
    text = text.rstrip(" \t") if act & int(RSTRIP) else text
    text = text.lstrip(" \t") if act & int(LSTRIP) else text
    text = text.lstrip() if act & int(LSTRIP_ALL) else text
    return text.rstrip() if act & int(RSTRIP_ALL) else text


def cut_text(text: str, cut: int, add: str, *, at_end: bool) -> str:
    """A text with something else in place of its end or its start."""
    return text[: len(text) - cut] + add if at_end else add + text[cut:]


@lru_cache(maxsize=65_536)
def corrected(rule: Rule, text: str) -> str:
    """What a rule makes of a text that it sees alone."""
    return applied(text, rule.changes(text))


def after_prefix(rule: Rule, text: str, prefix: str) -> str:
    """What a rule makes of a text that stands after something."""
    return applied(prefix + text, rule.changes(prefix + text, start=True))[len(prefix) :]


@lru_cache(maxsize=65_536)
def meeting(rule: Rule, window: Window) -> Splice:
    """What a rule does where two pieces meet."""
    text = window.prefix + window.left + window.gap + window.right + window.suffix
    start = len(window.prefix)
    meet = start + len(window.left)
    behind = meet + len(window.gap)
    for change in rule.changes(text, start=True):
        if change.first < meet and change.last > behind and change.start >= start:
            return _spliced(text, change, meet, behind)
    return Splice()


def _spliced(text: str, change: Change, meet: int, behind: int) -> Splice:
    """A change of the whole as one of its parts; what is new stands where the change begins."""
    gap = not change.start < behind <= change.end
    right_cut = max(change.end - behind, 0)
    if change.start < meet:
        return Splice((meet - change.start, change.new + text[change.end : meet]), gap, (right_cut, ""))
    return Splice(NO_CUT, gap, (right_cut, text[behind : max(change.start, behind)] + change.new))
