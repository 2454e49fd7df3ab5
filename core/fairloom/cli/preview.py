"""``fairloom preview``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fairloom.cli import options, output
from fairloom.showing import printable, worded

if TYPE_CHECKING:
    from fairloom.preview import Preview

DETAIL = """\
Runs the generators and row filters on the first
rows of the design only. Spans are shown as `[value](slot)`. Exit code 1 where a row could not be made."""
EXAMPLE = """\
fairloom preview recipe.toml -n 5"""
_SYSTEM = ("id", "label", "address", "family", "member", "attempt", "cell")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``preview``."""
    options.recipe(parser)
    parser.add_argument("-n", "--rows", metavar="N", type=options.positive, default=5, help="how many (default: 5)")


def call(arguments: argparse.Namespace) -> int:
    """Print the rows, and why others are missing."""
    recipe = options.load(arguments)
    from fairloom.preview import preview  # noqa: PLC0415 - a call without a recipe needs none of this
    from fairloom.showing import progress  # noqa: PLC0415 - as above

    with progress.shown(silent=arguments.json) as bar:
        found = preview(recipe, arguments.rows, tuple(arguments.allow), bar)
    rows = found.rows.to_pylist()
    if arguments.json:
        output.document(rows)
    else:
        for index, row in enumerate(rows):
            if index:
                print()
            _show(row, recipe.task.fields)
    if found.missing:
        print(printable.line(_missing(found)), file=sys.stderr)
    return 1 if found.missing else 0


def _missing(found: Preview) -> str:
    reasons = ", ".join(f"{reason} ({count:,})" for reason, count in found.reasons.items())
    return f"rows that could not be made: {found.missing:,}; candidates were rejected because of {reasons}"


def _show(row: dict[str, Any], fields: tuple[str, ...]) -> None:
    title = "  ".join(str(row[key]) for key in ("id", "label") if row.get(key) is not None)
    if title:
        output.text(title)
    for field in fields:
        name = f"{field}: " if len(fields) > 1 else ""
        print("  " + name + marked(row[field] or "", row.get(f"{field}.spans") or [], colour=sys.stdout.isatty()))
    about = worded.about(row, {*_SYSTEM, *fields})
    if about:
        output.text("  " + "  ".join(f"{key}={value}" for key, value in about.items()))


def marked(text: str, spans: list[dict[str, Any]], *, colour: bool = False) -> str:
    """``text`` with each span as ``[value](slot)``; on a terminal the value is underlined."""
    return "".join(_pieces(text, spans, colour=colour))


def _pieces(text: str, spans: list[dict[str, Any]], *, colour: bool) -> Iterator[str]:
    position = 0
    for span in spans:
        if span["start"] < position:
            continue  # a span inside one that is already marked
        yield printable.line(text[position : span["start"]])
        value, slot = printable.line(text[span["start"] : span["end"]]), printable.line(span["slot"])
        yield f"\x1b[4m{value}\x1b[24m\x1b[2m({slot})\x1b[22m" if colour else f"[{value}]({slot})"
        position = span["end"]
    yield printable.line(text[position:])
