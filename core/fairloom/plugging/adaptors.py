"""From a function over one row to an object over batches: what the decorators build.

This is the one place where Python touches single rows. The cost is stated with each adaptor, measured
on one core of an ordinary machine; a component that must be faster takes whole columns.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, REASON
from fairloom.components import Measurement, Tools
from fairloom.draws import Draws, Ints
from fairloom.plugging.columns import Columns, Row
from fairloom.plugging.signature import Signature
from fairloom.predictors import Prediction
from fairloom.problems import PluginError
from fairloom.tables import table_of

ROW, DRAW = "row", "draw"
"""Parameters that are no columns: a mapping of the whole row, and the draws of its address."""

ARROW: Mapping[type, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    str: pa.string(),
    dt.date: pa.date32(),
    dt.datetime: pa.timestamp("us"),
}
"""What a value sampler may return, and the column type it makes."""


@attrs.frozen
class Build:
    """``build`` of a decorated component. ``function`` is what was decorated, to be called in tests."""

    function: Callable[..., Any]
    signature: Signature = attrs.field(repr=False)
    adaptor: Callable[[Signature, dict[str, Any], Tools], Any] = attrs.field(repr=False)

    def __call__(self, config: Any, tools: Tools) -> Any:
        """The working object for these settings."""
        return self.adaptor(self.signature, self.signature.settings(config), tools)


def column_name(parameter: str) -> str:
    """The column a parameter reads: ``person__gender`` stands for ``person.gender``."""
    return parameter.replace("__", ".")


@attrs.frozen
class RowFilter:
    """Calls a function for every row. About 0.5 microseconds a row beside the function's own time."""

    signature: Signature
    settings: dict[str, Any]
    tools: Tools

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """One reason or null per row."""
        calls = _calls(self.signature, self.settings, rows, self.tools)
        return pa.array([self._verdict(answer) for answer in calls], pa.string())

    def _verdict(self, answer: object) -> str | None:
        if answer is None or (isinstance(answer, str) and answer.strip()):
            return answer
        msg = f"{self.signature.title} answered {answer!r}; it must return None to keep the row, or the reason"
        raise PluginError(msg)


@attrs.frozen
class ColumnFilter:
    """Hands whole columns to a function that returns an array of reasons. No cost per row."""

    signature: Signature
    settings: dict[str, Any]
    tools: Tools

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """One reason or null per row."""
        columns = Columns(rows, self.tools.factors, self.signature.title)
        inputs = [columns.array(column_name(name)) for name in self.signature.inputs]
        answer = _guarded(self.signature, None, lambda: self.signature.function(*inputs, **self.settings))
        if not isinstance(answer, pa.Array) or len(answer) != len(columns) or not _texts(answer):
            shape = f"{answer.type} array of {len(answer)}" if isinstance(answer, pa.Array) else repr(answer)
            msg = (
                f"{self.signature.title} answered {shape} for {len(columns)} rows; "
                "it must return one string per row, null to keep it"
            )
            raise PluginError(msg)
        return answer.cast(pa.string())


@attrs.frozen
class RowGenerator:
    """Calls a function for every brief. About 2 microseconds a row beside the function's own time.

    Each word of ``draw`` costs about 12 microseconds more.
    """

    signature: Signature
    settings: dict[str, Any]
    tools: Tools

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The fields of the task that the function writes, one string per row, or the reason why it could not."""
        written = [self._fields(answer) for answer in _calls(self.signature, self.settings, rows, self.tools)]
        refused = [list(each) == [REASON] for each in written]
        names = next((list(each) for each, bad in zip(written, refused, strict=True) if not bad), self._first)
        for number, (each, bad) in enumerate(zip(written, refused, strict=True)):
            if not bad and list(each) != names:
                msg = f"{self.signature.title} wrote {', '.join(each)} for row {number} after {', '.join(names)}"
                raise PluginError(msg)
        names = [*names, REASON] if any(refused) else names
        arrays = [pa.array([each.get(name) for each in written], pa.string()) for name in names]
        return pa.RecordBatch.from_arrays(arrays, names=names)

    @property
    def _first(self) -> list[str]:
        return list(self.tools.task.fields[:1])

    def _fields(self, answer: object) -> dict[str, str]:
        fields = self.tools.task.fields
        named = {fields[0]: answer} if isinstance(answer, str) else answer
        if isinstance(named, dict) and named and all(isinstance(text, str) for text in named.values()):
            if list(named) == [REASON] and named[REASON].strip():
                return named
            if named.keys() <= set(fields):
                return {name: named[name] for name in fields if name in named}
            unknown = ", ".join(str(name) for name in named if name not in fields)
            msg = f"{self.signature.title} wrote {unknown}; the task's fields are {', '.join(fields)}"
            raise PluginError(msg)
        msg = (
            f"{self.signature.title} answered {answer!r}; it must return a text, a dict of texts by field, "
            'or {"reason": "why it could not"}'
        )
        raise PluginError(msg)


@attrs.define
class ColumnMetric:
    """Keeps the columns a function reads and calls it once. Memory grows with those columns.

    As lists they cost about 0.1 microseconds and 60 bytes a value; annotate the parameter as
    ``pa.ChunkedArray`` to get the column as it is.
    """

    signature: Signature
    settings: dict[str, Any]
    tools: Tools
    _chunks: dict[str, list[pa.Array]] = attrs.field(factory=dict, init=False)
    _rows: int = attrs.field(default=0, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Keep the next rows' columns."""
        columns = Columns(rows, self.tools.factors, self.signature.title)
        for name in self.signature.inputs:
            self._chunks.setdefault(name, []).append(columns.array(column_name(name)))
        self._rows += rows.num_rows

    def result(self) -> Measurement:
        """The function's answer over everything observed."""
        if not self._rows:
            return Measurement(value=None, why="there are no rows")
        inputs = [self._input(name, kind) for name, kind in self.signature.inputs.items()]
        answer = _guarded(self.signature, None, lambda: self.signature.function(*inputs, **self.settings))
        if isinstance(answer, Measurement):
            return answer if answer.n else attrs.evolve(answer, n=self._rows)
        if isinstance(answer, bool) or not isinstance(answer, (int, float)):
            msg = f"{self.signature.title} answered {answer!r}; it must return a number or a Measurement"
            raise PluginError(msg)
        if not math.isfinite(answer):
            return Measurement(value=None, n=self._rows, why=f"{self.signature.title} answered {answer}")
        return Measurement(value=float(answer), n=self._rows)

    def _input(self, name: str, kind: object) -> Any:
        whole = pa.chunked_array(self._chunks[name])
        if kind is pa.ChunkedArray:
            return whole
        return whole.combine_chunks() if kind is pa.Array else whole.to_pylist()


