"""The generator ``options``: the texts of options in their designed order, and the place of the right one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import ANSWER, OPTIONS, REASON, decoded
from fairloom.components import Tools
from fairloom.draws import Ints
from fairloom.factors import Axis, Factor
from fairloom.problems import Problem, RecipeError, RunError, did_you_mean

Bools = npt.NDArray[np.bool_]


@attrs.frozen(kw_only=True)
class OptionsSettings:
    """Keys of a step with ``generate = "choice.options"``."""

    order: str = attrs.field(
        default="order", metadata={"help": "the factor whose levels are orders: one with permute = [...]"}
    )
    options: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": "the options, each a column of texts that is written before; those of the order if left out"},
    )
    correct: str = attrs.field(
        default="label", metadata={"help": "the column, factor or attribute that names the right option of a row"}
    )
    separate: bool = attrs.field(
        default=False, metadata={"help": "also write each place into a column of its own: option_0, option_1"}
    )


@attrs.frozen(eq=False)
class Correct:
    """Where the right option of a row is read: a column and, for an attribute, its value per level of the factor."""

    column: str
    names: tuple[str, ...] = ()
    values: tuple[str, ...] = ()

    def of(self, rows: pa.RecordBatch) -> pa.Array:
        """The name of the right option per row."""
        found = decoded(_column(rows, self.column, "correct")).cast(pa.string())
        if not self.names:
            return found
        return pa.array(self.values, pa.string()).take(pc.index_in(found, value_set=pa.array(self.names, pa.string())))


@attrs.frozen(eq=False)
class OptionsWriter:
    """Writes ``options`` and ``answer``.

    ``places`` has a line per order and the place of each option in it; the last line is for rows without an order.
    """

    order: str
    orders: tuple[str, ...]
    options: tuple[str, ...]
    places: Ints
    correct: Correct
    separate: bool
    reads: frozenset[str]

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The options of each row in its order, the place of the right one, and why a row cannot stand."""
        texts = [decoded(_column(rows, option, "options")).cast(pa.string()) for option in self.options]
        order = pc.index_in(decoded(rows.column(self.order)), value_set=pa.array(self.orders, pa.string()))
        place = self.places[order.fill_null(-1).to_numpy(zero_copy_only=False)]
        names = self.correct.of(rows)
        right = pc.index_in(names, value_set=pa.array(self.options, pa.string()))
        reasons = self._reasons(texts, order, names, right)
        number, size = np.arange(rows.num_rows), len(self.options)
        answer = place[number, right.fill_null(0).to_numpy(zero_copy_only=False)]
        # Option ``o`` of row ``r`` is entry ``o * rows + r`` of all texts one after the other.
        at = np.empty_like(place)
        np.put_along_axis(at, place, np.arange(size)[None, :] * rows.num_rows + number[:, None], axis=1)
        ordered = pa.concat_arrays(texts).take(pa.array(at.reshape(-1)))
        offsets = pa.array(np.arange(0, at.size + 1, size, dtype=np.int32))
        columns: dict[str, pa.Array] = {
            OPTIONS: pa.ListArray.from_arrays(offsets, ordered),
            ANSWER: pa.array(answer.astype(np.int32)),
        }
        for turn in range(size if self.separate else 0):
            columns[separated(turn)] = ordered.take(pa.array(np.arange(turn, at.size, size)))
        columns[REASON] = reasons
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def _reasons(self, texts: list[pa.Array], order: pa.Array, names: pa.Array, right: pa.Array) -> pa.Array:
        reasons = pa.nulls(len(names), pa.string())
        for reason, faulty in self._faults(texts, order, right):
            given = pc.and_(pc.is_null(reasons), pc.fill_null(faulty, fill_value=False))
            reasons = pc.if_else(given, pa.scalar(reason), reasons)
        return reasons

    def _faults(self, texts: list[pa.Array], order: pa.Array, right: pa.Array) -> Iterator[tuple[str, pa.Array]]:
        yield "no order of options", pc.is_null(order)
        yield f"no option is right: {self.correct.column} names none", pc.is_null(right)
        for option, text in zip(self.options, texts, strict=True):
            yield f"option {option} has no text", pc.or_kleene(pc.is_null(text), pc.equal(text, ""))
        for one, two in itertools.combinations(range(len(texts)), 2):
            yield f"options {self.options[one]} and {self.options[two]} read the same", pc.equal(texts[one], texts[two])


