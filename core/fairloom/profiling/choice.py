"""Which columns become axes, which is the text, which the label: as asked for, or guessed and said."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from fairloom.batch import LABEL
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.profiling.survey import MOST_LEVELS, Column, Survey

FEW_LEVELS = 100
"""A column of words with no more different values than this is guessed to be an axis."""
FEW_NUMBERS = 20
"""The same for a column of numbers."""
SHORT = 20
"""A column with fewer characters per row than this is not guessed to be the text."""
WORDS = "words"


@attrs.frozen(kw_only=True)
class Request:
    """What a profile is asked to hold; see ``profile`` for the meaning of each."""

    axes: Mapping[str, str] | None = None
    text: str | None = None
    label: str | None = None
    bins: Mapping[str, int] = attrs.field(factory=dict)
    tables: int = 2
    joint: tuple[tuple[str, ...], ...] = ()
    min_count: int = 5


@attrs.frozen
class Choice:
    """Axes by name with their columns, the text, the axis that is the label; and why other columns were left out."""

    axes: Mapping[str, str]
    text: str | None
    label: str | None
    left_out: Mapping[str, str]

    @property
    def length_axis(self) -> str | None:
        """The axis of the lengths of the texts, ``text.words``."""
        return f"{self.text}.{WORDS}" if self.text else None

    @property
    def names(self) -> tuple[str, ...]:
        """Every axis, the lengths last."""
        return (*self.axes, *([self.length_axis] if self.length_axis else []))


def choose(found: Survey, request: Request) -> Choice:
    """The choice for the columns of a file.

    Raises:
        RecipeError: With everything asked for that is not there or cannot be.
    """
    problems = list(_unknown(found, request)) or list(_impossible(found, request))
    if problems:
        raise RecipeError(problems)
    text = request.text or _guessed_text(found, request)
    axes, left_out = _axes(found, request, text)
    choice = Choice(axes, text, _label(axes, request), left_out)
    problems = list(_unknown_joint(choice, request))
    if not choice.names:
        said = "; ".join(f"{name} {why}" for name, why in list(left_out.items())[:5])
        problems.append(Problem(f"no column can be an axis: {said}", suggestion="name one with --axes, or --bins"))
    if problems:
        raise RecipeError(problems)
    return choice


def _unknown(found: Survey, request: Request) -> Iterator[Problem]:
    named = {
        "--axes": (request.axes or {}).values(),
        "--text": [request.text] if request.text else [],
        "--label": [request.label] if request.label else [],
        "--bins": request.bins,
    }
    for option, names in named.items():
        for name in names:
            if name not in found.columns:
                way = did_you_mean(name, found.columns)
                yield Problem(f"{option}: there is no column {name!r}", suggestion=way)


def _impossible(found: Survey, request: Request) -> Iterator[Problem]:
    for name, bins in request.bins.items():
        if found.columns[name].levels == {}:
            yield Problem(f"--bins: column {name!r} has no value in any row")
        elif not found.columns[name].numeric:
            yield Problem(f"--bins: not every value of {name!r} is a number", suggestion="leave it out of --bins")
        if bins < 2:
            yield Problem(f"--bins: {name} needs 2 bins or more, got {bins}")
    if request.text and not found.columns[request.text].characters:
        yield Problem(f"--text: column {request.text!r} has no text in any row")
    for name in dict.fromkeys([*(request.axes or {}).values(), *([request.label] if request.label else [])]):
        if name not in request.bins and (why := _unfit(found.columns[name], request)):
            yield Problem(f"column {name!r} cannot be an axis: it {why}")


def _unfit(column: Column, request: Request) -> str | None:
    if column.levels is None and not column.characters:
        return f"holds {column.kind}, and an axis needs single values"
    if column.levels is None:
        return f"has more than {MOST_LEVELS:,} different values"
    if not column.levels:
        return "has no value in any row"
    if column.unique:
        return "has a different value in every row: it names rows and says nothing about shares"
    if max(column.levels.values()) < request.min_count:
        return f"has no value that stands in {request.min_count} rows"
    return None


def _guessed_text(found: Survey, request: Request) -> str | None:
    """The column with the longest values, among those of many and long ones."""
    taken = {*(request.axes or {}).values(), *request.bins, request.label}
    long = {
        name: found.mean_characters(name)
        for name, column in found.columns.items()
        if name not in taken
        and not column.numeric
        and found.mean_characters(name) >= SHORT
        and (column.levels is None or len(column.levels) > min(FEW_LEVELS, found.rows / 2))
    }
    return max(long, key=lambda name: long[name], default=None)


def _axes(found: Survey, request: Request, text: str | None) -> tuple[dict[str, str], dict[str, str]]:
    axes = dict(request.axes or {})
    for name in (request.label, *request.bins):
        if name is not None and name not in axes.values():
            axes[name] = name
    left_out: dict[str, str] = {}
    for name, column in found.columns.items():
        if name in axes.values():
            continue
        why = "is the text" if name == text else _why_not(column, request)
        if request.axes is None and why is None:
            axes[name] = name
        else:
            left_out[name] = why or "was not asked for"
    order = {name: place for place, name in enumerate(found.columns)}
    if request.axes is None:
        axes = dict(sorted(axes.items(), key=lambda item: order[item[1]]))
    return axes, left_out


def _why_not(column: Column, request: Request) -> str | None:
    """Why a column that nobody asked for is no axis, or ``None``."""
    why = _unfit(column, request)
    if why or column.levels is None:
        return why
    if len(column.levels) < 2 and not column.null and not column.blank:
        return "has the same value in every row"
    if column.numeric and len(column.levels) > FEW_NUMBERS:
        return f"holds {len(column.levels):,} different numbers; cut them with --bins {column.name}=10"
    if len(column.levels) > FEW_LEVELS:
        return f"has {len(column.levels):,} different values; take it with --axes {column.name}"
    return None


def _label(axes: Mapping[str, str], request: Request) -> str | None:
    wanted = request.label
    if wanted is None:
        return LABEL if LABEL in axes else None
    return next(name for name, column in axes.items() if column == wanted)


def _unknown_joint(choice: Choice, request: Request) -> Iterator[Problem]:
    for names in request.joint:
        for name in names:
            if name not in choice.names:
                yield Problem(f"--joint: there is no axis {name!r}", suggestion=did_you_mean(name, choice.names))
        if len(names) < 2 or len(set(names)) < len(names):
            yield Problem(f"--joint: a joint table needs two different axes or more, got {','.join(names)}")


def groups(choice: Choice, request: Request) -> list[tuple[str, ...]]:
    """The axes of every joint table: all pairs (triples, ...) up to ``tables`` axes, and those named."""
    sizes = range(2, request.tables + 1)
    every: list[tuple[Any, ...]] = [group for size in sizes for group in itertools.combinations(choice.names, size)]
    order = {name: place for place, name in enumerate(choice.names)}
    named = [tuple(sorted(group, key=lambda name: order[name])) for group in request.joint]
    return list(dict.fromkeys([*every, *named]))
