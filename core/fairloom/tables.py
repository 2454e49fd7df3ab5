"""Reading value tables: CSV, TSV, text, JSON, JSON Lines, Parquet and TOML, by the ending of the file's name.

Text tables are never guessed at: every column of a CSV or TSV file is text, ``007`` stays ``007``
and an empty cell is ``""``. JSON, JSON Lines, TOML and Parquet keep the types they state.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
import tomli

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.locate import locate

_BLOCK = 1 << 24


VALUE = "value"
"""The column of plain values."""


def read_table(path: Path, columns: Mapping[str, str] | None = None, nest: Sequence[str] = ()) -> pa.Table:
    """The table in the file, with at least one row and no two columns of one name.

    Args:
        path: A ``.csv``, ``.tsv``, ``.txt``, ``.json``, ``.jsonl``, ``.parquet`` or ``.toml`` file. Text files are
            UTF-8 (with or without a byte order mark); CSV and TSV have a header; TXT has one value per line, blank
            lines left out, in the column ``value``; JSON holds one array of objects, of lists (columns ``1``,
            ``2`` and so on) or of plain values (``value``, or, among objects, their first key), or what ``nest``
            says; TOML holds one array of tables.
        columns: New names: ours to the file's, as ``renamed`` reads them. Other columns keep their names.
        nest: Of a JSON file that groups its rows under the keys of objects: what each depth of keys says, outermost
            first, as names of columns. They follow the columns of the rows.

    Raises:
        RecipeError: naming the file, the line where there is one, and what is wrong.
    """
    read = _READERS.get(path.suffix.lower())
    if read is None:
        raise _wrong(path, f"cannot read {path.suffix or 'a file without an ending'!r}", way=f"use {_ENDINGS}")
    if nest and read is not _read_json:
        raise _wrong(path, "only the keys of a .json file can be nested", way="remove nest")
    if not path.is_file():
        raise _wrong(path, "no such file")
    try:
        table = _read_json(path, nest) if nest else read(path)
    except OSError as error:
        raise _wrong(path, f"cannot be opened: {error.strerror or error}") from error
    if table.num_rows == 0:
        raise _wrong(path, "the table is empty: it has no rows")
    return renamed(table, columns or {}, str(path))


@attrs.frozen
class Document:
    """A TOML file as plain data, and where each of its keys stands: line and column by key path."""

    path: Path
    data: dict[str, Any]
    places: Mapping[tuple[str | int, ...], tuple[int, int]]

    def problem(self, message: str, *key: str | int, suggestion: str | None = None) -> Problem:
        """A problem at the nearest key that exists, with the place in this file."""
        known = (self.places[key[:size]] for size in range(len(key), 0, -1) if key[:size] in self.places)
        line, column = next(known, (1, 1))
        return Problem(message, path=key, file=str(self.path), line=line, column=column, suggestion=suggestion)


def read_document(path: Path) -> Document:
    """A TOML file that is more than a table, for components with a file format of their own.

    Raises:
        RecipeError: it cannot be read or is not TOML.
    """
    try:
        text, data = _toml(path)
    except OSError as error:
        raise _wrong(path, f"cannot be opened: {error.strerror or error}") from error
    return Document(path, data, locate(text))


def renamed(table: pa.Table, columns: Mapping[str, str], origin: str) -> pa.Table:
    """``table`` with columns renamed, ours to theirs; ``origin`` names the table in messages.

    The first new name of a column takes its place; further ones are copies at the end. So are values from inside
    a column of objects or lists, named by their path: ``answers.first.0``.
    """
    fresh = {ours: theirs for ours, theirs in columns.items() if theirs in table.column_names}
    theirs = {theirs: ours for ours, theirs in reversed(fresh.items())}
    names = [theirs.get(name, name) for name in table.column_names]
    arrays = list(table.columns)
    for ours, wanted in columns.items():
        if theirs.get(wanted) != ours:
            names.append(ours)
            arrays.append(_inside(table, wanted, origin))
    twice = _first_twice(names)
    if twice is not None:
        raise RecipeError([Problem(f"{origin} would have two columns named {twice!r}")])
    return pa.Table.from_arrays(arrays, names=names)


def _inside(table: pa.Table, path: str, origin: str) -> pa.ChunkedArray:
    """A column, or what stands at a path inside one: keys of objects, places in lists from 0."""
    if path in table.column_names:
        return table.column(path)
    name, *steps = path.split(".")
    if name not in table.column_names or not steps:
        message = f"{origin} has no column {path!r}"
        raise RecipeError([Problem(message, suggestion=did_you_mean(path, table.column_names))])
    array = table.column(name)
    for step in steps:
        array = _stepped(array, step, f"{origin} has no {path!r}")
    return array


def _stepped(array: pa.ChunkedArray, step: str, message: str) -> pa.ChunkedArray:
    """One step inward. A list that is too short has null there."""
    if pa.types.is_struct(array.type):
        known = [field.name for field in array.type]
        if step in known:
            return pc.struct_field(array, step)
        raise RecipeError([Problem(f"{message}: no key {step!r}", suggestion=did_you_mean(step, known))])
    if pa.types.is_list(array.type) and step.isdecimal():
        return pa.chunked_array([_at(chunk, int(step)) for chunk in array.chunks], array.type.value_type)
    raise RecipeError([Problem(f"{message}: a {array.type} has no {step!r}")])


def _at(lists: pa.ListArray, place: int) -> pa.Array:
    starts = lists.offsets[: len(lists)].cast(pa.int64())
    long_enough = pc.greater(pc.list_value_length(lists), place)
    return lists.values.take(pc.if_else(long_enough, pc.add(starts, place), None))


def table_of(rows: Iterable[Mapping[str, Any]], origin: str) -> pa.Table:
    """Records as a table: columns in order of first appearance, null where a record has no such key."""
    records = list(rows)
    names = list(dict.fromkeys(name for record in records for name in record))
    arrays = [_array([record.get(name) for record in records], name, origin) for name in names]
    return pa.Table.from_arrays(arrays, names=names)


def _array(values: list[Any], name: str, origin: str) -> pa.Array:
    try:
        array = pa.array(values)
    except UnicodeEncodeError as error:
        message = f"column {name!r} of {origin} holds {error.object[error.start]!r}, half a character, which is no text"
        raise RecipeError([Problem(message, suggestion="write the character itself")]) from error
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
        kinds = sorted({type(value).__name__ for value in values if value is not None})
        message = f"column {name!r} of {origin} mixes types: {', '.join(kinds)}"
        raise RecipeError([Problem(message, suggestion="write every value of a column in one type")]) from error
    return array.cast(pa.string()) if pa.types.is_null(array.type) else array


def _delimited(delimiter: str) -> Callable[[Path], pa.Table]:
    return lambda path: _read_delimited(path, delimiter)


def _read_delimited(path: Path, delimiter: str) -> pa.Table:
    names = _header(path, delimiter)
    try:
        return pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(use_threads=False, block_size=_BLOCK),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, null_values=[]
            ),
        )
    except pa.ArrowInvalid as error:
        _find_ragged(path, delimiter, len(names))
        raise _wrong(path, str(error).splitlines()[0]) from error


def _header(path: Path, delimiter: str) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next((row for row in csv.reader(file, delimiter=delimiter) if row), None)
    except UnicodeDecodeError as error:
        raise _wrong(path, f"is not UTF-8 (byte {error.start})", way="save it as UTF-8") from error
    except csv.Error as error:
        raise _wrong(path, str(error), line=1) from error
    if names is None:
        raise _wrong(path, "the table is empty: it has no header")
    other = next((mark for mark in ";\t|" if mark != delimiter and len(names) == 1 and mark in names[0]), None)
    if other is not None:
        way = "separate them with commas" + (", or call the file .tsv" if other == "\t" else "")
        raise _wrong(path, f"the columns are separated by {other!r}", line=1, way=way)
    if "" in names:
        raise _wrong(path, f"column {names.index('') + 1} has no name", line=1)
    twice = _first_twice(names)
    if twice is not None:
        raise _wrong(path, f"two columns are named {twice!r}", line=1)
    return names


def _find_ragged(path: Path, delimiter: str, width: int) -> None:
    """Say on which line a row is too short or too long; Arrow knows the row but not the line."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter=delimiter)
            start = 1
            for row in rows:
                if row and len(row) != width:
                    raise _wrong(path, f"expected {width} columns, found {len(row)}", line=start)
                start = rows.line_num + 1
    except UnicodeDecodeError as error:
        raise _wrong(path, f"is not UTF-8 ({error.reason})") from error
    except csv.Error:
        return


