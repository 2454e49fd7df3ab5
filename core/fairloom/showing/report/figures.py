"""Figures as readers see them, and the small computations behind charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs

_STEPS = (0.02, 0.05, 0.1, 0.25, 0.5)


def number(value: Any) -> str:
    """Counts with separators, ratios with four digits, nothing as a dash; any other value as text."""
    if value is None:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, float) or not math.isfinite(value):
        return str(value)
    return _real(value)


def _real(value: float) -> str:
    if value.is_integer() and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.0f}"


def signed(count: int) -> str:
    """A difference of counts: ``+3``, a minus sign and 3, ``0``."""
    if not count:
        return "0"
    return f"+{count:,}" if count > 0 else f"\N{MINUS SIGN}{-count:,}"


def points(share: float) -> str:
    """A difference of shares in percentage points: ``0.031`` as ``+3.1 points``."""
    return f"{'+' if share > 0 else chr(0x2212)}{100 * abs(share):.1f} points"


def percent(share: float | None) -> str:
    """``0.0371`` as ``3.7 %``."""
    return "\N{EN DASH}" if share is None else f"{100 * share:.1f} %"


def probability(p: float | None) -> str:
    """A p-value to three digits, tiny ones as ``< 0.001``."""
    if p is None:
        return "\N{EN DASH}"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def size(count: int | None) -> str:
    """Bytes with a unit."""
    if count is None:
        return "\N{EN DASH}"
    amount = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def digest(text: str) -> str:
    """A digest without the name of its algorithm, for columns that bear it."""
    return text.removeprefix("sha256:")


def deviation(count: float, expected: float) -> str:
    """A CSS class for how far a cell is from its even share: ``more-3``, ``less-1``, empty when near."""
    if not expected or count == expected:
        return ""
    relative = (count - expected) / expected
    grade = sum(abs(relative) >= step for step in _STEPS)
    return f"{'more' if relative > 0 else 'less'}-{grade}" if grade else ""


@attrs.frozen
class Bar:
    """One bar of a histogram over ``[low, high]``; ``x``, ``width``, ``height`` are in percent of the chart."""

    low: int
    high: int
    count: int
    x: float
    width: float
    height: float


def bars(counts: Sequence[int], most: int = 48) -> tuple[Bar, ...]:
    """Bars for ``counts[value]``, from the first value that occurs to the last, at most ``most`` bars."""
    present = [value for value, count in enumerate(counts) if count]
    if not present:
        return ()
    first, last = present[0], present[-1]
    step = max(1, -(-(last - first + 1) // most))
    sums = [sum(counts[low : min(low + step, last + 1)]) for low in range(first, last + 1, step)]
    width = 100 / len(sums)
    return tuple(
        Bar(first + step * index, first + step * index + step - 1, count, width * index, width, 100 * count / max(sums))
        for index, count in enumerate(sums)
    )


@attrs.frozen
class Pair:
    """One bin of two histograms: the shares of either side, and the bar of ours as in ``Bar``."""

    low: int
    high: int | None
    ours: float
    theirs: float
    x: float
    width: float
    height: float


def overlay(ours: Sequence[int], theirs: Sequence[int], low: int, width: int) -> tuple[tuple[Pair, ...], str]:
    """Two histograms over the same bins as shares: the bars of ours, and an SVG path along the tops of theirs.

    The last bin is open and has no ``high``.
    """
    shares = [(a / sum(ours), b / sum(theirs)) for a, b in zip(ours, theirs, strict=True)]
    top = max(max(pair) for pair in shares)
    wide = 100 / len(shares)
    pairs = tuple(
        Pair(
            low + width * index,
            low + width * (index + 1) - 1 if index < len(shares) - 1 else None,
            a,
            b,
            wide * index,
            wide,
            100 * a / top,
        )
        for index, (a, b) in enumerate(shares)
    )
    steps = " ".join(f"V{100 - 100 * pair.theirs / top:.2f} H{pair.x + wide:.3f}" for pair in pairs)
    return pairs, f"M0 100 {steps} V100"


def quantile(counts: Sequence[int], share: float) -> int:
    """The smallest value with at least ``share`` of all counts at or below it."""
    wanted = share * sum(counts)
    reached = 0
    for value, count in enumerate(counts):
        reached += count
        if reached >= wanted and reached:
            return value
    return 0
