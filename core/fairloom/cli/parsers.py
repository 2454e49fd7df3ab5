"""The parsers of the command line, built so that only the chosen command's module is imported."""

from __future__ import annotations

import argparse
import difflib
import importlib
import re
import shutil
import textwrap
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import Any, NoReturn

COMMANDS = {
    "run": "make the dataset of a recipe",
    "check": "find everything that is wrong with a recipe, without making rows",
    "plan": "show the design: cells, counts and what is possible",
    "models": "look at the servers of a recipe: what they answer and which parameters they keep to",
    "preview": "print a few rows with their spans marked",
    "profile": "count what is in real data, without keeping a row of it",
    "induce": "turn annotated real rows into templates and value tables",
    "probe": "hold a model against a behavioural suite",
    "report": "write report.html of a finished run again",
    "explain": "show how one row of a run came about",
    "verify": "check a run folder against its digests, or make the data again and compare",
    "diff": "compare two runs",
    "show": "summarise a run folder, or explain a component",
    "plugins": "list the installed plugins",
    "schema": "print the JSON Schema of recipes, for editors",
    "new": "start a recipe that works",
    "doctor": "report on this installation",
}
_DESCRIPTION = "Balanced, reproducible, audited synthetic datasets: a dataset is a designed experiment."
_EPILOG = """\
example:
  fairloom new recipe greetings
  fairloom run greetings/recipe.toml --to out

exit codes:
  0 good   1 a gate failed, rows are missing, or things differ
  2 the recipe or the call is wrong   3 the run failed   130 interrupted"""
_UNKNOWN = "unrecognized arguments: "
_INVALID = re.compile(r"invalid choice: '(?P<word>[^']*)'")


class Parser(argparse.ArgumentParser):
    """An argument parser that says what was wrong and where the help is, in two lines."""

    chosen: Parser | None = None
    """The parser of the command that is called."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong with the call and end with exit code 2."""
        unknown = message.removeprefix(_UNKNOWN)
        if self.chosen is not None and unknown != message:
            self.chosen.error(self.chosen.stranger(unknown.split()[0]))
        found = _INVALID.search(message)
        if found and self.prog == "fairloom":
            close = difflib.get_close_matches(found["word"], COMMANDS, n=1)
            message = f"there is no command {found['word']!r}" + (f"; did you mean {close[0]!r}?" if close else "")
        self.exit(2, f"{self.prog}: {message}\nSee `{self.prog} --help`.\n")

    def stranger(self, word: str) -> str:
        """What is wrong with a word that the call has and the parser does not know."""
        if not word.startswith("-"):
            return f"{word!r} is one argument too many"
        close = difflib.get_close_matches(word.partition("=")[0], self._option_string_actions, n=1)
        return f"there is no option {word!r}" + (f"; did you mean {close[0]!r}?" if close else "")


def parser_for(arguments: Sequence[str]) -> Parser:
    """The parser that understands ``arguments``; the options of other commands are left out."""
    chosen = next((word for word in arguments if not word.startswith("-")), None)
    parser = Parser(
        prog="fairloom",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and exit")
    _common(parser, default=False)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    for name, summary in COMMANDS.items():
        form = _form(name) if name == chosen else {}
        child = commands.add_parser(name, help=summary, allow_abbrev=False, **form)
        if name == chosen:
            parser.chosen = _fill(child, name)
    return parser


def command_module(name: str) -> ModuleType:
    """The module of a command, with ``DETAIL``, ``EXAMPLE``, ``configure(parser)`` and ``call(arguments)``."""
    return importlib.import_module(f"fairloom.cli.{name}")


def command_parsers() -> Iterator[tuple[str, Parser]]:
    """Every command with its complete parser, in the order of the help."""
    for name in COMMANDS:
        yield name, _fill(Parser(prog=f"fairloom {name}", **_form(name)), name)


def _form(name: str) -> dict[str, Any]:
    module = command_module(name)
    summary = COMMANDS[name]
    detail = " ".join(f"{summary[0].upper()}{summary[1:]}. {module.DETAIL}".split())
    return {
        "description": textwrap.fill(detail, shutil.get_terminal_size().columns - 2),
        "epilog": "example:\n" + "\n".join(f"  {line}" for line in module.EXAMPLE.strip().splitlines()),
        "formatter_class": argparse.RawDescriptionHelpFormatter,
    }


def _fill(parser: Parser, name: str) -> Parser:
    command_module(name).configure(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")
    _common(parser, default=argparse.SUPPRESS)
    return parser


def _common(parser: Parser, default: object) -> None:
    parser.add_argument("--debug", action="store_true", default=default, help="show tracebacks")


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: reading metadata takes time."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version  # noqa: PLC0415 - only this option needs it

        print(f"fairloom {version('fairloom')}")
        parser.exit()
