"""Profiles of real data: counts that are right, names that are common, and nothing else of the rows."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.cli import main

NAMES = ["Ann Unusual", "Bo Singular"]


@pytest.fixture
def rows(tmp_path):
    """60 rows: two labels, a rare city, private names in the texts, one missing value."""
    lines = ["text,label,city,age"]
    for number in range(60):
        label = "yes" if number % 3 else "no"
        city = "Atlantis" if number in {7, 8} else ["Oslo", "Lyon"][number % 2]
        name = NAMES[number // 7 - 1] if number in {7, 14} else "somebody"
        lines.append(f'"the card of {name} went away again, number {number}",{label},{city},{number}')
    lines[5] = lines[5].replace("Oslo", "").replace("Lyon", "")
    path = tmp_path / "rows.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_levels_joint_tables_and_what_is_left_out(rows):
    data = fl.profile(rows, bins={"age": 3}).data
    assert data["text"] == "text"
    assert data["label"] == "label"
    assert data["axes"]["label"]["levels"] == ["yes", "no"]
    assert data["axes"]["label"]["counts"] == [40, 20]
    assert data["axes"]["city"]["levels"] == ["Lyon", "Oslo", "(other)", "(missing)"]
    assert data["axes"]["city"]["counts"][2:] == [2, 1]
    assert data["axes"]["age"]["levels"] == ["4-19", "20-39", "40-55"]
    assert data["axes"]["age"]["counts"] == [20, 20, 20]
    tables = {tuple(table["axes"]): table["counts"] for table in data["tables"]}
    assert all(sum(map(sum, table)) == 60 for table in tables.values())
    assert ("label", "text.words") in tables


@pytest.mark.parametrize("min_count", [3, 5])
def test_what_is_rare_is_not_written(rows, tmp_path, min_count):
    written = fl.profile(rows, min_count=min_count).write(tmp_path / "p.json").read_text()
    for word in ("Atlantis", "Unusual", "unusual", "Singular", "singular", "went away"):
        assert word not in written
    data = json.loads(written)
    assert data["vocabulary"]["other"]["types"] >= 4
    assert min(entry["rows"] for entry in data["vocabulary"]["top"]) >= min_count
    assert "Atlantis" in json.dumps(fl.profile(rows, min_count=1).data)


def test_three_formats_of_the_same_rows_have_one_profile(tmp_path):
    table = pa.table(
        {"text": [f"a long text about number {n % 7} and more" for n in range(200)], "kind": ["x", "y"] * 100}
    )
    pq.write_table(table, tmp_path / "t.parquet")
    lines = [json.dumps(row) for row in table.to_pylist()]
    (tmp_path / "t.jsonl").write_text("\n".join(lines))
    (tmp_path / "t.csv").write_text("\n".join(["text,kind", *(f"{r['text']},{r['kind']}" for r in table.to_pylist())]))
    found = [fl.profile(tmp_path / f"t.{end}", text="text").data for end in ("parquet", "jsonl", "csv")]
    for data in found:
        del data["source"]
    assert found[0] == found[1] == found[2]
    assert found[0]["cleanliness"]["counts"]["exact_duplicates"] == 193


def test_cleanliness_sees_each_sign(tmp_path):
    texts = {
        "encoding_damage": "the cafÃ© closed",
        "control_characters": "bell \x07 rings",
        "doubled_blanks": "two  blanks",
        "urls": "see https://example.org/x now",
        "emails": "write to ann@example.org today",
        "phones": "call +47 22 33 44 55 66",
        "html": "a <b>bold</b> word",
        "not_nfc": "e\u0301tude in two code points",
        "final_punctuation": "It ends.",
        "small_first_letter": "it ends",
    }
    for sign, text in texts.items():
        pq.write_table(pa.table({"t": [text, "Nothing here"], "k": ["a", "a"]}), tmp_path / "c.parquet")
        data = fl.profile(tmp_path / "c.parquet", text="t", min_count=1).data
        assert data["cleanliness"]["counts"][sign] == 1, sign
    assert fl.profile(tmp_path / "c.parquet", text="t", min_count=1).data["cleanliness"]["counts"]["emails"] == 0


@pytest.mark.parametrize(
    ("name", "content", "options", "said"),
    [
        ("a.csv", b"", [], "a.csv is empty: it has no line of column names"),
        ("a.csv", b"x,y\n", [], "a.csv has no rows; a profile needs some"),
        ("a.csv", b"x\n1\n", ["--axes", "y"], "--axes: there is no column 'y'; known: x"),
        ("a.jsonl", b'{"x": 1}\n{"x": \n', [], "a.jsonl, line 2: Expecting value: line 2 column 1 (char 7)"),
        ("a.jsonl", b'{"x": "\xff"}\n', [], "a.jsonl is not utf-8"),
        ("a.csv", b"x\ncaf\xe9\n", [], "a.csv is not utf-8"),
        ("a.csv", b"x\na\nb\nc\n", ["--axes", "x"], "it has a different value in every row"),
        ("a.csv", b"x\na\nb\nc\n", [], "no column can be an axis: x has a different value in every row"),
        (
            "a.xyz",
            b"x",
            [],
            "no reader is known for a.xyz: readers know .bio, .conll, .csv, .iob2, .jsonl, .ndjson, .parquet",
        ),
        ("a.csv", b"x\na\na\n", ["--bins", "x=3"], "--bins: not every value of 'x' is a number"),
        ("a.csv", b"x,y\n1,\n2,\n", ["--bins", "y=3"], "--bins: column 'y' has no value in any row"),
        ("a.csv", b"x\na\na\n", ["--axes", "x"], "it has no value that stands in 5 rows"),
        ("a.parquet", b"PAR1", [], "a.parquet"),
    ],
)
def test_wrong_input_is_said(name, content, options, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_bytes(content)
    assert main(["profile", name, *options]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


@pytest.mark.usefixtures("rows")
def test_the_command_writes_once_and_shows(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["profile", "rows.csv", "--label", "label", "--levels", "levels"]) == 0
    said = capsys.readouterr().out
    assert "rows.csv: 60 rows, 4 columns" in said
    assert "age" in said
    assert (tmp_path / "levels" / "text.words.csv").read_text().splitlines()[0] == "name,min,max"
    assert main(["profile", "rows.csv"]) == 2
    assert "rows.profile.json is there already" in capsys.readouterr().err
    assert main(["profile", "rows.csv", "--force", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 60


@pytest.mark.usefixtures("rows")
def test_a_profile_beside_itself_is_no_distance_apart(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main(["profile", "rows.csv", "-o", "p.json"])
    capsys.readouterr()
    assert main(["profile", "p.json", "--beside", "p.json", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {one["psi"] for one in found["axes"]} == {0.0}
    assert {one["tv"] for one in found["tables"]} == {0.0}
    assert all(one["v"] == one["v_other"] for one in found["tables"])
    assert main(["profile", "p.json", "--beside", "p.json", "--match", "label=city"]) == 2
    assert "--match is for rows, and p.json is a profile" in capsys.readouterr().err
    assert main(["profile", "rows.csv", "-o", "q.json", "--axes", "place=city"]) == 0
    assert main(["profile", "q.json", "--beside", "rows.csv"]) == 2
    assert "say which is which: --match income=label" in capsys.readouterr().err
    assert main(["profile", "q.json", "--beside", "rows.csv", "--match", "place=city"]) == 0
    assert "place" in capsys.readouterr().out


@pytest.mark.usefixtures("rows")
def test_a_recipe_draws_target_lengths_and_the_rest_from_the_profile(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["profile", "rows.csv", "-o", "p.json", "--axes", "label", "--text", "text", "--levels", "levels"]) == 0
    (tmp_path / "recipe.toml").write_text(
        """
        recipe = { name = "again", seed = 3, rows = 600 }
        task.labels = { yes = { definition = "it is" }, no = { definition = "it is not" } }
        factors.length = { from = "levels/text.words.csv", keep = ["min", "max"] }
        factors.template.values = [{ text = "{{ label }}: from {{ length.min }} to {{ length.max }} words" }]
        design = { use = "design.profile", from = "p.json", axes = { label = "label", length = "text.words" } }
        step = [{ generate = "template" }]
        """
    )
    run = fl.Recipe.load(tmp_path / "recipe.toml").run(tmp_path / "out")
    made = run.table.to_pylist()
    data = json.loads((tmp_path / "p.json").read_text())
    lengths = data["axes"]["text.words"]
    for level, count in zip(lengths["levels"], lengths["counts"], strict=True):
        assert abs(sum(row["length"] == level for row in made) - 10 * count) <= 1
    assert main(["profile", "p.json", "--beside", "out"]) == 0
