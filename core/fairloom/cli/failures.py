"""What the command line says when something went wrong, and the exit code it ends with."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shlex
import sys
import traceback
from pathlib import Path
from typing import Any

import attrs

from fairloom.problems import FairloomError, Problem, RecipeError
from fairloom.showing import printable

INTERRUPTED = 130
FAILED = 3
PIPE_CLOSED = 141
LOG = "log.jsonl"


def explain(error: BaseException, arguments: argparse.Namespace) -> int:
    """Say on stderr what went wrong (and as JSON on stdout where asked) and return the exit code."""
    if isinstance(error, BrokenPipeError):
        return _pipe_closed()
    if isinstance(error, KeyboardInterrupt):
        return _interrupted(arguments)
    code = error.exit_code if isinstance(error, FairloomError) else FAILED
    if arguments.debug:
        traceback.print_exception(error, file=sys.stderr)
    problems = error.problems if isinstance(error, RecipeError) else (Problem(_message(error, arguments)),)
    tell(problems)
    if getattr(arguments, "json", False):
        print(json.dumps({"status": "error", "exit_code": code, "problems": as_data(problems)}, ensure_ascii=False))
    return code


def tell(problems: tuple[Problem, ...] | list[Problem]) -> None:
    """One line per problem on stderr, then their number."""
    for problem in problems:
        print(printable.line(problem.render()), file=sys.stderr)
    print(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}", file=sys.stderr)


def as_data(problems: tuple[Problem, ...] | list[Problem]) -> list[dict[str, Any]]:
    """Problems as plain data, ``path`` as a list of keys and indices."""
    return [{**attrs.asdict(problem), "path": list(problem.path)} for problem in problems]


def _message(error: BaseException, arguments: argparse.Namespace) -> str:
    notes = getattr(error, "__notes__", [])
    if isinstance(error, FairloomError):
        return "; ".join([str(error), *notes])
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename else ""
        return "; ".join([f"{place}{error.strerror}", *notes, *_log_hint(arguments)])
    said = f"unexpected {type(error).__name__}: {error}".rstrip(": ")
    return "; ".join([said, *notes, *_log_hint(arguments), "run again with --debug for the traceback"])


def _log_hint(arguments: argparse.Namespace) -> list[str]:
    folder = getattr(arguments, "folder", None)
    log = Path(folder) / LOG if folder else None
    with contextlib.suppress(OSError):  # the folder may be what is wrong
        return [f"the log is {log}"] if log and log.is_file() else []
    return []


def _interrupted(arguments: argparse.Namespace) -> int:
    folder = getattr(arguments, "folder", None)
    if folder and Path(folder).exists():
        again = shlex.join(["fairloom", *(word for word in arguments.given if word != "--fresh")])
        print(f"interrupted; finished parts are kept in {folder}. To go on: {again}", file=sys.stderr)
    else:
        print("interrupted", file=sys.stderr)
    return INTERRUPTED


def _pipe_closed() -> int:
    """Whoever read our output has gone; point stdout elsewhere so that the exit flush stays silent."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return PIPE_CLOSED
