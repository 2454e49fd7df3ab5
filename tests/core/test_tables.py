"""Value tables: read as they stand, and refused with the place of the fault."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fairloom.problems import RecipeError
from fairloom.tables import read_table, renamed


def written(folder, name, content):
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_csv_is_text_and_never_guessed(tmp_path):
    path = written(tmp_path, "t.csv", 'id,born,note\n007,2024-01-02,"two\nlines"\n1.0,,NA\n')
    assert read_table(path).to_pylist() == [
        {"id": "007", "born": "2024-01-02", "note": "two\nlines"},
        {"id": "1.0", "born": "", "note": "NA"},
    ]


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_csv_with_and_without_byte_order_mark(tmp_path, mark):
    path = written(tmp_path, "t.csv", mark + "word\nGrüße\n".encode())
    assert read_table(path).to_pydict() == {"word": ["Grüße"]}


def test_tsv_keeps_commas(tmp_path):
    assert read_table(written(tmp_path, "t.tsv", "a\tb\n1,2\t3\n")).to_pydict() == {"a": ["1,2"], "b": ["3"]}


def test_jsonl_keeps_types_and_order_of_columns(tmp_path):
    path = written(tmp_path, "t.jsonl", '{"b": 1, "a": "2024-01-01"}\n\n{"a": "x", "c": null}\n')
    table = read_table(path)
    assert table.column_names == ["b", "a", "c"]
    assert table.to_pylist()[0] == {"b": 1, "a": "2024-01-01", "c": None}


def test_toml_takes_the_one_array_of_tables(tmp_path):
    path = written(tmp_path, "t.toml", '[[template]]\ntext = "a"\n[[template]]\ntext = "b"\nlabel = "x"\n')
    assert read_table(path).to_pydict() == {"text": ["a", "b"], "label": [None, "x"]}


def test_parquet_comes_without_dictionaries(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"a": pa.array(["x", "x"]).dictionary_encode()}), path)
    assert read_table(path).schema.field("a").type == pa.string()


def test_columns_are_renamed(tmp_path):
    path = written(tmp_path, "t.csv", "Word (en),type\ncat,noun\n")
    assert read_table(path, {"word": "Word (en)"}).column_names == ["word", "type"]


WRONG = [
    ("t.csv", "a,b\n1,2\n3\n", "expected 2 columns, found 1", 3),
    ("t.csv", 'a,b\n"x\ny",2\n1,2,3\n', "expected 2 columns, found 3", 4),
    ("t.csv", "a,a\n1,2\n", "two columns are named 'a'", 1),
    ("t.csv", "a;b\n1;2\n", "the columns are separated by ';'; separate them with commas", 1),
    ("t.csv", "a,\n1,2\n", "column 2 has no name", 1),
    ("t.csv", "", "no header", None),
    ("t.csv", "a,b\n", "the table is empty", None),
    ("t.csv", b"a\n\xff\n", "UTF", None),
    ("t.jsonl", '{"a": 1}\n{"a": \n', "not a JSON record", 2),
    ("t.jsonl", "[1]\n", "one JSON object per line", 1),
    ("t.jsonl", '{"a": 1, "a": 2}\n', "two values for 'a'", 1),
    ("t.jsonl", '{"a": 1}\n{"a": "x"}\n', "mixes types: int, str", None),
    ("t.jsonl", '{"a": "\\ud800"}\n', "t.jsonl holds '\\ud800', half a character, which is no text", None),
    ("t.jsonl", '{"a": NaN}\n', "NaN is no JSON", 1),
    ("t.toml", "a = 1\n", "expected one array of tables", None),
    ("t.toml", "a = 1\nb = \n", "not TOML: Invalid value", 2),
    ("t.toml", "a = " + "[" * 9999, "not readable as TOML", None),
    ("t.parquet", "no", "not a Parquet file", None),
    ("t.xlsx", "", "cannot read '.xlsx'", None),
]


@pytest.mark.parametrize(("name", "content", "message", "line"), WRONG)
def test_what_is_wrong_is_said_with_its_place(tmp_path, name, content, message, line):
    path = written(tmp_path, name, content)
    with pytest.raises(RecipeError) as caught:
        read_table(path)
    if "mixes" in message or "holds" in message:
        assert name in str(caught.value)
    else:
        assert caught.value.problems[0].file == str(path)
    assert message in str(caught.value)
    assert caught.value.problems[0].line == line


def test_parquet_that_is_no_table_of_texts(tmp_path):
    pq.write_table(pa.Table.from_arrays([pa.array([1])] * 2, names=["n", "n"]), tmp_path / "two.parquet")
    with pytest.raises(RecipeError, match=r"two\.parquet: two columns are named 'n'"):
        read_table(tmp_path / "two.parquet")
    pq.write_table(pa.table({"a": [b"x"]}), tmp_path / "bytes.parquet")
    with pytest.raises(RecipeError, match=r"column 'a' holds bytes, not texts"):
        read_table(tmp_path / "bytes.parquet")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RecipeError, match=r"nowhere\.csv: no such file"):
        read_table(tmp_path / "nowhere.csv")


def test_a_missing_column_is_suggested(tmp_path):
    path = written(tmp_path, "t.csv", "Word,type\ncat,noun\n")
    with pytest.raises(RecipeError, match="did you mean 'Word'"):
        read_table(path, {"word": "Wrod"})
    with pytest.raises(RecipeError, match="two columns named 'type'"):
        renamed(read_table(path), {"type": "Word"}, "it")