@attrs.frozen
class RowSampler:
    """Calls a function for every address. Each word of ``draw`` costs about 12 microseconds."""

    signature: Signature
    settings: dict[str, Any]
    tools: Tools
    type: pa.DataType

    def draw(self, draws: Draws, addresses: Ints, attempts: Ints) -> pa.Array:
        """One value per address."""
        pairs = zip(addresses.tolist(), attempts.tolist(), strict=True)
        return pa.array([self._value(draws, address, attempt) for address, attempt in pairs], self.type)

    def _value(self, draws: Draws, address: int, attempt: int) -> Any:
        draw = draws.at(address, attempt)
        value = _guarded(self.signature, address, lambda: self.signature.function(draw, **self.settings))
        if value is not None and ARROW.get(type(value)) == self.type:
            return value
        if type(value) is int and self.type == ARROW[float]:  # as in the type system, an int is a float
            return float(value)
        msg = f"{self.signature.title} answered {value!r}, a {type(value).__name__}, but says it returns {self.type}"
        raise PluginError(msg)


@attrs.frozen
class ListPredictor:
    """Calls a function with the texts of a batch as a list. A predictor answers for the file it stands in."""

    signature: Signature
    settings: dict[str, Any]
    tools: Tools

    @property
    def identity(self) -> Mapping[str, Any]:
        """Its settings; the digest of the file or the version of the plugin is in the identity of the run."""
        return {"function": self.signature.title, **{name: repr(value) for name, value in self.settings.items()}}

    def predict(self, texts: pa.Array) -> Prediction:
        """The function's answer as a table of probabilities."""
        answer = _guarded(self.signature, None, lambda: self.signature.function(texts.to_pylist(), **self.settings))
        if isinstance(answer, Prediction):
            return answer
        if not isinstance(answer, list) or not answer or not all(isinstance(each, Mapping) for each in answer):
            msg = f"{self.signature.title} must return one mapping of label to probability per text, or a Prediction"
            raise PluginError(msg)
        labels = tuple(answer[0])
        odd = next((each for each in answer if each.keys() != answer[0].keys()), None)
        if odd is not None:
            msg = f"{self.signature.title} answered for {', '.join(map(str, odd))} after {', '.join(map(str, labels))}"
            raise PluginError(msg)
        table = np.array([[each[label] for label in labels] for each in answer], dtype=np.float64)
        return Prediction(tuple(map(str, labels)), table)


@attrs.frozen
class Tabulated:
    """Calls a function once for the levels of a factor."""

    signature: Signature
    settings: dict[str, Any]
    tools: Tools

    def table(self) -> pa.Table:
        """The levels, one row each."""
        answer = _guarded(self.signature, None, lambda: self.signature.function(**self.settings))
        return answer if isinstance(answer, pa.Table) else table_of(answer, self.signature.title)


def _calls(signature: Signature, settings: dict[str, Any], rows: pa.RecordBatch, tools: Tools) -> Iterator[Any]:
    """The function's answer for each row, in order."""
    columns = Columns(rows, tools.factors, signature.title)
    inputs = [_input(name, columns, tools.draws) for name in signature.inputs]
    done = 0
    try:
        for values in zip(*inputs, strict=True):
            yield signature.function(*values, **settings)
            done += 1
    except PluginError:
        raise
    except Exception as error:
        raise _failed(signature, columns.values(ADDRESS)[done], error) from error


def _input(name: str, columns: Columns, draws: Draws) -> Iterator[Any]:
    if name == ROW:
        return (Row(columns, index) for index in range(len(columns)))
    if name == DRAW:
        where = zip(columns.values(ADDRESS), columns.values(ATTEMPT), strict=True)
        return (draws.at(address, attempt) for address, attempt in where)
    return iter(columns.values(column_name(name)))


def _guarded(signature: Signature, address: int | None, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except PluginError:
        raise
    except Exception as error:
        raise _failed(signature, address, error) from error


def _failed(signature: Signature, address: int | None, error: Exception) -> PluginError:
    place = "" if address is None else f" at address {address}"
    return PluginError(f"{signature.title} failed{place}: {type(error).__name__}: {error}")


def _texts(array: pa.Array) -> bool:
    return bool(pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or pa.types.is_null(array.type))
