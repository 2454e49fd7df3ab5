"""What generators and filters answer, held to the contract before a row of it is believed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import (
    ADDRESS,
    ANSWER,
    CITES,
    FAMILY,
    ID,
    MESSAGES,
    OPTIONS,
    REASON,
    SIMILARITY,
    SPANS,
    STEP,
    before_of,
    spans_of,
    with_columns,
)
from fairloom.draws import Ints
from fairloom.problems import PluginError
from fairloom.weaving.guard import blamed

_OURS = frozenset({ID, STEP, CITES})


@attrs.frozen(eq=False)
class Step:
    """A working step: its work has ``write`` if it is a generator and ``judge`` if it is a filter."""

    name: str
    use: str
    kind: Literal["generate", "filter"]
    scope: str
    work: Any

    def __str__(self) -> str:
        """As messages name it."""
        return f"step {self.name!r} ({self.use})"


def answered(
    step: Step, rows: pa.RecordBatch, planned: frozenset[str], fields: Iterable[str]
) -> tuple[pa.RecordBatch, pa.Array]:
    """Run a step: the rows with what it wrote, and the reason per row (null where it stands).

    Args:
        step: The step.
        rows: Briefs, or what earlier steps made of them.
        planned: The columns of the design, which no step may overwrite.
        fields: The text fields of the task.

    Raises:
        PluginError: The component failed, or its answer breaks the contract.
    """
    with blamed(str(step), doing=f"failed on the rows from address {rows.column(ADDRESS)[0]}"):
        answer = step.work.write(rows) if step.kind == "generate" else step.work.judge(rows)
    with blamed(str(step)):
        if step.kind == "filter":
            return rows, verdicts(answer, rows.num_rows)
        return _written(answer, rows, planned, fields)


@attrs.frozen(eq=False)
class Stood:
    """Some rows after a generator wrote them, and as it got them: there may be others among those."""

    before: pa.RecordBatch
    after: pa.RecordBatch


def mended(
    step: Step, stood: Stood, faults: Mapping[int, str], planned: frozenset[str], fields: Iterable[str]
) -> tuple[pa.RecordBatch, pa.Array]:
    """Have a generator mend rows: the whole families of those found at fault, and reasons as above.

    Args:
        step: A generator with ``repair``.
        stood: Its rows, those at fault and others.
        faults: The reason of each rejected row, by address.
        planned: The columns of the design.
        fields: The text fields of the task.

    Raises:
        PluginError: The component failed, or its answer breaks the contract.
    """
    rows = stood.after
    faulty = pc.is_in(rows.column(ADDRESS), value_set=pa.array(list(faults), pa.int64()))
    bad = rows.filter(faulty)
    said = pa.array([faults[address] for address in bad.column(ADDRESS).to_pylist()], pa.string())
    with blamed(str(step), doing=f"failed to mend the rows from address {bad.column(ADDRESS)[0]}"):
        answer = step.work.repair(_with_before(bad, stood.before, planned), said)
    with blamed(str(step)):
        done, reasons = _written(answer, bad, planned, fields)
        if done.schema != rows.schema:
            raise PluginError("mends other columns than it writes")
    families = pc.is_in(rows.column(FAMILY), value_set=bad.column(FAMILY))
    mates = rows.filter(pc.and_(families, pc.invert(faulty)))
    both = pa.Table.from_batches([done, mates])
    order = pc.sort_indices(both, sort_keys=[(ADDRESS, "ascending")])
    reasons = pa.concat_arrays([reasons, pa.nulls(mates.num_rows, pa.string())])
    return both.take(order).combine_chunks().to_batches()[0], reasons.take(order)


def _with_before(rows: pa.RecordBatch, before: pa.RecordBatch, planned: frozenset[str]) -> pa.RecordBatch:
    """The rows with what earlier steps had written, under names of its own."""
    written = [name for name in before.schema.names if name not in planned]
    then = before.select(written).take(pc.index_in(rows.column(ADDRESS), value_set=before.column(ADDRESS)))
    return with_columns(rows, then.rename_columns([before_of(name) for name in written]))


def check_fields(step: Step, rows: pa.RecordBatch, fields: Iterable[str]) -> None:
    """Raise if the last generator leaves a field of the task unwritten."""
    missing = [field for field in fields if field not in rows.schema.names]
    if missing:
        raise PluginError(f"after {step} no generator has written the task's field {missing[0]!r}")


def check_choice(step: Step, rows: pa.RecordBatch) -> None:
    """Raise if a task of the kind ``choice`` has no options, or answers that are no place among them."""
    names = rows.schema.names
    missing = [name for name in (OPTIONS, ANSWER) if name not in names]
    if missing:
        asked = f"{OPTIONS} (a list of texts) and {ANSWER} (the place of the right one, from 0)"
        raise PluginError(f'after {step} there is no column {missing[0]!r}; task.kind = "choice" asks for {asked}')
    options, answer = rows.column(OPTIONS), rows.column(ANSWER)
    if not pa.types.is_list(options.type) or not _is_text(options.type.value_type):
        raise PluginError(f"{OPTIONS!r} holds {options.type} after {step}; a choice has a list of texts there")
    if not pa.types.is_integer(answer.type):
        raise PluginError(f"{ANSWER!r} holds {answer.type} after {step}; it is the place of the right option, from 0")
    fits = pc.and_(pc.greater_equal(answer, 0), pc.less(answer, pc.list_value_length(options)))
    wrong = pc.invert(pc.fill_null(fits, fill_value=False))
    if pc.any(wrong).as_py():
        address = rows.column(ADDRESS).filter(wrong)[0]
        raise PluginError(f"{ANSWER!r} names no place among the {OPTIONS!r} at address {address} after {step}")


def check_chat(step: Step, rows: pa.RecordBatch) -> None:
    """Raise if a task of the kind ``chat`` has no conversations."""
    asked = f"{MESSAGES} (a list of turns, each with role and content)"
    if MESSAGES not in rows.schema.names:
        raise PluginError(f'after {step} there is no column {MESSAGES!r}; task.kind = "chat" asks for {asked}')
    found = rows.column(MESSAGES).type
    turns: Any = found.value_type if pa.types.is_list(found) else None
    fits = turns is not None and pa.types.is_struct(turns) and [turn.name for turn in turns] == ["role", "content"]
    if not fits or not all(_is_text(turn.type) for turn in turns):
        raise PluginError(f"{MESSAGES!r} holds {found} after {step}; a chat has {asked} there")


def remembered(step: Step, rows: pa.RecordBatch) -> pa.RecordBatch:
    """What a dataset filter keeps of these rows, one line per row.

    Raises:
        PluginError: The component failed, or its answer breaks the contract.
    """
    with blamed(str(step), doing=f"failed on the rows from address {rows.column(ADDRESS)[0]}"):
        kept = step.work.remember(rows)
        if not isinstance(kept, pa.RecordBatch):
            raise PluginError(f"remembered {_shape(kept)}; a dataset filter returns an Arrow record batch")
        if kept.num_rows != rows.num_rows:
            raise PluginError(f"remembered {kept.num_rows} lines of {rows.num_rows} rows")
        return kept


def judged(step: Step, memory: pa.Table, priority: Ints) -> pa.Table:
    """What a dataset filter decided: per line the reason (null keeps), the line it cites, and how alike the two are.

    Raises:
        PluginError: The component failed, or its answer breaks the contract.
    """
    with blamed(str(step)):
        answer = step.work.judge(memory, priority)
        if not isinstance(answer, pa.Table | pa.RecordBatch) or not {REASON, CITES} <= set(answer.schema.names):
            raise PluginError(f"answered {_shape(answer)}; a dataset filter returns a table of reason and cites")
        cites = answer.column(CITES)
        cites = cites.combine_chunks() if isinstance(cites, pa.ChunkedArray) else cites
        if not pa.types.is_integer(cites.type) and not pa.types.is_null(cites.type):
            raise PluginError(f"gave cites of type {cites.type}; they are line numbers, or null")
        reasons = verdicts(answer.column(REASON), memory.num_rows)
        cites = cites.cast(pa.int64())
        if cites.null_count < len(cites) and not 0 <= pc.min(cites).as_py() <= pc.max(cites).as_py() < len(cites):
            raise PluginError(f"cites a line outside of the {len(cites)} it was given")
        alike = answer.column(SIMILARITY) if SIMILARITY in answer.schema.names else pa.nulls(len(cites))
        similarity = alike.cast(pa.float64())
        return pa.table({REASON: reasons, CITES: cites, SIMILARITY: similarity})


def verdicts(answer: Any, count: int) -> pa.Array:
    """The reasons a filter gave, as one string array; null keeps a row."""
    if isinstance(answer, pa.ChunkedArray):
        answer = answer.combine_chunks()
    if not isinstance(answer, pa.Array):
        raise PluginError(f"answered {_shape(answer)}; a filter returns an Arrow array of strings")
    if len(answer) != count:
        raise PluginError(f"gave {len(answer)} verdicts on {count} rows")
    return _texts(answer, "verdicts", "one string per row: null keeps it, a text is the reason to reject it")


def _written(
    wrote: Any, rows: pa.RecordBatch, planned: frozenset[str], fields: Iterable[str]
) -> tuple[pa.RecordBatch, pa.Array]:
    if not isinstance(wrote, pa.RecordBatch):
        raise PluginError(f"answered {_shape(wrote)}; a generator returns an Arrow record batch")
    if wrote.num_rows != rows.num_rows:
        raise PluginError(f"answered {wrote.num_rows} rows to {rows.num_rows} briefs")
    _check_names(wrote.schema.names, planned)
    reasons = pa.nulls(rows.num_rows, pa.string())
    if REASON in wrote.schema.names:
        reasons = _texts(wrote.column(REASON), "reasons", "one string or null per row")
        wrote = wrote.drop_columns([REASON])
    for field in (field for field in fields if field in wrote.schema.names):
        _check_field(field, wrote, rows, reasons)
    return with_columns(rows, wrote), reasons


def _check_names(names: list[str], planned: frozenset[str]) -> None:
    for name in names:
        if name in planned or name in _OURS:
            raise PluginError(f"may not write the column {name!r}, which belongs to the design or to fairloom")
        if names.count(name) > 1:
            raise PluginError(f"wrote the column {name!r} twice")


def _check_field(field: str, wrote: pa.RecordBatch, rows: pa.RecordBatch, reasons: pa.Array) -> None:
    """A field holds texts; where it holds none, there is a reason. Its spans have the type of spans."""
    texts = wrote.column(field)
    if not _is_text(texts.type):
        raise PluginError(f"wrote {texts.type} into the field {field!r}, which holds strings")
    if texts.null_count:
        bare = pc.and_(pc.is_null(texts), pc.is_null(reasons))
        if pc.any(bare).as_py():
            address = rows.column(ADDRESS).filter(bare)[0]
            raise PluginError(f"left the field {field!r} empty at address {address} and gave no reason")
    spans = spans_of(field)
    if spans in wrote.schema.names and not _fits_spans(wrote.schema.field(spans).type):
        found = wrote.schema.field(spans).type
        raise PluginError(f"wrote {found} into {spans!r}, which holds lists of start, end, slot and value")


def _texts(array: pa.Array, what: str, wanted: str) -> pa.Array:
    if not _is_text(array.type):
        raise PluginError(f"gave {what} of type {array.type}; it must be {wanted}")
    texts = array if pa.types.is_string(array.type) else array.cast(pa.string())
    if texts.null_count < len(texts) and pc.any(pc.equal(texts, "")).as_py():
        raise PluginError(f"gave an empty text among its {what}; say why a row is rejected, or null to keep it")
    return texts


def _shape(answer: Any) -> str:
    if answer is None:
        return "None"
    columns = getattr(getattr(answer, "schema", None), "names", None)
    return f"a {type(answer).__name__}" + (f" with the columns {', '.join(columns)}" if columns else "")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind))


def _fits_spans(kind: pa.DataType) -> bool:
    """Lists of structs with the fields of a span; their texts may be coded or plain."""
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return False
    return {field.name for field in kind.value_type} == {field.name for field in SPANS.value_type}
