"""The reference page of the command line, made from its parsers: ``python -m fairloom.cli.reference``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from fairloom.cli.parsers import COMMANDS, command_module, command_parsers
from fairloom.showing import printable

_INTRODUCTION = """\
# Command line

This page is made from the parsers by `python -m fairloom.cli.reference > docs/reference/cli.md`.

Every command has `--help` with an example, `--json` for one JSON document on standard output, and `--debug` for
tracebacks. Errors go to standard error, one line per problem, then their number.

| Exit code | Meaning |
| ---: | --- |
| 0 | good |
| 1 | a gate failed, rows are missing, or a comparison found differences |
| 2 | the recipe or the call is wrong |
| 3 | the run failed, or the installation is at fault |
| 130 | interrupted; the same call goes on where it was |
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_INTRODUCTION, *(line for name, parser in command_parsers() for line in _command(name, parser))])


def _command(name: str, parser: argparse.ArgumentParser) -> Iterator[str]:
    module = command_module(name)
    yield f"## fairloom {name}\n"
    summary = COMMANDS[name]
    yield f"{summary[0].upper()}{summary[1:]}. {' '.join(module.DETAIL.split())}".strip() + "\n"
    yield f"```\n{module.EXAMPLE.strip()}\n```\n"
    described = [action for action in parser._actions if not _everywhere(action)]  # noqa: SLF001 - argparse lists them nowhere else
    if described:
        yield "| Argument | Meaning |\n| --- | --- |"
        yield from (f"| {_form(action)} | {printable.cell(action.help or '')} |" for action in described)
        yield ""


def _everywhere(action: argparse.Action) -> bool:
    return action.dest in {"help", "json", "debug"}


def _form(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else str(action.metavar or "")
    words = " ".join([", ".join(action.option_strings), value]).strip()
    return f"`{printable.cell(words)}`"


if __name__ == "__main__":
    print(page(), end="")
