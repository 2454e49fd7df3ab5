"""The readers: what is in the file, nothing guessed, and an error that says where the file is wrong."""

from __future__ import annotations

import pyarrow as pa
import pytest
from pyarrow import parquet as pq

from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.task import Task
from fairloom_read import bio, delimited, fairloom_readers, jsonlines, parquet, snips


@pytest.fixture
def tools(tmp_path):
    return Tools(task=Task(), factors={}, draws=Draws(1), open_path=tmp_path.__truediv__)


def table(module, config, tools):
    batches = list(module.build(config, tools).read())
    return pa.Table.from_batches(batches) if batches else None


def csv_of(tools, text, written="utf-8", **config):
    tools.open_path("x.csv").write_bytes(text.encode(written))
    return table(delimited, delimited.Csv(path="x.csv", **config), tools)


def jsonl_of(tools, text):
    tools.open_path("x.jsonl").write_bytes(text if isinstance(text, bytes) else text.encode())
    return table(jsonlines, jsonlines.Jsonl(path="x.jsonl"), tools)


def test_csv_values_stay_the_texts_they_are(tools):
    found = csv_of(tools, 'text,label\r\n"a, ""b""\nc",007\r\n,NA\r\nnull,1e5\r\nZoë,true\r\n')
    assert found.to_pydict() == {
        "text": ['a, "b"\nc', "", "null", "Zoë"],
        "label": ["007", "NA", "1e5", "true"],
    }
    assert set(found.schema.types) == {pa.string()}


def test_csv_settings(tools):
    assert csv_of(tools, "a;b\n1,5;é\n", "latin-1", delimiter=";", encoding="latin-1").to_pydict() == {
        "a": ["1,5"],
        "b": ["é"],
    }
    assert csv_of(tools, "\ufeffa,b\n1,2\n").column_names == ["a", "b"]
    assert csv_of(tools, "a,b\n").to_pydict() == {"a": [], "b": []}


def test_csv_without_names_and_with_blanks(tools):
    found = {"a": ["1", "3"], "b": ["x y", "z"]}
    assert csv_of(tools, "1, x y\n3, z \n", header=("a", "b"), trim=True).to_pydict() == found
    assert csv_of(tools, "a, b\n1, x y\n3, z \n", trim=True).to_pydict() == found
    with pytest.raises(RecipeError, match="more than one column 'a'"):
        csv_of(tools, "a, a\n1,2\n", trim=True)


def test_jsonl_columns_are_those_of_all_batches(tools, monkeypatch):
    monkeypatch.setattr(jsonlines, "_ROWS", 2)
    found = jsonl_of(tools, '{"a": 1}\n{"a": null}\n{"a": 2.5, "b": "x"}\n{}\n{"b": "y"}\n')
    assert found.to_pydict() == {"a": [1.0, None, 2.5, None, None], "b": [None, None, "x", None, "y"]}
    with pytest.raises(RecipeError, match="the values of 'a' are not of one type"):
        jsonl_of(tools, '{"a": 1}\n{"a": 2}\n{"a": "x"}\n')


def test_readers_say_which_files_are_theirs():
    suffixes = {reader.name: reader.suffixes for reader in fairloom_readers()}
    assert suffixes == {
        "csv": (".csv",),
        "jsonl": (".jsonl", ".ndjson"),
        "parquet": (".parquet",),
        "snips": (),
        "bio": (".conll", ".bio", ".iob2"),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "path: x.csv is empty: it has no line of column names"),
        ("a,a\n1,2\n", "path: x.csv has more than one column 'a'"),
        ("a,b\n1,2\n1,2,3\n", "path: x.csv: Row #3: Expected 2 columns, got 3: 1,2,3"),
    ],
)
def test_csv_faults_are_named(tools, text, message):
    with pytest.raises(RecipeError) as caught:
        csv_of(tools, text)
    assert str(caught.value) == message


def test_csv_in_another_encoding_than_said(tools):
    with pytest.raises(RecipeError, match=r"x\.csv"):
        csv_of(tools, "a,b\n1,é\n", "latin-1")
    with pytest.raises(RecipeError, match=r"encoding: x\.csv is not utf-8"):
        csv_of(tools, "é,b\n1,2\n", "latin-1")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (delimited.Csv(path="x", delimiter=", "), "delimiter: delimiter is one ASCII character, got ', '"),
        (delimited.Csv(path="x", encoding="utf-9"), "encoding: unknown encoding 'utf-9'"),
    ],
)
def test_csv_settings_that_make_no_sense(tools, config, message):
    with pytest.raises(RecipeError) as caught:
        delimited.build(config, tools)
    assert str(caught.value) == message


