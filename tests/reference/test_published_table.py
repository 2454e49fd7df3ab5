"""Every published set comes out as the docs say, and the gates count its known faults."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from types import ModuleType

HERE = Path(__file__).parent


def loaded() -> ModuleType:
    """The command that prints the table, as a module."""
    spec = importlib.util.spec_from_file_location("published_table", HERE / "table.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["published_table"] = module
    spec.loader.exec_module(module)
    return module


TABLE = loaded()
NAMES = [one.name for one in TABLE.SETS]
RESULTS: dict[str, Any] = {}


def result(name: str, shared: Path) -> Any:
    """What a set came to; each is made once."""
    if name not in RESULTS:
        RESULTS[name] = TABLE.compare(next(one for one in TABLE.SETS if one.name == name), shared)
    return RESULTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_the_page_says_what_came_out(name: str, shared: Path) -> None:
    found = result(name, shared)
    assert f"| {' | '.join(found.cells())} |\n" in TABLE.PAGE.read_text(encoding="utf-8")


def test_the_page_has_a_line_for_every_set_and_no_other() -> None:
    page = TABLE.PAGE.read_text(encoding="utf-8")
    lines = page.split(TABLE.BEGIN)[1].split(TABLE.END)[0].splitlines()[2:]
    assert [line.split("|")[1].strip() for line in lines] == NAMES


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("presidio")])
def test_every_row_comes_out(name: str, shared: Path) -> None:
    found = result(name, shared)
    assert found.matched == found.published
    assert found.in_order is not False


def test_presidio_comes_out_with_all_spans_but_for_edited_rows(shared: Path) -> None:
    assert result("presidio-research v2, with spans", shared).matched >= 1_390


@pytest.mark.parametrize(
    ("name", "gate", "count"),
    [
        ("CBBQ disease, ambiguous", "braces left in the context", 0),
        ("CBBQ disease, disambiguous", "braces left in the context", 8),
        ("CBBQ gender, ambiguous", "braces left in the context", 76),
        ("CBBQ gender, disambiguous", "braces left in the context", 68),
        ("presidio-research v2, with spans", "values that say there is none", 6),
        ("Jigsaw madlibs, English", "wrong articles", 11_635),
        ("Winogender", "wrong articles", 0),
    ],
)
def test_gates_count_the_faults(name: str, gate: str, count: int, shared: Path) -> None:
    assert result(name, shared).gates[gate] == count


def test_holisticbias_repeats_are_counted(shared: Path) -> None:
    found = result("HolisticBias v1.1", shared)
    assert round(found.gates["texts that come up again"] * found.published) == 3_430


def test_holisticbias_metadata_have_the_counts_of_the_authors(shared: Path, tmp_path: Path) -> None:
    """Rows by kind of phrase, and the rows that each rule leaves out of a full cross."""
    made = TABLE.made(TABLE.HOLISTIC, shared / "worked-holisticbias", tmp_path / "out")
    counts = {
        row["values"]: row["counts"] for row in made.table.column("template.phrase_type").value_counts().to_pylist()
    }
    assert counts == {
        "descriptor_noun": 476_008,
        "noun_descriptor": 78_208,
        "descriptor": 9_911,
        "fixed_phrase": 1_666,
        "noun": 832,
    }
    axes = {row["values"]: row["counts"] for row in made.table.column("axis").value_counts().to_pylist()}
    assert (len(axes), axes["body_type"], axes["null"]) == (14, 128_097, 832)
    assert all(count for count in made.manifest["excluded"]["rows"].values())
    assert made.manifest["excluded"]["levels"] == {"phrase": 98, "fixed": 94}


def test_wrong_articles_of_bbq_are_counted(shared: Path, tmp_path: Path) -> None:
    part = TABLE.Part("bbq/published.toml", {"row": "Age.jsonl"})
    run = TABLE.made(part, shared / "worked-bbq-age-religion", tmp_path / "out")
    gate = next(gate for gate in run.gates if gate.name == "wrong articles")
    faults = gate.detail["faults"]
    assert faults["a elderly"] + faults["a older"] == 84  # a vowel at the start of the text
    assert faults["an university"] == 12
    assert gate.value == 356  # the others are numbers: "a 82 year old man"


def test_faults_that_only_the_published_texts_of_presidio_have(shared: Path, tmp_path: Path) -> None:
    part = TABLE.Part("presidio/published.toml", {"row": "synth_dataset_v2.json"})
    run = TABLE.made(part, shared / "worked-presidio", tmp_path / "out")
    gates = {gate.name: gate for gate in run.gates}
    assert sorted(gates["wrongly decoded characters"].detail["found"].values()) == [5, 20]
    assert gates["braces left in the text"].value == 6
