"""``fairloom verify``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fairloom.cli import options, output

DETAIL = """\
Every file is read again. With --rebuild the recipe in the manifest
is run again in a temporary folder and the rows must be the same."""
EXAMPLE = """\
fairloom verify out
fairloom verify out --rebuild"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``verify``."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of a finished run")
    parser.add_argument("--rebuild", action="store_true", help="make the data again and compare their digests")
    parser.add_argument(
        "--recipe", metavar="RECIPE", type=Path, help="where the recipe is now (default: where it was run from)"
    )
    options.workers(parser)
    options.allow(parser)


def call(arguments: argparse.Namespace) -> int:
    """Return 0 when everything is as the manifest says, else 1."""
    from fairloom import verify  # noqa: PLC0415 - the parser needs none of this
    from fairloom.cli import failures  # noqa: PLC0415

    folder = options.run_folder(arguments.folder)
    problems = list(verify.verify(folder))
    if arguments.rebuild and not problems:
        problems = list(
            verify.rebuild(folder, recipe=arguments.recipe, allow=tuple(arguments.allow), workers=arguments.workers)
        )
    if arguments.json:
        output.document({"status": "differs" if problems else "ok", "problems": failures.as_data(problems)})
    elif not problems:
        made = "; the rows made again are the same" if arguments.rebuild else ""
        output.text(f"{folder}: every digest holds{made}")
    if problems:
        failures.tell(problems)
    return 1 if problems else 0
