"""Text from strangers, made safe to print: what would steer a terminal is shown instead of sent."""

from __future__ import annotations

_ESCAPES = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in (
        *range(0x20),
        *range(0x7F, 0xA0),
        0x061C,
        0x200E,
        0x200F,
        *range(0x2028, 0x202F),
        *range(0x2066, 0x206A),
        0xFEFF,
    )
} | {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}
_IN_BLOCKS = {code: mark for code, mark in _ESCAPES.items() if code not in (0x09, 0x0A)}


def line(text: object) -> str:
    r"""``text`` on one line: control and bidirectional-override characters as escapes, ``\\n`` included."""
    return str(text).translate(_ESCAPES)


def cell(text: str) -> str:
    """``text`` as it stands in a cell of a Markdown table."""
    return text.replace("|", "\\|")


def block(text: object) -> str:
    """``text`` with its line ends and tabs kept and every other control character as an escape."""
    return str(text).translate(_IN_BLOCKS)
