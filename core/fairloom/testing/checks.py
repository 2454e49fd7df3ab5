"""The checks. Each is a function of a case that raises ``AssertionError`` in words for the author.

A check's name is its function's name. To add one here is to ask it of every plugin there is, so a new
check warns for one release before it fails.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ANSWER, FAMILY, ID, OPTIONS, REASON, SYSTEM, decoded, spans_of
from fairloom.components import Component, Filter, Generator, Measurement, Metric, Sampler, Writer
from fairloom.plugging.descriptors import faults
from fairloom.testing.attacked import MOST_ASKED, searched
from fairloom.testing.case import Case
from fairloom.testing.fresh import fresh_digests
from fairloom.testing.outcome import by_row, digest

Check = Callable[[Case], None]

HARD_TEXTS = (
    "",
    " \t\n",
    "e\u0301 \u00e9",
    "\u0645\u0631\u062d\u0628\u0627 \u200fabc\u200e",
    "\U0001f469\u200d\U0001f680 \U0001d49c",
    "{{ a }} {% b %} $1 \\N ' \" ;",
    "a\u0000b",
    "word " * 20_000,
)


def described(case: Case) -> None:
    """Name, one-line summary, attrs config, API number: what a recipe's reader is shown."""
    found = list(faults(case.component))
    _hold(not found, case, "; ".join(found))


def config_survives_round_trip(case: Case) -> None:
    """The config taken apart and put together again is the same, so it can be sent to workers."""
    config = case.config()
    fields = attrs.fields(type(config))
    again = type(config)(**{field.alias: getattr(config, field.name) for field in fields if field.init})
    _hold(again == config, case, f"comes back from its settings as {again!r} instead of {config!r}")


def repeatable(case: Case) -> None:
    """Two new objects give the same answer."""
    _hold(case.answer() == case.answer(), case, "answers differently the second time: unseeded randomness, or state")


def same_in_fresh_interpreters(case: Case) -> None:
    """New interpreters with other hash seeds give the same answer as this one."""
    try:
        found = fresh_digests(case)
    except LookupError as error:
        raise AssertionError(str(error)) from error
    _hold(
        len(set(found.values())) == 1,
        case,
        f"answers differently under PYTHONHASHSEED {', '.join(found)}: order of a set, hash(), or unseeded randomness",
    )
    here = digest(case.answer())
    _hold(here in found.values(), case, "answers differently in a fresh interpreter: state of the process")


def same_for_any_batch_size(case: Case) -> None:
    """Rows one by one, by sevens and all together give the same answer."""
    whole = case.answer()
    for size in (1, 7):
        _hold(case.answer(_cut(case, size)) == whole, case, f"answers differently in batches of {size} rows")


def same_in_any_order(case: Case) -> None:
    """Rows backwards and shuffled give every row the answer it had."""
    whole = case.answer()
    for order in (np.arange(case.rows.num_rows)[::-1], _shuffled(case.rows.num_rows)):
        moved = case.answer([case.rows.take(pa.array(order))])
        back = [moved[place] for place in np.argsort(order)]
        _hold(back == whole, case, "answers differently when the rows come in another order")


