"""Writers: the same rows as ``json.dumps`` and ``csv``, computed in columns."""

from __future__ import annotations

import csv
import datetime as dt
import json
import math

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairloom.batch import SPANS
from fairloom.problems import RunError
from fairloom_write import fairloom_writers
from fairloom_write.delimited import Csv, CsvConfig
from fairloom_write.lines import Jsonl, JsonlConfig

NAMES = pa.dictionary(pa.int32(), pa.string())
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


def records(**fields):
    """Dictionaries with these keys in this order."""
    return st.tuples(*fields.values()).map(lambda values: dict(zip(fields, values, strict=True)))


SPAN = records(start=st.integers(0, 9), end=st.integers(0, 9), slot=TEXTS, value=st.none() | TEXTS)
COLUMNS = {
    "id": (pa.string(), TEXTS),
    "text": (pa.string(), st.none() | TEXTS),
    'a "key"\n': (pa.int64(), st.none() | st.integers(-(2**63), 2**63 - 1)),
    "x": (pa.float64(), st.none() | st.floats(allow_nan=False, allow_infinity=False)),
    "yes": (pa.bool_(), st.none() | st.booleans()),
    "label": (NAMES, st.none() | TEXTS),
    "text.spans": (SPANS, st.none() | st.lists(SPAN, max_size=3)),
    "words": (pa.list_(pa.string()), st.none() | st.lists(st.none() | TEXTS, max_size=3)),
}
ROW = records(**{name: values for name, (_, values) in COLUMNS.items()})


def batch(rows):
    return pa.RecordBatch.from_pydict(
        {name: pa.array([row[name] for row in rows], kind) for name, (kind, _) in COLUMNS.items()}
    )


def written(writer, batches, folder):
    path = folder / f"rows{writer.suffix}"
    writer.write(iter(batches), path)
    return path.read_text("utf-8")


@given(rows=st.lists(ROW, min_size=1, max_size=6), start=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_a_line_is_what_json_dumps_writes(tmp_path_factory, rows, start):
    made = batch(rows).slice(min(start, len(rows) - 1))
    got = written(Jsonl(JsonlConfig()), [made], tmp_path_factory.mktemp("jsonl"))
    want = [json.dumps(row, ensure_ascii=False) for row in rows[min(start, len(rows) - 1) :]]
    assert got == "".join(line + "\n" for line in want)


def test_batches_do_not_matter(tmp_path):
    rows = [{"id": str(n), "n": n, "x": n / 3} for n in range(100)]
    table = pa.Table.from_pylist(rows)
    whole = written(Jsonl(JsonlConfig()), table.to_batches(), tmp_path)
    assert whole == written(Jsonl(JsonlConfig()), table.to_batches(max_chunksize=7), tmp_path)
    assert [json.loads(line) for line in whole.splitlines()] == rows


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("writer", [Jsonl(JsonlConfig()), Csv(CsvConfig())])
def test_a_number_that_is_none_is_refused(tmp_path, value, writer):
    made = pa.RecordBatch.from_pydict({"id": ["a", "b"], "score": [1.0, value]})
    with pytest.raises(RunError, match=r"column 'score' holds -?(nan|inf)"):
        writer.write(iter([made]), tmp_path / "out")


def test_other_types(tmp_path):
    made = pa.RecordBatch.from_pydict(
        {
            "day": pa.array([dt.date(2026, 4, 1), None]),
            "small": pa.array([0.1, 1e20], pa.float32()),
            "none": pa.nulls(2),
            "empty": pa.array([None, None], NAMES),
        }
    )
    first, second = (json.loads(line) for line in written(Jsonl(JsonlConfig()), [made], tmp_path).splitlines())
    assert first == {"day": "2026-04-01", "small": 0.1, "none": None, "empty": None}
    assert second == {"day": None, "small": 1e20, "none": None, "empty": None}
    with pytest.raises(RunError, match="column 'raw' holds binary values"):
        written(Jsonl(JsonlConfig()), [pa.RecordBatch.from_pydict({"raw": [b"x"]})], tmp_path)


def test_no_rows(tmp_path):
    assert written(Jsonl(JsonlConfig()), [], tmp_path) == ""
    empty = pa.RecordBatch.from_pydict({"id": pa.array([], pa.string())})
    assert written(Jsonl(JsonlConfig()), [empty], tmp_path) == ""
    assert written(Csv(CsvConfig()), [empty], tmp_path) == '"id"\n'


def test_csv_reads_back(tmp_path):
    spans = [[{"start": 0, "end": 3, "slot": "a", "value": 'q"'}], None, []]
    texts = ["one, two\nthree", None, ""]
    made = pa.RecordBatch.from_pydict(
        {"text": texts, "n": [1, None, 3], "label": pa.array(["a", "b", None], NAMES), "s": pa.array(spans, SPANS)}
    )
    got = written(Csv(CsvConfig()), [made], tmp_path)
    lines = list(csv.reader(got.splitlines(keepends=True)))
    assert lines[0] == ["text", "n", "label", "s"]
    assert [line[0] for line in lines[1:]] == ["one, two\nthree", "", ""]
    assert json.loads(lines[1][3]) == spans[0]
    assert [line[3] for line in lines[2:]] == ["", "[]"]


def test_spreadsheet_safe_touches_only_what_looks_like_a_formula(tmp_path):
    texts = ["=1+1", "+3", "-4", "@x", "\tx", "a=b", "", "'"]
    made = pa.RecordBatch.from_pydict({"=text": texts, "n": [-1] * len(texts)})
    plain, safe = (
        list(csv.reader(written(Csv(CsvConfig(spreadsheet_safe=on)), [made], tmp_path).splitlines(keepends=True)))
        for on in (False, True)
    )
    assert [line[0] for line in plain[1:]] == texts
    assert [line[0] for line in safe[1:]] == ["'=1+1", "'+3", "'-4", "'@x", "'\tx", "a=b", "", "'"]
    assert safe[0][0] == "'=text"
    assert safe[1][1] == "-1"


def test_descriptors_build():
    built = {writer.name: writer.build(writer.config(), None) for writer in fairloom_writers()}
    assert {name: writer.suffix for name, writer in built.items()} == {"jsonl": ".jsonl", "csv": ".csv"}
