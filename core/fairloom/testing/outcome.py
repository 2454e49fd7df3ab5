"""What a component answers for rows, whatever its kind, in a form that two runs can be compared by."""

from __future__ import annotations

import hashlib
import json
import math
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, FAMILY
from fairloom.components import (
    Component,
    Filter,
    Generator,
    Goal,
    Measurement,
    Metric,
    Reader,
    Sampler,
    Search,
    Tools,
    ValueTable,
    Writer,
)
from fairloom.design import DesignTask
from fairloom.factors import Axis
from fairloom.testing.attacked import candidates, searched

_MOST_PLANNED = 4096

Lines = list[dict[str, Any]]
"""One plain line per row, or one line altogether where the answer is not by row."""


def by_row(component: Component) -> bool:
    """Whether the answer for a row may depend on that row's address and nothing else."""
    return component.scope == "row" and isinstance(component, (Filter, Generator, Goal, Sampler, Search))


def lines(component: Component, built: Any, batches: Sequence[pa.RecordBatch], tools: Tools) -> Lines:
    """The answer to ``batches``, fed one after the other. Empty for kinds that cannot be run here."""
    for kind, answer in _ANSWERS:
        if isinstance(component, kind):
            return answer(component, built, batches, tools)
    return []


def digest(answer: Lines) -> str:
    """SHA-256 of the canonical form."""
    return hashlib.sha256(json.dumps(answer, sort_keys=True, default=_plain).encode()).hexdigest()


def _filter(component: Component, built: Any, batches: Sequence[pa.RecordBatch], _: Tools) -> Lines:
    if component.scope != "dataset":
        return [{"reason": reason} for rows in batches for reason in built.judge(rows).to_pylist()]
    memories = [_beside(rows, built.remember(rows)) for rows in batches]
    memory = pa.Table.from_batches([_plain_columns(each) for each in memories])
    return list(built.judge(memory, memory.column(ADDRESS).to_numpy()).to_pylist())


def _beside(rows: pa.RecordBatch, memory: pa.RecordBatch) -> pa.RecordBatch:
    names = [ADDRESS, FAMILY, *memory.schema.names]
    return pa.RecordBatch.from_arrays([rows.column(ADDRESS), rows.column(FAMILY), *memory.columns], names=names)


def _plain_columns(rows: pa.RecordBatch) -> pa.RecordBatch:
    """Dictionaries decoded, since those of different batches differ."""
    columns = [each.dictionary_decode() if pa.types.is_dictionary(each.type) else each for each in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.schema.names)


def _generator(_: Component, built: Any, batches: Sequence[pa.RecordBatch], __: Tools) -> Lines:
    return [line for rows in batches for line in built.write(rows).to_pylist()]


def _metric(_: Component, built: Any, batches: Sequence[pa.RecordBatch], __: Tools) -> Lines:
    for rows in batches:
        built.observe(rows)
    measured: Measurement = built.result()
    return [attrs.asdict(measured)]


def _goal(_: Component, built: Any, batches: Sequence[pa.RecordBatch], tools: Tools) -> Lines:
    scored = [built.score(candidates(rows, tools)) for rows in batches]
    return [{"score": score} for scores in scored for score in np.asarray(scores, dtype=np.float64).tolist()]


def _search(_: Component, built: Any, batches: Sequence[pa.RecordBatch], tools: Tools) -> Lines:
    return [{"asked": asked.states} for rows in batches for asked in searched(built, rows, tools)]


def _sampler(component: Component, built: Any, batches: Sequence[pa.RecordBatch], tools: Tools) -> Lines:
    if getattr(component, "plans", "design") == "design":
        return _plan(built, batches, tools)
    answer: Lines = []
    for rows in batches:
        where, attempts = rows.column(ADDRESS).to_numpy(), rows.column(ATTEMPT).to_numpy()
        answer += [{"value": value} for value in built.draw(tools.draws, where, attempts).to_pylist()]
    return answer


def _plan(built: Any, batches: Sequence[pa.RecordBatch], tools: Tools) -> Lines:
    """The planned levels of the addresses in ``batches``, which are taken modulo the plan's size."""
    plan = built.plan(_design_task(tools))
    answer: Lines = []
    for rows in batches:
        where = rows.column(ADDRESS).to_numpy() % (plan.families * plan.members)
        families, members = where // plan.members, where % plan.members
        levels = plan.levels(families, members, rows.column(ATTEMPT).to_numpy())
        columns = {**levels, "cell": plan.cells(families), "rank": plan.ranks(families)}
        answer += pa.table(columns).to_pylist()
    return answer


def _design_task(tools: Tools) -> DesignTask:
    """The label crossed with every axis that the factors balance.

    One row per combination of levels, since every design can plan that number; 48 where they are many.
    """
    factors = {name: factor for name, factor in tools.factors.items() if factor.size}
    balanced = [Axis(name, attribute) for name, factor in factors.items() for attribute in factor.balance]
    label = [Axis("label")] if "label" in factors else []
    combinations = math.prod(factor.size for factor in factors.values())
    rows = combinations if combinations <= _MOST_PLANNED else 48
    return DesignTask(rows=rows, factors=factors, cross=(*label, *balanced), draws=tools.draws)


def _table(_: Component, built: Any, __: Sequence[pa.RecordBatch], ___: Tools) -> Lines:
    lines: Lines = built.table().to_pylist()
    return lines


def _reader(_: Component, built: Any, __: Sequence[pa.RecordBatch], ___: Tools) -> Lines:
    return [line for rows in built.read() for line in rows.to_pylist()]


def _writer(_: Component, built: Any, batches: Sequence[pa.RecordBatch], __: Tools) -> Lines:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"rows{built.suffix}"
        built.write(iter(batches), path)
        return [{"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}]


Answer = Callable[[Component, Any, Sequence[pa.RecordBatch], Tools], Lines]
_ANSWERS: Sequence[tuple[type[Component], Answer]] = (
    (Filter, _filter),
    (Generator, _generator),
    (Metric, _metric),
    (Goal, _goal),
    (Search, _search),
    (Sampler, _sampler),
    (ValueTable, _table),
    (Reader, _reader),
    (Writer, _writer),
)


def _plain(value: object) -> object:
    """Values that JSON does not know, in a form that does not depend on the process."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value)
