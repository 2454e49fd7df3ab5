"""The metric ``minimal_pairs``: do the rows of a family differ in nothing but what was varied?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FAMILY, ID, decoded, spans_of
from fairloom.components import Measurement, Tools
from fairloom.draws import Ints
from fairloom.factors import Axis
from fairloom.families import Whole
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.utf8 import Utf8, covered, strings

Bools = npt.NDArray[np.bool_]
_EXAMPLES = 5
"""Broken families shown per varied factor."""


@attrs.frozen(kw_only=True)
class MinimalPairs:
    """Settings of ``balance.minimal_pairs``."""

    over: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": "the within-factors whose variants are compared; all of them when left out"},
    )
    allow: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "further factors or slots whose spans may differ inside a family"}
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; every field of the task when left out"}
    )


@attrs.define
class MinimalPairsMetric:
    """Compares the texts outside of the allowed spans, family by family.

    Rows that agree in the within-factors not in ``over`` form a group; all rows of a group must read the same.
    """

    fields: tuple[str, ...]
    over: tuple[str, ...]
    held: tuple[str, ...]
    slots: tuple[str, ...]
    whole: Whole
    why: str | None = None
    rows: int = 0
    families: int = 0
    broken: int = 0
    by_factor: dict[str, int] = attrs.field(factory=dict)
    examples: dict[str, list[dict[str, Any]]] = attrs.field(factory=dict)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Compare the families that are complete with these rows."""
        needed = [FAMILY, *self.over, *self.held, *self.fields]
        missing = [name for name in needed if name not in rows.schema.names]
        if missing or not rows.num_rows:
            self.why = f"the data have no column {missing[0]!r}" if missing else self.why
            return
        for some in self.whole.cut(rows):
            self._compare(pa.Table.from_batches([some]))

    def result(self) -> Measurement:
        """The share of families with a difference elsewhere; ``values.broken`` is their number."""
        for some in self.whole.rest():
            self._compare(pa.Table.from_batches([some]))
        if self.why or not self.families:
            return Measurement(value=None, why=self.why or "there is no family")
        return Measurement(
            value=self.broken / self.families,
            n=self.rows,
            values={"families": float(self.families), "broken": float(self.broken)},
            detail={
                "fields": list(self.fields),
                "may_differ": list(self.slots),
                "factors": [
                    {"factor": name, "broken": self.by_factor.get(name, 0), "examples": self.examples.get(name, [])}
                    for name in self.over
                ],
            },
        )

    def _compare(self, table: pa.Table) -> None:
        family = _numbered(table.column(FAMILY).to_numpy())
        said = _paired([_numbers(self._masked(table, field)) for field in self.fields])
        levels = {name: _numbers(decoded(table.column(name).combine_chunks())) for name in (*self.over, *self.held)}
        group = _paired([family, *(levels[name] for name in self.held)])
        off = _differing(group, said)
        self.rows += table.num_rows
        self.families += int(family[-1]) + 1
        self.broken += np.unique(family[off]).size
        if off.any():
            for name in self.over:
                self._blame(name, table, family, said, levels)

    def _blame(self, name: str, table: pa.Table, family: Ints, said: Ints, levels: dict[str, Ints]) -> None:
        """Count and show the families with rows that differ in this factor alone and yet elsewhere in the text."""
        group = _paired([family, *(level for other, level in levels.items() if other != name)])
        off = np.flatnonzero(_differing(group, said))
        broken, first = np.unique(family[off], return_index=True)
        self.by_factor[name] = self.by_factor.get(name, 0) + broken.size
        shown = self.examples.setdefault(name, [])
        for row in off[np.sort(first)][: _EXAMPLES - len(shown)].tolist():
            other = int(np.flatnonzero(group == group[row])[0])
            shown.append(self._example(name, table, other, row))

    def _example(self, name: str, table: pa.Table, one: int, two: int) -> dict[str, Any]:
        pair = table.take([one, two])
        for field in self.fields:
            texts = self._masked(pair, field).to_pylist()
            if texts[0] != texts[1]:
                break
        ids = pair.column(ID).to_pylist() if ID in pair.column_names else [one, two]
        return {
            "family": pair.column(FAMILY)[0].as_py(),
            "rows": ids,
            name: pair.column(name).to_pylist(),
            "field": field,
            "differ": list(_middles(texts[0] or "", texts[1] or "")),
        }

    def _masked(self, table: pa.Table, field: str) -> pa.Array:
        """The texts without the allowed spans; null where there is no text."""
        column = table.column(field).combine_chunks()
        spans = spans_of(field)
        if spans not in table.column_names:
            return decoded(column).cast(pa.large_string())
        without = masked(column, table.column(spans).combine_chunks(), self.slots)
        return pc.if_else(pc.is_valid(column), without, pa.scalar(None, pa.large_string()))


