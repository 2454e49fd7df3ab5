"""Bounds of a gate as readers write them."""

from __future__ import annotations


def bounds(low: float | None, high: float | None) -> str:
    """``at least 2``, ``at most 0.01``, ``2 to 4`` or ``any``."""
    if low is None and high is None:
        return "any"
    if low is None:
        return f"at most {high:g}"
    return f"at least {low:g}" if high is None else f"{low:g} to {high:g}"