def separated(place: int) -> str:
    """The column of one place."""
    return f"option_{place}"


def build(config: OptionsSettings, tools: Tools) -> OptionsWriter:
    """The generator.

    Raises:
        RecipeError: for an order that is none, a right option that no option can be, or a column that is taken.
    """
    factor = _order(config, tools.factors)
    options = config.options or tuple(name for name in factor.attributes[1:])
    problems = [*_taken(config, len(options), tools), *_unknown(options, factor)]
    if problems:
        raise RecipeError(problems)
    places = _places(options, factor)
    correct = _correct(config.correct, options, tools)
    reads = {config.order, correct.column, *options} & tools.factors.keys()
    filled = np.vstack([places, np.arange(len(options))])
    return OptionsWriter(config.order, factor.names, options, filled, correct, config.separate, frozenset(reads))


def _order(config: OptionsSettings, factors: Mapping[str, Factor]) -> Factor:
    factor = factors.get(config.order)
    if factor is None:
        way = did_you_mean(config.order, factors) or f"declare it: [factors.{config.order}] permute = [...]"
        raise RecipeError.of(f"there is no factor {config.order!r} with the order of options", "order", suggestion=way)
    if not factor.size:
        raise RecipeError.of(f"factor {config.order!r} draws its values, so it has no orders", "order")
    return factor


def _unknown(options: tuple[str, ...], factor: Factor) -> Iterator[Problem]:
    for index, option in enumerate(options):
        if option not in factor.attributes:
            message = f"factor {factor.name!r} gives {option!r} no place"
            yield Problem(message, ("options", index), suggestion=did_you_mean(option, factor.attributes))
    if len(options) < 2:
        yield Problem(f"a choice takes two or more options, got {len(options)}", ("options",))


def _taken(config: OptionsSettings, size: int, tools: Tools) -> Iterator[Problem]:
    wanted = [OPTIONS, ANSWER, *(separated(place) for place in range(size) if config.separate)]
    for name in wanted:
        if name in tools.factors or name in tools.task.fields:
            what = "a factor" if name in tools.factors else "a field of the task"
            yield Problem(
                f"the column {name!r} is to be written here, and is {what} too", suggestion="rename the latter"
            )


def _places(options: tuple[str, ...], factor: Factor) -> Ints:
    """The place of each option in each order: whole numbers, every place from 0 once."""
    columns = [factor.column(option) for option in options]
    whole = all(pa.types.is_integer(column.type) and not column.null_count for column in columns)
    if whole:
        places = np.stack([column.to_numpy(zero_copy_only=False) for column in columns], axis=1).astype(np.int64)
        if (np.sort(places, axis=1) == np.arange(len(options))).all():
            return places
    message = (
        f"the columns {', '.join(options)} of factor {factor.name!r} do not hold every place from 0 once per level"
    )
    raise RecipeError.of(message, "order", suggestion="a factor with permute = [...] does")


def _correct(text: str, options: tuple[str, ...], tools: Tools) -> Correct:
    axis = Axis.parse(text)
    factor = tools.factors.get(axis.factor)
    if factor is None or not factor.size:
        return Correct(text)
    codes, names = axis.check(tools.factors, "correct").codes(tools.factors)
    strange = [name for name in names if name not in options]
    if strange:
        way = f"the options are {', '.join(options)}"
        raise RecipeError.of(f"{text} may be {strange[0]!r}, which is no option", "correct", suggestion=way)
    if axis.attribute is None:
        return Correct(text)
    return Correct(axis.factor, factor.names, tuple(names[code] for code in codes))


def _column(rows: pa.RecordBatch, name: str, key: str) -> pa.Array:
    if name not in rows.schema.names:
        hint = did_you_mean(name, rows.schema.names)
        way = hint or "write it in a step before, say with columns = { ... } of the template step"
        raise RunError(f"{key} names the column {name!r}, which no step before has written; {way}")
    return rows.column(name)
