"""The command line. Starting it imports nothing heavy: a command's module is imported when it is called."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

from fairloom.cli.parsers import command_module, parser_for


def _called(parsed: argparse.Namespace) -> int:
    """Run the command; with ``--json`` whatever plugins print goes to stderr, the document alone to stdout."""
    call: Callable[[argparse.Namespace], int] = command_module(parsed.command).call
    if not getattr(parsed, "json", False):
        return call(parsed)
    from fairloom.cli import output  # noqa: PLC0415 - every command imports it, help does not

    with output.reserved():
        return call(parsed)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    0: good. 1: a gate failed, rows are missing, or a comparison found differences. 2: the recipe or
    the call is wrong. 3: the run failed. 130: interrupted.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    parsed = parser_for(given).parse_args(given)
    parsed.given = given
    try:
        code: int = _called(parsed)
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last resort: every error becomes a line
        from fairloom.cli import failures  # noqa: PLC0415 - imports the error classes only when there is an error

        return failures.explain(error, parsed)
    return code
