"""Printing: aligned tables and facts, by rich on a terminal and as plain text elsewhere; or one JSON document."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from contextvars import ContextVar
from pathlib import Path
from typing import Any, TextIO

import attrs

from fairloom.showing import printable

Cell = str | int | float | bool | None


_documents: ContextVar[TextIO | None] = ContextVar("_documents", default=None)


@contextmanager
def reserved() -> Iterator[None]:
    """Keep stdout for ``document`` alone: what else is printed meanwhile goes to stderr."""
    token = _documents.set(sys.stdout)
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        _documents.reset(token)


def document(data: Any) -> None:
    """Print ``data`` as JSON; attrs classes, paths and tuples become plain data."""
    print(json.dumps(data, indent=2, ensure_ascii=False, default=_plain), file=_documents.get())


def heading(text: str) -> None:
    """A blank line and a title."""
    print()
    if sys.stdout.isatty():
        _rich_print(text, style="bold")
    else:
        print(printable.line(text))


def text(words: object) -> None:
    """A line of text from anywhere, control characters escaped."""
    print(printable.line(words))


def facts(pairs: Iterable[tuple[str, Cell]], indent: int = 2) -> None:
    """Names and values, the values aligned."""
    shown = [(name, cell(value)) for name, value in pairs if value is not None]
    width = max((len(name) for name, _ in shown), default=0)
    for name, value in shown:
        print(f"{'':{indent}}{name:<{width}}  {value}")


def table(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    """A table; columns that hold only numbers are aligned to the right."""
    lines = [list(row) for row in rows]
    numeric = [_numeric([line[index] for line in lines]) for index in range(len(columns))]
    texts = [[cell(value) for value in line] for line in lines]
    draw = _rich_table if sys.stdout.isatty() else _plain_table
    draw(columns, texts, numeric)


def cell(value: Cell) -> str:
    """A value as the tables show it: counts with separators, ratios with four digits, nothing as a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if value.is_integer() and abs(value) < 1e15 else f"{value:.4g}"
    return printable.line(value)


def _numeric(values: Sequence[Cell]) -> bool:
    return all(value is None or (isinstance(value, int | float) and not isinstance(value, bool)) for value in values)


def _plain_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> None:
    widths = [max(map(_width, column)) for column in zip(columns, *rows, strict=True)]
    for row in (columns, *rows):
        parts = [_pad(value, width, right=right) for value, width, right in zip(row, widths, numeric, strict=True)]
        print("  " + "  ".join(parts).rstrip())


def _pad(value: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(value))
    return space + value if right else value + space


def _width(value: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in value)
    return len(value) + wide - sum(unicodedata.combining(character) > 0 for character in value)


def _rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], numeric: Sequence[bool]) -> None:
    from rich import box  # noqa: PLC0415 - rich is imported only where a terminal shows it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=True, show_edge=False)
    for name, right in zip(columns, numeric, strict=True):
        drawn.add_column(name, justify="right" if right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*(Text(value, style=_STYLES.get(value, "")) for value in row))
    _rich_print(drawn)


_STYLES = {"passed": "green", "failed": "bold red", "held": "yellow", "not computed": "bold red"}


def _rich_print(what: Any, style: str | None = None) -> None:
    from rich.console import Console  # noqa: PLC0415 - rich is imported only where a terminal shows it

    Console(highlight=False, markup=False).print(what, style=style)


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return attrs.asdict(value, recurse=False)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    msg = f"{type(value).__name__} has no JSON form"
    raise TypeError(msg)
