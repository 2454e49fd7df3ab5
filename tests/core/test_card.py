"""The dataset card and the Croissant metadata."""

from __future__ import annotations

import hashlib
import json
import warnings

import pyarrow.parquet as pq
import pytest

from fairloom.showing import card, croissant


@pytest.fixture(scope="module")
def passed(made_runs, tmp_path_factory):
    return made_runs.build(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def hostile(made_runs, tmp_path_factory):
    return made_runs.build(tmp_path_factory.mktemp("run"), status="held", hostile=True)


def front_matter(text):
    yaml = pytest.importorskip("yaml")
    _, head, body = text.split("---\n", 2)
    return yaml.safe_load(head), body


def test_front_matter_is_what_hugging_face_reads(passed):
    head, _ = front_matter(card.readme(passed))
    assert head == {
        "pretty_name": "bank-intents",
        "license": "cc-by-4.0",
        "task_categories": ["text-classification"],
        "size_categories": ["n<1K"],
        "tags": ["synthetic", "fairloom"],
        "configs": [
            {
                "config_name": "default",
                "data_files": [
                    {"split": "train", "path": "data/train/*.parquet"},
                    {"split": "test", "path": "data/test/*.parquet"},
                ],
            }
        ],
    }


@pytest.mark.parametrize(
    ("rows", "size"),
    [(0, "n<1K"), (999, "n<1K"), (1000, "1K<n<10K"), (2_000_000, "1M<n<10M"), (5 * 10**9, "1B<n<10B")],
)
def test_sizes(rows, size):
    assert card._size(rows) == size


def test_an_unknown_licence_keeps_its_name():
    assert card._licence("Our own: v2") == {"license": "other", "license_name": "Our own: v2"}
    assert card._licence("") == {"license": "unknown"}


def test_the_card_has_every_section_and_says_what_failed(hostile):
    text = card.readme(hostile)
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "What a row holds",
        "How it was made",
        "Balance reached",
        "Filters and rejections",
        "Gates",
        "Intended use",
        "Limits",
        "Verify and rebuild",
        "Files",
    ]
    assert "- Gate duplicates not computed: the metric needs two rows or more" in text
    assert "- 2 planned rows are missing" in text


def test_every_column_is_explained_and_one_row_shown(passed, hostile):
    held = card.readme(passed).split("## What a row holds")[1].split("## ")[0]
    assert "| id | text | the name of the row |" in held
    assert "| person.gender | text | the attribute gender of the planned level of person |" in held
    shown = json.loads(held.split("```json")[1].split("```")[0])
    rows = [row for file in (passed / "data").rglob("*.parquet") for row in pq.read_table(file).to_pylist()]
    assert shown in rows
    assert held.count("\n| ") == 2 + len(shown), "a line for every column"
    assert json.loads(card.readme(hostile).split("```json")[1].split("```")[0])["id"]


def test_whoever_rebuilds_needs_the_files_that_the_recipe_reads(made_runs, tmp_path):
    folder = made_runs.build(tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    name = manifest["inputs"][0]["path"]
    text = card.readme(folder)
    assert "fairloom verify . --rebuild --recipe DIR" in text
    assert f"the files it reads: `{name}`" in text
    alone = {**manifest, "inputs": [], "plugins": []}
    (folder / "manifest.json").write_text(json.dumps(alone), "utf-8")
    assert "--recipe DIR" not in card.readme(folder)


def test_what_a_generator_refused_is_in_the_card(made_runs, tmp_path):
    folder = made_runs.build(tmp_path / "run")
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    writer = next(step for step in manifest["counts"]["steps"] if step["kind"] == "generate")
    assert f"| {writer['name']} |" not in card.readme(folder).split("## Filters")[1].split("Share kept")[0]
    writer |= {"rejected": 7, "reasons": {"ambiguous: her": 7}}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    assert f"| {writer['name']} | {writer['seen']} | 7 | ambiguous: her (7) |" in card.readme(folder)


def test_hostile_texts_stay_in_their_cells(hostile):
    text = card.readme(hostile)
    assert "<script" not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    line = next(line for line in text.splitlines() if line.startswith("| card\\_lost"))
    assert line.replace("\\|", "").count("|") == 4
    assert "\\[a\\](javascript" in line


def test_code_spans_cannot_be_left():
    assert card.code("a`b|c") == "`a\u02bcb\u2223c`"
    assert card.code("text.near_duplicate") == "`text.near_duplicate`"


def test_croissant_names_every_file_with_its_digest(passed):
    described = croissant.describe(passed)
    assert described["conformsTo"] == "http://mlcommons.org/croissant/1.1"
    files = [one for one in described["distribution"] if one["@type"] == "cr:FileObject"]
    for one in files:
        assert one["sha256"] == hashlib.sha256((passed / one["contentUrl"]).read_bytes()).hexdigest()
    parts = described["distribution"][-1]
    assert parts["includes"] == ["data/train/*.parquet", "data/test/*.parquet"]


def test_croissant_describes_every_column(passed):
    (rows,) = croissant.describe(passed)["recordSet"]
    kinds = {field["name"]: (field["dataType"], field.get("repeated", False)) for field in rows["field"]}
    assert kinds["family"] == ("sc:Integer", False)
    assert kinds["label"] == ("sc:Text", False)
    assert "text.spans" not in kinds
    assert "The column text.spans holds values of the Arrow type list<" in rows["description"]
    assert rows["key"] == {"@id": "rows/id"}


def test_both_are_written(hostile):
    readme, metadata = card.write(hostile)
    assert readme.read_text("utf-8") == card.readme(hostile)
    assert json.loads(metadata.read_text("utf-8")) == croissant.describe(hostile)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of what it is made of
        mlcroissant = pytest.importorskip("mlcroissant")
        mlcroissant.Dataset(metadata)
