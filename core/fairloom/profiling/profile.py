"""The verb: a file in, counts out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Ints
from fairloom.problems import Problem, RecipeError
from fairloom.profiling.choice import Choice, Request, choose, groups
from fairloom.profiling.cleanliness import Cleanliness
from fairloom.profiling.columns import texts
from fairloom.profiling.levels import Binned, Levels, Named
from fairloom.profiling.measures import COUNTED, Measures, described, histogram, measure, unfolded
from fairloom.profiling.source import Source, opened
from fairloom.profiling.survey import Survey, survey
from fairloom.profiling.tables import MOST_CELLS, Tables, axis_facts, cells, pair_facts, table_facts
from fairloom.profiling.vocabulary import Vocabulary
from fairloom.reading.inputs import several
from fairloom.weaving.store import atomic, pretty

FORMAT, VERSION = "fairloom-profile", 1
LENGTH_BINS = 10


@attrs.frozen
class Profile:
    """Counts of real data as plain ``data``; see docs/reference/profiles.md for its keys."""

    data: dict[str, Any] = attrs.field(repr=False)

    def write(self, path: str | Path, *, force: bool = False) -> Path:
        """Write the profile as JSON.

        Raises:
            RecipeError: There is such a file, and ``force`` is not given.
        """
        target = Path(path)
        if target.exists() and not force:
            raise RecipeError.of(f"{target} is there already", suggestion="write elsewhere with -o, or add --force")
        with atomic(target) as file:
            file.write(pretty(self.data).encode())
        return target

    @classmethod
    def read(cls, path: str | Path) -> Profile:
        """The profile in a file.

        Raises:
            RecipeError: The file is no profile of this version.
        """
        place = Path(path)
        try:
            data = json.loads(place.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RecipeError([Problem(f"cannot be read as a profile: {error}", file=str(place))]) from error
        if not isinstance(data, dict) or (data.get("format"), data.get("version")) != (FORMAT, VERSION):
            raise RecipeError([Problem(f"is no profile of version {VERSION}", file=str(place))])
        return cls(data)


def profile(  # noqa: PLR0913 - the options of the command, each with a name and a default
    path: str | Path,
    *,
    axes: Mapping[str, str] | Sequence[str] | None = None,
    text: str | None = None,
    label: str | None = None,
    bins: Mapping[str, int] | None = None,
    tables: int = 2,
    joint: Sequence[Sequence[str]] = (),
    min_count: int = 5,
    reader: str | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Profile:
    """Count a file of real rows. No row is kept, and no value that stands in fewer than ``min_count`` rows.

    Args:
        path: a file with a reader: ``.csv``, ``.jsonl``, ``.parquet``, or what ``reader`` reads.
        axes: the columns to count the levels of, or new names and columns; guessed where left out.
        text: the column with the texts; guessed where left out.
        label: the column with the labels, by which lengths are told apart.
        bins: columns of numbers to cut at quantiles, and into how many bins.
        tables: count every group of up to so many axes together, in tables of up to 20,000 cells.
        joint: further groups of axes to count together, of any size.
        min_count: values and tokens in fewer rows than this are counted without their names.
        reader: the reader, as ``plugin.component``, where the ending of the name does not say it.
        settings: settings of the reader.

    Raises:
        RecipeError: The file cannot be read, or does not have what was asked for.
    """
    wanted = axes if axes is None or isinstance(axes, Mapping) else {name: name for name in several("axes", axes)}
    request = Request(
        axes=wanted,
        text=text,
        label=label,
        bins=bins or {},
        tables=tables,
        joint=tuple(map(tuple, joint)),
        min_count=min_count,
    )
    return profiled(opened(Path(path), reader, settings or {}), request)


def profiled(source: Source, request: Request) -> Profile:
    """The profile of rows from anywhere."""
    if request.min_count < 1 or request.tables < 1:
        raise RecipeError.of("min_count and tables are whole numbers from 1")
    found = survey(source.batches(), source.name)
    choice = choose(found, request)
    measures = measure(source.batches(), choice, request.bins)
    levels = _levels(found, choice, measures, request)
    counting = _counting(choice, levels, request)
    for rows in source.batches():
        counting.take(rows)
    return Profile(_document(source, found, counting, request))


def _levels(found: Survey, choice: Choice, measures: Measures, request: Request) -> dict[str, Levels]:
    levels: dict[str, Levels] = {}
    for axis, name in choice.axes.items():
        column = found.columns[name]
        if name in request.bins:
            missing = bool(column.null + column.blank)
            levels[axis] = Binned.of(measures.numbers[name], request.bins[name], request.min_count, missing=missing)
        else:
            levels[axis] = Named.of(column, request.min_count)
    if choice.length_axis and choice.text:
        column = found.columns[choice.text]
        lengths = unfolded(measures.lengths["words"])
        missing = bool(column.null + column.blank)
        levels[choice.length_axis] = Binned.of(lengths, LENGTH_BINS, request.min_count, missing=missing)
    return levels


@attrs.define(eq=False)
class _Counting:
    """The third pass."""

    choice: Choice
    levels: Mapping[str, Levels]
    tables: Tables
    too_large: list[tuple[str, ...]]
    vocabulary: Vocabulary = attrs.field(factory=Vocabulary)
    cleanliness: Cleanliness = attrs.field(factory=Cleanliness)
    lengths: dict[str, dict[int, dict[int, int]]] = attrs.field(factory=lambda: {unit: {} for unit in COUNTED})

    def take(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        codes = {axis: self.levels[axis].codes(rows.column(name)) for axis, name in self.choice.axes.items()}
        if self.choice.text:
            self._written(texts(rows.column(self.choice.text)), codes)
        self.tables.take(codes)

    def _written(self, written: pa.Array, codes: dict[str, Ints]) -> None:
        there = written.is_valid().to_numpy(zero_copy_only=False)
        counted = {unit: count(written) for unit, count in COUNTED.items()}
        axis = self.choice.length_axis
        if axis is not None:
            binned = self.levels[axis]
            if isinstance(binned, Binned):
                codes[axis] = binned.place(np.where(there, counted["words"], np.nan))
        self.cleanliness.take(written)
        self.vocabulary.take(written.drop_null())
        label = codes[self.choice.label] if self.choice.label else np.zeros(len(written), dtype=np.int64)
        for unit, lengths in counted.items():
            for level in np.unique(label[there]).tolist():
                ours = self.lengths[unit].setdefault(level, {})
                for length, times in histogram(lengths[there & (label == level)]).items():
                    ours[length] = ours.get(length, 0) + times

    def lengths_of(self, unit: str) -> dict[str, Any]:
        """The lengths of all texts, and of those of each label."""
        levels = self.lengths[unit]
        every: dict[int, int] = {}
        for counts in levels.values():
            for length, times in counts.items():
                every[length] = every.get(length, 0) + times
        found = described(every)
        if self.choice.label:
            names = self.levels[self.choice.label].names
            kept = ("n", "mean", "sd", "percentiles")
            entries = {names[level]: described(counts) for level, counts in sorted(levels.items())}
            found["by_label"] = {name: {key: entry[key] for key in kept} for name, entry in entries.items()}
        return found


def _counting(choice: Choice, levels: Mapping[str, Levels], request: Request) -> _Counting:
    sizes = {axis: len(found.names) for axis, found in levels.items()}
    asked = {frozenset(group) for group in request.joint}
    every = groups(choice, request)
    fit = [group for group in every if cells(sizes, group) <= MOST_CELLS or frozenset(group) in asked]
    return _Counting(choice, levels, Tables.over(sizes, fit), [group for group in every if group not in fit])


def _document(source: Source, found: Survey, counting: _Counting, request: Request) -> dict[str, Any]:
    counts = counting.tables.counts
    joint = {group: table for group, table in counts.items() if len(group) > 1}
    data = {
        "format": FORMAT,
        "version": VERSION,
        "fairloom": version("fairloom"),
        "source": source.described(),
        "rows": found.rows,
        "min_count": request.min_count,
        "label": counting.choice.label,
        "text": counting.choice.text,
        "columns": [_column(name, found, counting.choice) for name in found.columns],
        "axes": {axis: _axis(axis, counting, counts[axis,]) for axis in counting.levels},
        "tables": [
            {"axes": list(group), "counts": table.tolist(), **table_facts(table, request.min_count)}
            for group, table in joint.items()
        ],
        "left_out": [list(group) for group in counting.too_large],
        "certificate": {
            "n": found.rows,
            "axes": [axis_facts(axis, counts[axis,]) for axis in counting.levels],
            "pairs": [pair_facts(group, table) for group, table in joint.items() if len(group) == 2],
        },
    }
    if counting.choice.text:
        data["lengths"] = {unit: counting.lengths_of(unit) for unit in COUNTED}
        data["vocabulary"] = counting.vocabulary.described(request.min_count)
        data["cleanliness"] = counting.cleanliness.described()
    return data


def _axis(axis: str, counting: _Counting, counts: Ints) -> dict[str, Any]:
    levels = counting.levels[axis]
    column = {"column": counting.choice.axes[axis]} if axis in counting.choice.axes else {}
    return {**column, "levels": list(levels.names), "counts": counts.tolist(), **levels.facts()}


def _column(name: str, found: Survey, choice: Choice) -> dict[str, Any]:
    column = found.columns[name]
    facts = {"name": name, "type": column.kind, "null": column.null, "blank": column.blank}
    distinct = len(column.levels) if column.levels is not None else None
    return {**facts, "distinct": distinct, "left_out": choice.left_out.get(name)}
