"""Components in ten lines: a function with typed keyword arguments becomes a descriptor.

    @fairloom.filter
    def shouting(text: str, *, share: float = 0.5) -> str | None:
        \"\"\"Reject texts written in capitals.\"\"\"
        letters = [letter for letter in text if letter.isalpha()]
        loud = sum(letter.isupper() for letter in letters)
        return "shouting" if letters and loud / len(letters) > share else None

Positional parameters are the columns read (``person__gender`` reads ``person.gender``), ``row`` is a mapping
of all of them, ``draw`` the draws of the row's address. Keyword-only parameters are the settings; the
docstring's first line is the summary. The name now stands for the descriptor, so a hook returns
``[shouting]`` and a recipe may name ``"./my_filters.py:shouting"``; the plain function is
``shouting.build.function``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, overload

import pyarrow as pa

from fairloom.components import Component, Filter, Generator, Measurement, Metric, Predictor, Sampler, ValueTable
from fairloom.draws import Draw
from fairloom.plugging.adaptors import (
    ARROW,
    DRAW,
    ROW,
    Build,
    ColumnFilter,
    ColumnMetric,
    ListPredictor,
    RowFilter,
    RowGenerator,
    RowSampler,
    Tabulated,
)
from fairloom.plugging.signature import Signature, read, returned
from fairloom.problems import PluginError

Judge = Callable[..., str | None]
Write = Callable[..., str | dict[str, str]]
Measure = Callable[..., float | Measurement]
Predict = Callable[..., Any]
Value = Any


@overload
def filter(function: Judge, /) -> Filter: ...  # noqa: A001 - the word users know
@overload
def filter(*, name: str) -> Callable[[Judge], Filter]: ...  # noqa: A001
def filter(function: Judge | None = None, /, *, name: str | None = None) -> Any:  # noqa: A001 - the word users know
    """Make a filter of a function called per row with the columns it names.

    It returns ``None`` to keep the row, or the reason to reject it. Annotate every parameter as
    ``pa.Array`` and the function gets whole columns and returns an array of reasons.
    """
    return _decorated(_filter, function, name)


@overload
def generator(function: Write, /) -> Generator: ...
@overload
def generator(*, name: str) -> Callable[[Write], Generator]: ...
def generator(function: Write | None = None, /, *, name: str | None = None) -> Any:
    """Make a generator of a function called per brief.

    It returns the task's first field, or a dict of several fields; where it cannot write,
    ``{"reason": "why"}``: the row is made again with the next attempt. ``row["person.given"]`` reads any
    attribute of the row's levels, shown in the data or not.
    """
    return _decorated(_generator, function, name)


@overload
def metric(function: Measure, /) -> Metric: ...
@overload
def metric(*, name: str) -> Callable[[Measure], Metric]: ...
def metric(function: Measure | None = None, /, *, name: str | None = None) -> Any:
    """Make a metric of a function called once with the whole columns it names.

    Columns come as lists, or as they are where the parameter is annotated as ``pa.ChunkedArray``. It
    returns a number or a ``Measurement``; a number that is not finite counts as not computed.
    """
    return _decorated(_metric, function, name)


@overload
def sampler(function: Callable[..., Value], /) -> Sampler: ...
@overload
def sampler(*, name: str) -> Callable[[Callable[..., Value]], Sampler]: ...
def sampler(function: Callable[..., Value] | None = None, /, *, name: str | None = None) -> Any:
    """Make a value sampler of a function of ``draw``, called per address.

    The return annotation (``int``, ``float``, ``str``, ``bool``, ``date`` or ``datetime``) is the type of the column.
    """
    return _decorated(_sampler, function, name)


@overload
def predictor(function: Predict, /) -> Predictor: ...
@overload
def predictor(*, name: str) -> Callable[[Predict], Predictor]: ...
def predictor(function: Predict | None = None, /, *, name: str | None = None) -> Any:
    """Make a predictor of a function called with a list of texts.

    It returns one mapping of label to probability per text, all with the same labels, or a ``Prediction``. Its
    answer to a text must not depend on the other texts: they come in batches, each text once.
    """
    return _decorated(_predictor, function, name)


def value_table(
    *, name: str | None = None, groups: tuple[str, ...] = (), source: str = "", licence: str = "", version: str = ""
) -> Callable[[Callable[..., Any]], ValueTable]:
    """Make a value table of a function of settings alone, called once.

    It returns one dictionary per level, or a ``pa.Table``. The arguments are those of ``ValueTable``.
    """

    def make(function: Callable[..., Any]) -> ValueTable:
        named = name or function.__name__
        signature = read(function, ValueTable.kind, named)
        if signature.inputs:
            raise PluginError(f"{signature.title} takes {next(iter(signature.inputs))!r}; it may take settings alone")
        parts = _parts(named, signature, Tabulated)
        return ValueTable(**parts, groups=groups, source=source, licence=licence, version=version)

    return make


def _decorated(
    make: Callable[[str, Callable[..., Any]], Component], function: Callable[..., Any] | None, name: str | None
) -> Any:
    if function is None:
        return lambda late: make(name or late.__name__, late)
    return make(name or function.__name__, function)


def _filter(name: str, function: Judge) -> Filter:
    signature = _read(function, Filter, name)
    columnar = [kind is pa.Array for kind in signature.inputs.values()]
    if any(columnar) and not all(columnar):
        raise PluginError(f"{signature.title} mixes whole columns (pa.Array) with single values; use one of them")
    adaptor = ColumnFilter if all(columnar) else RowFilter
    return Filter(**_parts(name, signature, adaptor))


def _generator(name: str, function: Write) -> Generator:
    signature = _read(function, Generator, name)
    return Generator(**_parts(name, signature, RowGenerator))


def _metric(name: str, function: Measure) -> Metric:
    signature = _read(function, Metric, name)
    for special in (ROW, DRAW):
        if special in signature.inputs:
            raise PluginError(f"{signature.title} takes {special!r}; a metric reads whole columns")
    return Metric(**_parts(name, signature, ColumnMetric))


def _sampler(name: str, function: Callable[..., Value]) -> Sampler:
    signature = read(function, "value sampler", name)
    if list(signature.inputs) != [DRAW]:
        raise PluginError(f"{signature.title} must take `draw` and nothing else before its settings")
    kind = returned(function)
    if kind not in ARROW:
        known = ", ".join(each.__name__ for each in ARROW)
        raise PluginError(f"{signature.title} must say what it returns, one of: {known}")
    return Sampler(**_parts(name, signature, partial(RowSampler, type=ARROW[kind])), plans="value")


def _predictor(name: str, function: Predict) -> Predictor:
    signature = _read(function, Predictor, name)
    if len(signature.inputs) != 1:
        raise PluginError(f"{signature.title} takes {', '.join(signature.inputs)}; it takes the texts and nothing else")
    return Predictor(**_parts(name, signature, ListPredictor))


def _read(function: Callable[..., Any], kind: type[Component], name: str) -> Signature:
    signature = read(function, kind.kind, name)
    if not signature.inputs:
        raise PluginError(f"{signature.title} reads no column; name the columns before the settings")
    return signature


def _parts(name: str, signature: Signature, adaptor: Callable[..., Any]) -> Mapping[str, Any]:
    return {
        "name": name,
        "summary": signature.summary,
        "config": signature.config,
        "build": Build(signature.function, signature, adaptor),
    }


__all__ = ["Draw", "filter", "generator", "metric", "predictor", "sampler", "value_table"]
