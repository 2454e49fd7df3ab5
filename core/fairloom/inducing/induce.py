"""The verb: annotated rows in, templates, value tables and a recipe out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.inducing.annotated import Annotated, Shape, annotated
from fairloom.inducing.patterns import Patterns, patterns
from fairloom.inducing.personal import forms_in
from fairloom.inducing.values import Values, by_factor, value_tables
from fairloom.problems import RecipeError
from fairloom.profiling.source import opened
from fairloom.reading.inputs import several

RARE = 3


@attrs.frozen(eq=False)
class Induced:
    """What annotated rows gave.

    ``usable`` marks the annotated rows whose pattern and values were all kept; ``kept`` the patterns in use.
    """

    files: tuple[Mapping[str, Any], ...]
    rows: Annotated
    patterns: Patterns
    values: Mapping[str, Values]
    kept: npt.NDArray[np.bool_]
    usable: npt.NDArray[np.bool_]
    refused: Mapping[str, Ints]

    @property
    def read(self) -> int:
        """Rows in the files."""
        return len(self.rows) + sum(len(numbers) for numbers in self.rows.refused.values())

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that a pattern in use writes, in order of first appearance."""
        if self.rows.label is None or self.patterns.label is None:
            return ()
        written = set(self.patterns.label.filter(pa.array(self.kept)).to_pylist())
        return tuple(label for label in self.rows.label.unique().to_pylist() if label in written)

    @cached_property
    def factors(self) -> Mapping[str, str]:
        """The slot behind each factor that a pattern in use takes."""
        names = set(self.patterns.factor.filter(pa.array(self.kept[self.patterns.of][self.rows.spans.row])).to_pylist())
        return {factor: slot for factor, slot in by_factor(self.patterns).items() if factor in names}

    def template_names(self) -> pa.Array:
        """A name for every pattern: its label and its rank within it, ``PlayMusic-0001``."""
        label = self.patterns.label
        stem = pa.array(["template"] * len(self.kept), pa.string()) if label is None else label
        codes = stem.dictionary_encode().indices.to_numpy(zero_copy_only=False)
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        rank = np.arange(len(codes)) - np.repeat(starts, np.diff(np.append(starts, len(codes)))) + 1
        number = pc.utf8_lpad(pa.array(rank).cast(pa.string()), width=4, padding="0")
        return pc.binary_join_element_wise(stem, number, "-")


def induce(  # noqa: PLR0913 - the options of the command, one each
    paths: Sequence[str | Path],
    *,
    reader: str | None = None,
    settings: Mapping[str, Any] | None = None,
    shape: Shape | None = None,
    rare: int = RARE,
    personal: Iterable[str] = (),
    keep_personal: bool = False,
) -> Induced:
    """Turn annotated real rows into templates and value tables.

    Args:
        paths: Files of one form.
        reader: The reader, ``plugin.component``; by the ending of the name if not given.
        settings: Settings of the reader.
        shape: Which columns hold what.
        rare: Values that look personal and occur less often than this are left out.
        personal: Slots whose values belong to people, besides those that say so by their name.
        keep_personal: Keep what looks personal.

    Raises:
        RecipeError: A file cannot be read, lacks what ``shape`` names, or no row of it can be used.
    """
    sources = [opened(Path(path), reader, settings or {}) for path in several("paths", paths)]
    if not sources:
        raise RecipeError.of("name at least one file of annotated rows")
    rows = annotated((batch for source in sources for batch in source.batches()), shape or Shape())
    found = patterns(rows)
    values, dropped = value_tables(rows, found, rare=rare, personal=personal, keep_personal=keep_personal)
    told = pa.nulls(len(found.literal), pa.string()) if keep_personal else forms_in(found.literal)
    kept = pc.is_null(told).to_numpy(zero_copy_only=False)
    kept &= _fillable(found, rows, values)
    refused = _refused(rows, found, told, kept, dropped)
    usable = np.ones(len(rows), dtype=np.bool_)
    for numbers in refused.values():
        usable[np.searchsorted(rows.number, numbers)] = False
    if not usable.any():
        raise RecipeError.of("no row can be used: " + _counted({**rows.refused, **refused}))
    described = tuple(source.described() for source in sources)
    return Induced(described, rows, found, values, kept, usable, refused)


def _fillable(found: Patterns, rows: Annotated, values: Mapping[str, Values]) -> npt.NDArray[np.bool_]:
    """Which patterns have a value left for each of their slots, under their own label."""
    fillable = np.ones(len(found.counts), dtype=np.bool_)
    of = found.of[rows.spans.row]
    slots = found.base.to_numpy(zero_copy_only=False)
    label = None if found.label is None else found.label.to_numpy(zero_copy_only=False)
    for slot, table in values.items():
        takes = np.unique(of[slots == slot])
        if table.label is None or label is None:
            fillable[takes] &= len(table.value) > 0
        else:
            fillable[takes] &= np.isin(label[takes], table.label.to_numpy(zero_copy_only=False))
    return fillable


def _refused(
    rows: Annotated, found: Patterns, told: pa.Array, kept: npt.NDArray[np.bool_], dropped: npt.NDArray[np.bool_]
) -> dict[str, Ints]:
    """The numbers of the rows that cannot come back, by reason; a row counts once."""
    refused: dict[str, Ints] = {}
    forms = told.to_numpy(zero_copy_only=False)
    rest = np.ones(len(rows), dtype=np.bool_)
    for form in told.drop_null().unique().to_pylist():
        here = (forms == form)[found.of] & rest
        refused[f"its wording holds {form}"] = rows.number[here]
        rest &= ~here
    here = np.isin(np.arange(len(rows)), rows.spans.row[dropped]) & rest
    refused["a rare value that looks personal"] = rows.number[here]
    rest &= ~here
    refused["a slot that has no value left"] = rows.number[~kept[found.of] & rest]
    return {reason: numbers for reason, numbers in refused.items() if len(numbers)}


def _counted(reasons: Mapping[str, Ints]) -> str:
    return ", ".join(f"{reason} ({len(numbers):,})" for reason, numbers in reasons.items())