def _read_jsonl(path: Path) -> pa.Table:
    records: list[Mapping[str, Any]] = []
    try:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    records.append(_json_record(path, number, line))
    except UnicodeDecodeError as error:
        raise _wrong(path, "is not UTF-8") from error
    return table_of(records, str(path))


def _json_record(path: Path, number: int, line: str) -> dict[str, Any]:
    try:
        record = json.loads(line, object_pairs_hook=_unique_keys, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"not a JSON record: {error}", line=number) from error
    if not isinstance(record, dict):
        raise _wrong(path, f"expected one JSON object per line, found {type(record).__name__}", line=number)
    return record


def _refused(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = _first_twice([name for name, _ in pairs])
    if twice is not None:
        raise ValueError(f"two values for {twice!r}")
    return dict(pairs)


def _read_txt(path: Path) -> pa.Table:
    lines = _text(path).split("\n")
    values = [line.removesuffix("\r") for line in lines]
    return pa.table({VALUE: pa.array([value for value in values if value], pa.string())})


def _read_json(path: Path, nest: Sequence[str] = ()) -> pa.Table:
    try:
        data = json.loads(_text(path), object_pairs_hook=_unique_keys, parse_constant=_refused)
    except (ValueError, RecursionError) as error:
        raise _wrong(path, f"not JSON: {error}") from error
    if isinstance(data, dict) and not nest:
        some = ", ".join(list(data)[:3])
        raise _wrong(path, f"expected an array, found an object ({some})", way="name its depths of keys with nest")
    leaves = list(_leaves(path, data, nest, {}))
    main = _main_key([leaf for _, leaf in leaves])
    records = [(_record(leaf, main), keys) for keys, leaf in leaves]
    taken = next((name for name in nest if any(name in record for record, _ in records)), None)
    if taken is not None:
        raise _wrong(path, f"its records have a column {taken!r} already", way="give that depth of nest another name")
    return table_of(({**record, **keys} for record, keys in records), str(path))


def _leaves(
    path: Path, data: Any, nest: Sequence[str], keys: Mapping[str, str]
) -> Iterator[tuple[Mapping[str, str], Any]]:
    """Each row of nested data with the keys that lead to it."""
    if not nest:
        yield from ((keys, leaf) for leaf in (data if isinstance(data, list) else [data]))
    elif isinstance(data, dict):
        for key, inner in data.items():
            yield from _leaves(path, inner, nest[1:], {**keys, nest[0]: key})
    else:
        where = " below " + ", ".join(map(repr, keys.values())) if keys else ""
        raise _wrong(path, f"nest says {nest[0]!r} is an object of groups, found {type(data).__name__}{where}")


def _main_key(leaves: Iterable[Any]) -> str:
    """The column of plain values: the one key that all records beside them begin with, else ``value``."""
    first = {next(iter(leaf)) for leaf in leaves if isinstance(leaf, dict) and leaf}
    return first.pop() if len(first) == 1 else VALUE


def _record(leaf: Any, main: str) -> Mapping[str, Any]:
    """A row: an object, a list (columns ``1``, ``2`` and so on), or a plain value in the column ``main``."""
    if isinstance(leaf, list):
        return {str(place): value for place, value in enumerate(leaf, start=1)}
    return leaf if isinstance(leaf, dict) else {main: leaf}


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _wrong(path, f"is not UTF-8 (byte {error.start})") from error


def _read_toml(path: Path) -> pa.Table:
    data = _toml(path)[1]
    rows = next(iter(data.values()), None)
    if len(data) != 1 or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        found = ", ".join(data) or "nothing"
        raise _wrong(path, f"expected one array of tables ([[name]]) and nothing else, found {found}")
    return table_of(rows, str(path))


def _toml(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        return text, tomli.loads(text)
    except UnicodeDecodeError as error:
        raise _wrong(path, f"not TOML: is not UTF-8 (byte {error.start})") from error
    except tomli.TOMLDecodeError as error:
        said = f"not TOML: {error.msg}"
        raise RecipeError([Problem(said, file=str(path), line=error.lineno, column=error.colno)]) from error
    except (ValueError, RecursionError) as error:  # an endless number; nesting beyond tomli's bounds
        raise _wrong(path, f"not readable as TOML: {error}") from error


def _read_parquet(path: Path) -> pa.Table:
    try:
        twice = _first_twice(pa.parquet.read_schema(path).names)
        if twice is not None:
            raise _wrong(path, f"two columns are named {twice!r}")
        table = pa.parquet.read_table(path)
    except pa.ArrowInvalid as error:
        raise _wrong(path, f"not a Parquet file: {str(error).splitlines()[0]}") from error
    for field in table.schema:
        if pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type):
            raise _wrong(path, f"column {field.name!r} holds bytes, not texts", way="write it as strings")
    plain = [column.cast(column.type.value_type) if _coded(column) else column for column in table.columns]
    return pa.Table.from_arrays(plain, names=table.column_names)


def _coded(column: pa.ChunkedArray) -> bool:
    return bool(pa.types.is_dictionary(column.type))


def _first_twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _wrong(path: Path, message: str, *, line: int | None = None, way: str | None = None) -> RecipeError:
    return RecipeError([Problem(message, file=str(path), line=line, suggestion=way)])


_READERS: dict[str, Callable[[Path], pa.Table]] = {
    ".csv": _delimited(","),
    ".tsv": _delimited("\t"),
    ".txt": _read_txt,
    ".json": _read_json,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
    ".toml": _read_toml,
}
_ENDINGS = ", ".join(_READERS)