def test_jsonl_keeps_types_and_fills_what_a_row_lacks(tools):
    found = jsonl_of(tools, '{"text": "é\\n", "n": 1}\n\n{"n": 2, "tags": ["x"]}')
    assert found.to_pydict() == {"text": ["é\n", None], "n": [1, 2], "tags": [None, ["x"]]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1}\n{"a": NaN}\n', "path: x.jsonl, line 2: NaN is no JSON"),
        ('{"a": 1, "b": 2, "a": 3}\n', "path: x.jsonl, line 1: key 'a' stands twice"),
        (
            "{'a': 1}\n",
            "path: x.jsonl, line 1: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("\n", "path: x.jsonl has no rows"),
        ("[1]\n", "path: x.jsonl, line 1: a row is a JSON object, got list"),
        ('{"a": "\\ud800"}\n', "path: x.jsonl: 'a' holds '\\ud800', which is half a character"),
    ],
)
def test_jsonl_faults_are_named(tools, text, message):
    with pytest.raises(RecipeError) as caught:
        jsonl_of(tools, text)
    assert str(caught.value) == message


def test_jsonl_with_a_byte_order_mark_and_too_deep(tools):
    assert jsonl_of(tools, '\ufeff{"a": 1}').to_pydict() == {"a": [1]}
    with pytest.raises(RecipeError, match=r"x\.jsonl, line 1: maximum recursion depth"):
        jsonl_of(tools, '{"a": ' + "[" * 99_999)


def test_jsonl_columns_of_several_types_and_wrong_encodings(tools):
    with pytest.raises(RecipeError, match=r"path: x\.jsonl: the values of 'a' are not of one type: "):
        jsonl_of(tools, '{"a": 1}\n{"a": "x"}\n')
    with pytest.raises(RecipeError, match=r"encoding: x\.jsonl is not utf-8"):
        jsonl_of(tools, '{"a": "é"}'.encode("latin-1"))


def test_parquet(tools):
    wanted = pa.table({"text": ["a", None], "n": [1, 2]})
    pq.write_table(wanted, tools.open_path("x.parquet"))
    assert table(parquet, parquet.Parquet(path="x.parquet"), tools) == wanted
    pq.write_table(wanted.slice(0, 0), tools.open_path("z.parquet"))
    assert table(parquet, parquet.Parquet(path="z.parquet"), tools) == wanted.slice(0, 0)
    pq.write_table(pa.Table.from_arrays([pa.array([1])] * 2, names=["n", "n"]), tools.open_path("two.parquet"))
    with pytest.raises(RecipeError, match=r"path: two\.parquet has more than one column 'n'"):
        table(parquet, parquet.Parquet(path="two.parquet"), tools)
    tools.open_path("y.parquet").write_text("no parquet")
    with pytest.raises(RecipeError, match=r"path: y\.parquet: Parquet"):
        table(parquet, parquet.Parquet(path="y.parquet"), tools)


def test_a_large_csv_comes_in_batches_with_one_schema(tools, monkeypatch):
    monkeypatch.setattr(delimited, "_LONGEST_LINE", 64)
    found = csv_of(tools, "a,b\n" + "".join(f"{n},{'' if n < 50 else n}\n" for n in range(100)))
    assert found.column("a").num_chunks > 1
    assert found.column("b").to_pylist() == [""] * 50 + [str(n) for n in range(50, 100)]


def test_the_banking_questions_can_be_read(shared, tools):
    config = delimited.Csv(path=str(shared / "seed-banking77" / "train.csv"))
    found = table(delimited, config, tools)
    assert found.column_names == ["text", "category"]
    assert found.num_rows == 10003
    assert len(found.column("category").unique()) == 77


def test_descriptors():
    assert [reader.name for reader in fairloom_readers()] == ["csv", "jsonl", "parquet", "snips", "bio"]


def test_snips_pieces_become_texts_with_spans(tools):
    path = tools.open_path("x.json")
    path.write_text('{"play": [{"data": [{"text": "play "}, {"text": "Air", "entity": "artist"}]}]}', "utf-8")
    (row,) = table(snips, snips.Snips(path="x.json"), tools).to_pylist()
    assert (row["text"], row["label"]) == ("play Air", "play")
    assert row["text.spans"] == [{"start": 5, "end": 8, "slot": "artist", "value": "Air"}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"[]", "must hold an object of lists"),
        (b'{"a": [{}]}', 'an utterance of a has no "data"'),
        (b'{"a": []}', "has no rows"),
        (b"{", "cannot be read as JSON"),
        (b'{"a": "\xed\xa0"}', "is not utf-8.*damaged = .mark."),
    ],
)
def test_snips_says_what_is_wrong(tools, text, message):
    tools.open_path("x.json").write_bytes(text)
    with pytest.raises(RecipeError, match=message):
        table(snips, snips.Snips(path="x.json"), tools)


def test_tokens_and_tags_become_texts_with_spans(tools):
    tools.open_path("x.bio").write_text(
        "-DOCSTART- O\n\nNew X B-LOC\nYork X I-LOC\nbig X O\nAnn X I-PER\nBo X B-PER\n", "utf-8"
    )
    (row,) = table(bio, bio.Bio(path="x.bio"), tools).to_pylist()
    assert row["text"] == "New York big Ann Bo"
    found = [(span["start"], span["end"], span["slot"], span["value"]) for span in row["text.spans"]]
    assert found == [(0, 8, "LOC", "New York"), (13, 16, "PER", "Ann"), (17, 19, "PER", "Bo")]
