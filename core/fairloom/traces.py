r"""Traces in texts that several components look for, each said once: RE2 patterns for Arrow.

Python's ``re`` knows no ``\pL``: there, ``LETTER`` stands in its place.
"""

from __future__ import annotations

EMAIL = r"(?i)[a-z0-9._%+-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}"
"""An e-mail address, by its form."""

# A character that no decoder could read, also when it was decoded again; UTF-8 of a Latin letter read as Latin-1 or as
# Windows-1252; a curly quote, a dash or an ellipsis (E2 80 xx) read by any table of Windows, where 80 is the euro sign
# or, in the Cyrillic one, a letter; control characters that no text has.
DAMAGED = (
    "\ufffd|\\pL\u00bf\u00bd"
    "|[\u00c2\u00c3][\u0080-\u00bf]"
    "|[\u00c3\u00c5][\u0152\u0153\u0160\u0161\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u203a\u20ac\u2122]"
    "|\\pL\u20ac[\u0153\u015b\u0161\u0165\u02dc\u00a0-\u00bf\u2013-\u203a\u2122]|\u0432\u0402."
    "|[\u0080-\u009f]"
)
"""Text decoded by the wrong table."""

LETTER = r"[^\W\d_]"
"""What ``re`` writes for ``\\pL``."""
