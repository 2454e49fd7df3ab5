"""``fairloom report``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fairloom.cli import options, output

DETAIL = """\
Everything in it is read from the folder."""
EXAMPLE = """\
fairloom report out
fairloom report out --to published/report.html"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``report``."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of a finished run")
    parser.add_argument("--to", metavar="FILE", type=Path, help="write the page here (default: DIR/report.html)")


def call(arguments: argparse.Namespace) -> int:
    """Render the page."""
    from fairloom import report  # noqa: PLC0415 - the parser needs none of this

    page = report.write(options.readable_run(arguments.folder), arguments.to)
    if arguments.json:
        output.document({"report": str(page)})
    else:
        output.text(f"written: {page}")
    return 0
