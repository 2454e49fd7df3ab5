"""When to try again, and how long to wait before: the rules of HTTP, with full jitter.

Waiting a random time between nothing and an exponential bound spreads clients best (Brooker, "Exponential Backoff and
Jitter", AWS Architecture Blog, 2015). The jitter is no random number but a digest of the request and the try: nothing
that fairloom does depends on chance.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

_STATUSES = frozenset({408, 409, 429})
_FIRST, _LONGEST = 0.5, 60.0
"""Seconds: the bound of the first wait, and of any."""
_BILLING = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
"""Codes of a 429 that no waiting changes."""


def again(status: int, code: object = None) -> bool:
    """Whether the same request may succeed later: 408, 409, 429 and 5xx, unless an account has run out."""
    return (status in _STATUSES or status >= 500) and code not in _BILLING


def backoff(tried: int, name: str) -> float:
    """Seconds to wait after ``tried`` tries of the request called ``name``."""
    digest = hashlib.sha256(f"{name} {tried}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64
    return share * min(_LONGEST, _FIRST * 2.0 ** min(tried, 30))


def asked_to_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds that the server asks to wait; ``None`` where it says nothing that can be understood.

    It says so by ``retry-after-ms``, or by ``Retry-After`` in seconds or as a date (RFC 9110, 10.2.3). ``now`` is the
    time of day in seconds.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is not None or text is None:
        return seconds
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None