def masked(column: pa.Array, spans: pa.Array, slots: tuple[str, ...]) -> pa.Array:
    """The texts without the spans whose slot is one of ``slots`` or an attribute of one. Nulls become empty."""
    text = Utf8.of(column)
    kept = ~covered(text, spans, slots)
    offsets = np.concatenate(([0], np.cumsum(kept)))[text.offsets]
    return strings(text.data[kept], offsets)


def build(config: MinimalPairs, tools: Tools) -> MinimalPairsMetric:
    """The metric.

    Raises:
        RecipeError: where nothing varies inside families, or a factor, slot or field does not exist.
    """
    within = tuple(name for name, factor in tools.factors.items() if factor.within)
    if not within:
        way = "name the factors that vary inside a family: [design] within = [...]"
        raise RecipeError.of("no factor varies inside families, so there are no pairs to compare", suggestion=way)
    problems = [*_not_within(config.over, within), *_no_slots(config.allow, tools)]
    problems += _wrong(partial(tools.task.field_of, config.field))
    if problems:
        raise RecipeError(problems)
    over = config.over or within
    held = tuple(name for name in within if name not in over)
    fields = (config.field,) if config.field else tools.task.fields
    columns = (FAMILY, *over, *held, *fields, *map(spans_of, fields), ID)
    return MinimalPairsMetric(fields, over, held, (*over, *config.allow), Whole(columns))


def _not_within(over: tuple[str, ...], within: tuple[str, ...]) -> Iterator[Problem]:
    for place, name in enumerate(over):
        if name not in within:
            hint = did_you_mean(name, within)
            yield Problem(f"{name!r} does not vary inside families", ("over", place), suggestion=hint)


def _no_slots(allow: tuple[str, ...], tools: Tools) -> Iterator[Problem]:
    for place, text in enumerate(allow):
        axis = Axis.parse(text)
        if axis.factor not in tools.factors:
            hint = did_you_mean(axis.factor, tools.factors)
            yield Problem(f"there is no factor {axis.factor!r}", ("allow", place), suggestion=hint)
        yield from _wrong(partial(axis.check, tools.factors, "allow", place))


def _wrong(look: Callable[[], object]) -> Iterator[Problem]:
    """The problems of one setting, to be said with those of the others."""
    try:
        look()
    except RecipeError as error:
        yield from error.problems


def _numbered(family: Ints) -> Ints:
    """Runs of equal numbers, counted from 0."""
    return np.concatenate(([0], np.cumsum(np.diff(family) != 0))).astype(np.int64)


def _numbers(column: pa.Array) -> Ints:
    """A number per distinct value, nulls among them."""
    coded = column.dictionary_encode(null_encoding="encode")
    numbers: Ints = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return numbers


def _paired(columns: list[Ints]) -> Ints:
    """A number per distinct combination of the columns."""
    found = columns[0]
    for column in columns[1:]:
        _, found = np.unique(found * (int(column.max()) + 1) + column, return_inverse=True)
    return np.asarray(found, dtype=np.int64)


def _differing(group: Ints, said: Ints) -> Bools:
    """Rows that say something else than the first row of their group."""
    _, first, where = np.unique(group, return_index=True, return_inverse=True)
    return np.asarray(said != said[first[where]], dtype=np.bool_)


def _middles(one: str, two: str) -> Iterator[str]:
    """What is left of two texts without what they begin and end with in common."""
    head = _alike(one, two)
    tail = _alike(one[head:][::-1], two[head:][::-1])
    for text in (one, two):
        yield text[head : len(text) - tail]


def _alike(one: str, two: str) -> int:
    """How many characters two texts begin with in common."""
    pairs = enumerate(zip(one, two, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(two)))
