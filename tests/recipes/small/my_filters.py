"""Filters for the tests: one that is picky about everybody, one that is unfair to one label."""

from __future__ import annotations

import hashlib
import time

import fairloom as fl


def _share(text: str) -> float:
    return hashlib.blake2b(text.encode(), digest_size=2).digest()[0] / 256


@fl.filter
def picky(text: str, *, share: float = 0.2, slow: float = 0.0) -> str | None:
    """Reject a share of the texts, whatever they say; ``slow`` seconds per row give time to kill the run."""
    if slow:
        time.sleep(slow)
    return "picked out" if _share(text) < share else None


@fl.filter
def unfair(text: str, label: str, *, target: str, share: float = 0.6) -> str | None:
    """Reject a share of one label's texts only."""
    return "not liked" if label == target and _share(text) < share else None


@fl.filter
def never(label: str, *, target: str) -> str | None:
    """Reject every text of one label."""
    return "never" if label == target else None
