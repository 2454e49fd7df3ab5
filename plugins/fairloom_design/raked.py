"""The design ``raked``: cells whose margins, or joint tables, are those given."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import Tools
from fairloom.design import DesignTask
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.tables import read_table
from fairloom_design.balanced import BalancedPlan
from fairloom_design.demands import KeyPath, axes_of, leaves, number
from fairloom_design.given import Given, demands_of, given_table
from fairloom_design.parts import CellAxis
from fairloom_design.shaped import shaped

COUNT = "count"


@attrs.frozen(kw_only=True)
class MarginSpec:
    """One given table: over which axes, and its counts, here or in a file."""

    axes: tuple[str, ...] = attrs.field(metadata={"help": "the axes of the table"})
    counts: dict[str, Any] | None = attrs.field(
        default=None,
        metadata={"help": "counts or shares by level, tables nested once per axis; only proportions matter"},
    )
    from_: str | None = attrs.field(
        default=None, metadata={"key": "from", "help": "a table with one column per axis, and one named count"}
    )


@attrs.frozen(kw_only=True)
class RakedConfig:
    """Settings of ``design.raked``."""

    margins: tuple[MarginSpec, ...] = attrs.field(metadata={"help": "the tables to keep"})


@attrs.frozen
class Raked:
    """Keeps every given table to within one row."""

    margins: tuple[MarginSpec, ...]
    open_path: Callable[[str], Path]

    def plan(self, task: DesignTask) -> BalancedPlan:
        """The allocation of ``task.rows`` rows.

        Raises:
            RecipeError: with every table that cannot be read, or the tables and rules that conflict.
        """
        given: list[Given] = []
        problems: list[Problem] = []
        for place, margin in enumerate(self.margins):
            try:
                given.append(self._given(margin, task, ("design", "margins", place)))
            except RecipeError as error:
                problems += error.problems
        if not self.margins:
            problems.append(Problem("names no table", ("design", "margins"), suggestion="give at least one"))
        if problems:
            raise RecipeError(problems)
        axes = list(dict.fromkeys(itertools.chain.from_iterable(table.axes for table in given)))
        return shaped(task, axes, demands_of(given))

    def _given(self, margin: MarginSpec, task: DesignTask, path: KeyPath) -> Given:
        axes = axes_of(", ".join(margin.axes), task, (*path, "axes"))
        columns = [CellAxis(axis, *axis.codes(task.factors)) for axis in axes]
        if (margin.counts is None) == (margin.from_ is None):
            raise RecipeError.of("needs counts, or a file as from: one of the two", *path)
        if margin.from_ is None:
            entries = leaves(margin.counts or {}, columns, (*path, "counts"), number)
            where = (*path, "counts")
        else:
            where = (*path, "from")
            entries = _read(self.open_path(margin.from_), columns, where)
        return given_table(f"margins[{path[-1]}]", where, columns, entries)


def build(config: RakedConfig, tools: Tools) -> Raked:
    """The sampler ``design.raked``."""
    return Raked(config.margins, tools.open_path)


def _read(path: Path, axes: Sequence[CellAxis], where: KeyPath) -> dict[tuple[int, ...], Fraction]:
    """The counts of a file by the codes of their levels; combinations that it leaves out count 0.

    Raises:
        RecipeError: with the columns, levels and counts that are wrong.
    """
    table = read_table(path)
    wanted = [*(str(axis.axis) for axis in axes), COUNT]
    missing = [name for name in wanted if name not in table.column_names]
    if missing:
        hint = did_you_mean(missing[0], table.column_names)
        raise RecipeError.of(f"{path.name} has no column {missing[0]!r}", *where, suggestion=hint)
    columns = [table.column(name).cast(pa.string()).to_pylist() for name in wanted]
    found: dict[tuple[int, ...], Fraction] = {}
    problems = []
    for line, (*names, count) in enumerate(zip(*columns, strict=True), start=2):
        unknown = [(axis, name) for axis, name in zip(axes, names, strict=True) if name not in axis.names]
        if unknown:
            axis, name = unknown[0]
            hint = did_you_mean(str(name), axis.names)
            problems.append(Problem(f"{axis.axis} has no level {name!r}", where, path.name, line, suggestion=hint))
            continue
        codes = tuple(axis.names.index(name) for axis, name in zip(axes, names, strict=True))
        try:
            found[codes] = found.get(codes, Fraction(0)) + number(_plain(count))
        except ValueError as error:
            problems.append(Problem(f"{error}, got {count!r}", where, path.name, line))
    if problems:
        raise RecipeError(problems[:20])
    return found


def _plain(text: str | None) -> Any:
    try:
        return float(text or "nothing")
    except ValueError:
        return text
