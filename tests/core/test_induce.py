"""Annotated rows become templates and value tables that write the very rows again, and say what they could not use."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fairloom as fl
from fairloom.cli import main
from fairloom.inducing.annotated import Shape
from fairloom.inducing.writing import about, write

ROWS = [
    ("play Elbow", "music", [(5, 10, "artist")]),
    ("play Aphex Twin", "music", [(5, 15, "artist")]),
    ("play Elbow, then Elbow again", "music", [(5, 10, "artist"), (17, 22, "artist")]),
    ("play Elbow, then Air again", "music", [(5, 10, "artist"), (17, 20, "artist")]),
    ("is it cold in Zürich {now}?", "weather", [(14, 20, "city")]),
    ("is it cold in Oslo {now}?", "weather", [(14, 18, "city")]),
    ("what a day", "weather", []),
]


def lines(path: Path, rows: Any = ROWS, *, keys: tuple[str, str, str] = ("start", "end", "slot")) -> Path:
    with path.open("w", encoding="utf-8") as file:
        for text, label, spans in rows:
            records = [dict(zip(keys, span, strict=True)) for span in spans]
            file.write(json.dumps({"text": text, "label": label, "spans": records}, ensure_ascii=False) + "\n")
    return path


def again(found: fl.Induced, folder: Path) -> list[tuple[str, str]]:
    """The rows that the induced templates write from their own values, through the engine."""
    write(found, folder / "induced", name="again", replay=True)
    table = fl.Recipe.load(folder / "induced" / "replay.toml").run(folder / "out").table
    return list(zip(table.column("text").to_pylist(), table.column("label").to_pylist(), strict=True))


def test_every_row_comes_back_from_its_template_and_values(tmp_path: Path) -> None:
    found = fl.induce([lines(tmp_path / "rows.jsonl")])
    assert again(found, tmp_path) == [(text, label) for text, label, _ in ROWS]


def test_rows_that_differ_only_in_entities_share_a_template(tmp_path: Path) -> None:
    found = fl.induce([lines(tmp_path / "rows.jsonl")])
    assert found.patterns.text.to_pylist() == [
        "play {{ artist }}",
        "play {{ artist }}, then {{ artist }} again",
        "play {{ artist }}, then {{ artist_2 }} again",
        "is it cold in {{ city }} {{ '{' }}now}?",
        "what a day",
    ]
    assert found.patterns.counts.tolist() == [2, 1, 1, 2, 1]


def test_the_induced_recipe_runs_and_uses_values_evenly(tmp_path: Path) -> None:
    rows = [(f"play {name}", "music", [(5, 5 + len(name), "artist")]) for name in ["Elbow"] * 9 + ["Air", "Can"]]
    write(fl.induce([lines(tmp_path / "rows.jsonl", rows)]), tmp_path / "induced", name="even")
    run = fl.Recipe.load(tmp_path / "induced" / "recipe.toml", set=["recipe.rows=3"]).run(tmp_path / "out")
    assert sorted(run.table.column("artist").to_pylist()) == ["Air", "Can", "Elbow"]


def test_slots_may_be_called_as_conditions_and_templates_call_things(tmp_path: Path) -> None:
    """Two factors of one slot are kept apart by a condition, so their names are those of Python and Jinja."""
    for slot in ("class", "not", "True", "self", "ville départ", "都市", "family"):
        rows = [("from Oslo to Lyon", "go", [(5, 9, slot), (13, 17, slot)]), ("to Rome", "go", [(3, 7, slot)])]
        found = fl.induce([lines(tmp_path / "rows.jsonl", rows)])
        write(found, tmp_path / slot, name="slots")
        run = fl.Recipe.load(tmp_path / slot / "recipe.toml", set=["recipe.rows=4"]).run(tmp_path / slot / "out")
        assert run.table.num_rows == 4


def test_a_label_of_which_no_row_can_be_used_is_none_of_the_recipe(tmp_path: Path) -> None:
    rows = [*ROWS, ("call Ann", "phone", [(5, 8, "contact")])]
    found = fl.induce([lines(tmp_path / "rows.jsonl", rows)])
    assert found.labels == ("music", "weather")
    assert again(found, tmp_path) == [(text, label) for text, label, _ in ROWS]
    fl.Recipe.load(tmp_path / "induced" / "recipe.toml", set=["recipe.rows=4"]).run(tmp_path / "even")


def test_a_value_is_used_only_under_labels_it_was_seen_with(tmp_path: Path) -> None:
    rows = [
        ("find a film", "search", [(7, 11, "thing")]),
        ("rate a novel", "rate", [(7, 12, "thing")]),
        ("rate a film", "rate", [(7, 11, "thing")]),
    ]
    found = fl.induce([lines(tmp_path / "rows.jsonl", rows)])
    table = found.values["thing"].table().to_pylist()
    assert [(row["name"], row["label"]) for row in table] == [
        ("film (search)", "search"),
        ("novel", "rate"),
        ("film (rate)", "rate"),
    ]
    assert again(found, tmp_path) == [(text, label) for text, label, _ in rows]


BAD = [
    ("no text", ("  ", "music", [])),
    ("damaged encoding", ("play \ufffd", "music", [])),
    ("control characters", ("play \x07", "music", [])),
    ("no label", ("play Air", "", [(5, 8, "artist")])),
    ("a label that is no name on one line", ("play Air", "mu\nsic", [(5, 8, "artist")])),
    ("a label that is no name on one line", ("play Air", "\u202emusic", [(5, 8, "artist")])),
    ("a span outside of the text", ("play Air", "music", [(5, 9, "artist")])),
    ("spans that overlap", ("play Air Bag", "music", [(5, 10, "artist"), (9, 12, "track")])),
    ("a span without a name", ("play Air", "music", [(5, 8, " ")])),
    ("an empty span", ("play  Air", "music", [(4, 6, "artist")])),
    ("its wording holds an e-mail address", ("mail ann@example.org", "music", [])),
    ("a rare value that looks personal", ("call Ann", "music", [(5, 8, "contact")])),
]


@pytest.mark.parametrize(("reason", "row"), BAD, ids=[f"{reason} {place}" for place, (reason, _) in enumerate(BAD)])
def test_what_cannot_be_used_is_counted_with_its_reason_and_row(tmp_path: Path, reason: str, row: Any) -> None:
    found = fl.induce([lines(tmp_path / "rows.jsonl", [*ROWS, row])])
    told = about(found)
    assert told["refused"] == {reason: {"rows": 1, "first": [len(ROWS) + 1]}}
    assert (told["rows"], told["usable"]) == (len(ROWS) + 1, len(ROWS))
    assert again(found, tmp_path) == [(text, label) for text, label, _ in ROWS]


def test_frequent_values_of_people_are_kept_and_rare_ones_where_asked_for(tmp_path: Path) -> None:
    rows = [(f"call {name}", "phone", [(5, 5 + len(name), "contact")]) for name in ["mum", "mum", "mum", "Ann Smith"]]
    path = lines(tmp_path / "rows.jsonl", rows)
    assert fl.induce([path]).values["contact"].value.to_pylist() == ["mum"]
    assert fl.induce([path], rare=1).values["contact"].value.to_pylist() == ["mum", "Ann Smith"]
    assert fl.induce([path], keep_personal=True).values["contact"].value.to_pylist() == ["mum", "Ann Smith"]


def test_a_slot_can_be_declared_personal(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl")
    assert fl.induce([path]).values["artist"].left_out == 0
    assert fl.induce([path], personal=["artist"]).values["artist"].value.to_pylist() == ["Elbow"]


def test_no_refused_value_reaches_the_folder(tmp_path: Path) -> None:
    rows = [*ROWS, ("call Xanthippe Q at 030 1234567", "music", [(5, 16, "contact"), (20, 31, "number")])]
    write(fl.induce([lines(tmp_path / "rows.jsonl", rows)]), tmp_path / "induced", name="x", replay=True)
    written = "".join(path.read_text("utf-8") for path in (tmp_path / "induced").rglob("*") if path.is_file())
    assert "Xanthippe" not in written
    assert "1234567" not in written


def test_blanks_at_the_ends_of_spans_go_back_to_the_text(tmp_path: Path) -> None:
    rows = [("play  Air now", "music", [(4, 10, "artist")]), *ROWS]
    found = fl.induce([lines(tmp_path / "rows.jsonl", rows)])
    assert found.rows.trimmed == 1
    assert "Air" in found.values["artist"].value.to_pylist()
    assert again(found, tmp_path) == [(text, label) for text, label, _ in rows]


def test_other_names_of_keys_and_columns(tmp_path: Path) -> None:
    path = lines(tmp_path / "rows.jsonl", keys=("from", "until", "is"))
    with pytest.raises(fl.RecipeError, match="no key of the spans is their start"):
        fl.induce([path])
    found = fl.induce([path], shape=Shape(start="from", end="until", slot="is"))
    assert len(found.rows) == len(ROWS)
    assert fl.induce([lines(path, keys=("start_position", "end_position", "entity_type"))]).patterns.text


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        (Shape(text="txet"), "there is no column 'txet'; did you mean 'text'"),
        (Shape(text="spans"), "column 'spans' holds lists or records, not texts"),
        (Shape(label="spans"), "column 'spans' holds lists or records, not texts"),
        (Shape(label="lable"), "there is no column 'lable'; did you mean 'label'"),
        (Shape(spans="text"), "column 'text' holds string, not lists of records"),
        (Shape(slot="stot"), "spans have no key 'stot'"),
    ],
)
def test_wrong_names_are_one_clear_problem(tmp_path: Path, shape: Shape, said: str) -> None:
    with pytest.raises(fl.RecipeError, match=said):
        fl.induce([lines(tmp_path / "rows.jsonl")], shape=shape)


words = st.text(st.sampled_from("ab é{}%#\u00a0\U0001f600"), min_size=0, max_size=6)
pieces = st.lists(st.tuples(words, st.sampled_from(["x", "y", "A B"])), max_size=4)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(pieces, words, st.sampled_from(["one", "two"])), min_size=1, max_size=8))
def test_any_annotated_rows_come_back(drawn: Any) -> None:
    rows = [("go x", "one", [(3, 4, "x")])]  # a file without any span is refused
    for parts, last, label in drawn:
        text, spans = "", []
        for literal, slot in parts:
            text += literal
            spans.append((len(text), len(text) + 3, slot))
            text += "v" + literal.strip()[:1].ljust(1, "w") + slot[0]
        rows.append((f"{text}{last}.", label, spans))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = fl.induce([lines(folder / "rows.jsonl", rows)], keep_personal=True)
        assert again(found, folder) == [(text, label) for text, label, _ in rows]


def test_sentences_of_tokens_and_tags(tmp_path: Path) -> None:
    path = tmp_path / "rows.conll"
    path.write_text("Ann B-PER\nSmith I-PER\nmet O\nBob B-PER\n\nBob B-PER\nleft O\n", "utf-8")
    found = fl.induce([path], keep_personal=True)
    assert found.patterns.text.to_pylist() == ["{{ per }} met {{ per_2 }}", "{{ per }} left"]
    path.write_text("Ann PER\n", "utf-8")
    with pytest.raises(fl.RecipeError, match=r"rows\.conll, line 1: no token and tag"):
        fl.induce([path])


def test_the_command_writes_a_folder_that_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(text.replace("{now}", "now"), label, spans) for text, label, spans in ROWS]
    path = lines(tmp_path / "rows.jsonl", [*rows, ("play \x07", "music", [])])
    assert main(["induce", str(path), "-o", str(tmp_path / "induced")]) == 0
    said = capsys.readouterr().out
    assert "rows that the templates can write  7 (87.5%)" in said
    assert "control characters     1  8" in said
    assert main(["run", str(tmp_path / "induced"), "--to", str(tmp_path / "out"), "--set", "recipe.rows=4"]) == 0
    assert main(["induce", str(path), "-o", str(tmp_path / "induced")]) == 2
    assert "exists already" in capsys.readouterr().err