def same_after_other_data(case: Case) -> None:
    """An object that has seen other rows, and one built after it, answer as if they had not."""
    whole = case.answer()
    others = [case.rows.take(pa.array(_shuffled(case.rows.num_rows)[: case.rows.num_rows // 2]))]
    used = case.build()
    case.answer(others, used)
    if not isinstance(case.component, Metric):  # a metric's object lives for one dataset
        _hold(case.answer(built=used) == whole, case, "answers differently after it has seen other rows")
    _hold(case.answer() == whole, case, "answers differently after another object has seen other rows")


def input_untouched(case: Case) -> None:
    """Neither the batch nor a factor's table changes."""
    tools = case.tools()
    rows = _copied(case.rows)
    before, tables = rows.to_pylist(), [factor.table.to_pylist() for factor in tools.factors.values()]
    built = case.build(tools)
    case.answer([rows], built)
    _hold(rows.to_pylist() == before, case, "changes the batch it is given")
    after = [factor.table.to_pylist() for factor in tools.factors.values()]
    _hold(after == tables, case, "changes the table of a factor")


def global_random_untouched(case: Case) -> None:
    """``random`` and ``numpy.random`` are left as they were; draws come from ``tools.draws``."""
    python, state = random.getstate(), _numpy_state()
    case.answer()
    _hold(random.getstate() == python, case, "uses or seeds the global `random`; draw from tools.draws")
    _hold(_numpy_state() == state, case, "uses or seeds the global `numpy.random`; draw from tools.draws")


def empty_batch(case: Case) -> None:
    """No rows in, no rows out."""
    answer = case.answer([case.rows.slice(0, 0)])
    expected = 1 if isinstance(case.component, (Metric, Writer)) else 0
    _hold(len(answer) == expected, case, f"answers {len(answer)} lines for an empty batch")


def survives_hard_text(case: Case) -> None:
    """Empty, right-to-left, combining, non-BMP, template-like and very long texts do no harm."""
    rows = _hard_rows(case)
    answer = case.answer([rows])
    if isinstance(case.component, (Filter, Generator)):
        _hold(len(answer) == rows.num_rows, case, f"answers {len(answer)} lines for {rows.num_rows} hard texts")


def one_verdict_per_row(case: Case) -> None:
    """A filter answers one string or null per row."""
    verdicts = _verdicts(case)
    _hold(len(verdicts) == case.rows.num_rows, case, f"answers {len(verdicts)} verdicts for {case.rows.num_rows} rows")
    kind = decoded(verdicts).type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    _hold(text, case, f"answers verdicts of type {kind}; they must be strings, null to keep")


def reasons_are_given(case: Case) -> None:
    """A rejection says why."""
    empty = [reason for reason in _verdicts(case).to_pylist() if isinstance(reason, str) and not reason.strip()]
    _hold(not empty, case, "rejects rows with an empty reason; return None (null) to keep a row")


def rows_kept(case: Case) -> None:
    """A generator answers one row per brief, in order, and leaves ids and system columns alone."""
    written = case.build().write(case.rows)
    _hold(
        written.num_rows == case.rows.num_rows,
        case,
        f"writes {written.num_rows} rows for {case.rows.num_rows} briefs",
    )
    for name in (*SYSTEM, ID):
        if name in written.schema.names:
            same = name in case.rows.schema.names and written.column(name).equals(case.rows.column(name))
            _hold(same, case, f"changes the column {name!r}, which belongs to the core")


def fields_are_written(case: Case) -> None:
    """A generator writes strings to fields of the task, and says why where it could not.

    One that finishes what others wrote may write the options and the answer of a choice instead.
    """
    written = case.build().write(case.rows)
    fields = [name for name in case.tools().task.fields if name in written.schema.names]
    chosen = {OPTIONS, ANSWER} <= set(written.schema.names)
    _hold(
        bool(fields) or chosen, case, f"writes none of the task's fields; it writes {', '.join(written.schema.names)}"
    )
    reasons = written.column(REASON).to_pylist() if REASON in written.schema.names else [None] * written.num_rows
    for name in fields:
        column = decoded(written.column(name))
        _hold(bool(pa.types.is_string(column.type)), case, f"writes {name!r} as {column.type}; it must be string")
        for text, reason in zip(column.to_pylist(), reasons, strict=True):
            _hold(text is not None or bool(reason), case, f"leaves {name!r} null without a {REASON}")


def spans_are_valid(case: Case) -> None:
    """``text[start:end] == value`` in code points; spans are in text order and do not overlap."""
    written = case.build().write(case.rows)
    for name in case.tools().task.fields:
        if spans_of(name) in written.schema.names:
            pairs = zip(written.column(name).to_pylist(), written.column(spans_of(name)).to_pylist(), strict=True)
            for text, spans in pairs:
                for fault in _span_faults(text, spans or ()):
                    _hold(condition=False, case=case, what=f"writes a span of {name!r} that {fault}")


def finite_or_why(case: Case) -> None:
    """A metric's value is a finite number, or null with the reason."""
    built = case.build()
    built.observe(case.rows)
    found = built.result()
    _hold(isinstance(found, Measurement), case, f"answers {found!r}, which is no Measurement")
    if found.value is None:
        _hold(bool(found.why), case, "has no value and does not say why")
    else:
        _hold(math.isfinite(found.value), case, f"has the value {found.value}; say value=None and why instead")
    bad = sorted(name for name, value in found.values.items() if not math.isfinite(value))
    _hold(not bad, case, f"has values that are not finite: {', '.join(bad)}")


def scores_are_distances(case: Case) -> None:
    """A goal answers one finite number per candidate."""
    answer = case.answer()
    _hold(len(answer) == case.rows.num_rows, case, f"scores {len(answer)} of {case.rows.num_rows} candidates")
    odd = [line["score"] for line in answer if not math.isfinite(line["score"])]
    _hold(not odd, case, f"answers the score {odd[0] if odd else 0}; a score is a finite number")


def states_can_be_made(case: Case) -> None:
    """A search asks about sets of changes that can be made together within the limits, and comes to an end."""
    for asked in searched(case.build(), case.rows, case.tools()):
        for fault in asked.faults():
            _hold(condition=False, case=case, what=fault)
        _hold(asked.ended, case, f"still asks after {MOST_ASKED:,} states; it must end where no goal is reached")


def checks_for(component: Component) -> Iterator[Check]:
    """The checks that apply to a component, in the order in which they tell most."""
    yield described
    yield config_survives_round_trip
    if component.kind in ("model", "predictor", "executor", "lint"):
        return  # nothing here opens a model, starts an engine or has a recipe
    yield from _ONLY.get(component.kind, ())
    yield from (repeatable, same_in_fresh_interpreters)
    if component.kind not in ("reader", "value table"):
        yield from _by_batch(component)
    yield from (input_untouched, global_random_untouched)
    if component.kind not in ("reader", "value table") and not isinstance(component, Sampler):
        yield from (empty_batch, survives_hard_text)


def _by_batch(component: Component) -> Iterator[Check]:
    yield same_for_any_batch_size
    if by_row(component):
        yield same_in_any_order
    yield same_after_other_data


_ONLY: dict[str, Sequence[Check]] = {
    "filter": (one_verdict_per_row, reasons_are_given),
    "generator": (rows_kept, fields_are_written, spans_are_valid),
    "metric": (finite_or_why,),
    "goal": (scores_are_distances,),
    "search": (states_can_be_made,),
}


def _hold(condition: bool, case: Case, what: str) -> None:  # noqa: FBT001 - reads as `assert`
    if not condition:
        msg = f"{case.title} {what}"
        raise AssertionError(msg)


def _verdicts(case: Case) -> Any:
    if case.component.scope == "dataset":
        return pa.array([line["reason"] for line in case.answer()])
    return case.build().judge(case.rows)


def _cut(case: Case, size: int) -> list[pa.RecordBatch]:
    """Batches of ``size`` rows, or more where a component of scope ``family`` needs its families whole."""
    rows, starts = case.rows, list(range(0, case.rows.num_rows, size))
    if case.component.scope == "family":
        family = rows.column(FAMILY).to_numpy()
        starts = [start for start in starts if start == 0 or family[start] != family[start - 1]]
    return [rows.slice(start, end - start) for start, end in pairwise([*starts, rows.num_rows])]


def _shuffled(n: int) -> Any:
    """A fixed order of ``n`` that is neither forwards nor backwards."""
    return np.argsort((np.arange(n) * 7919 + 13) % 104_729 % 31, kind="stable")


def _copied(rows: pa.RecordBatch) -> pa.RecordBatch:
    """The same rows in memory of their own."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as writer:
        writer.write_batch(rows)
    return pa.ipc.open_stream(pa.py_buffer(bytearray(sink.getvalue()))).read_next_batch()


def _numpy_state() -> bytes:
    _, keys, place, *_ = np.random.get_state(legacy=True)  # noqa: NPY002 - the global state is what is looked at
    return np.asarray(keys).tobytes() + bytes(str(place), "ascii")


def _hard_rows(case: Case) -> pa.RecordBatch:
    """As many of the case's rows as there are hard texts, with these in the first field where there is one."""
    field = case.tools().task.fields[0]
    rows = case.rows.take(pa.array([number % case.rows.num_rows for number in range(len(HARD_TEXTS))]))
    if field not in rows.schema.names:
        return rows
    columns = dict(zip(rows.schema.names, rows.columns, strict=True))
    columns[field] = pa.array(HARD_TEXTS, pa.string())
    if spans_of(field) in columns:
        columns[spans_of(field)] = pa.array([[]] * len(HARD_TEXTS), columns[spans_of(field)].type)
    return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))


def _span_faults(text: str | None, spans: Sequence[dict[str, Any]]) -> Iterator[str]:
    end = 0
    for span in spans:
        if text is None:
            yield "belongs to no text"
            return
        if span["start"] < end:
            yield f"starts at {span['start']}, before the end of the one ahead of it ({end})"
        if text[span["start"] : span["end"]] != span["value"]:
            found = text[span["start"] : span["end"]]
            yield f"covers {found!r} but says {span['value']!r}"
        end = span["end"]
