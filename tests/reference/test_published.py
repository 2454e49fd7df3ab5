"""Published datasets come out of a recipe row for row and in order, and the gates find what is wrong with them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import fairloom as fl

if TYPE_CHECKING:
    from collections.abc import Iterable

HERE = Path(__file__).parent


def run(name: str, tables: dict[str, Path], data: Path, out: Path) -> Any:
    """Run ``NAME/recipe.toml`` with the published tables, one per factor, read in place."""
    overrides = [f"factors.{factor}.from='{path}'" for factor, path in tables.items()]
    recipe = fl.Recipe.load(HERE / name / "recipe.toml", set=overrides)
    return recipe.run(out, allow=[data])


def rows_of(table: Any, *columns: str) -> Iterable[tuple[str, ...]]:
    """The rows of the run in order, as tuples of these columns."""
    return zip(*(table.column(column).to_pylist() for column in columns), strict=True)


def published(path: Path, delimiter: str) -> list[tuple[str, ...]]:
    """The published rows without the header."""
    with path.open(encoding="utf-8", newline="") as file:
        return [tuple(row) for row in csv.reader(file, delimiter=delimiter)][1:]


@pytest.fixture(scope="module")
def winogender(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    data = shared / "worked-winogender"
    return run("winogender", {"template": data / "templates.tsv"}, data, tmp_path_factory.mktemp("winogender") / "out")


@pytest.fixture(scope="module")
def jigsaw(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    data = shared / "worked-jigsaw-madlibs"
    slots = ("verb", "name", "adjective", "identity", "quality", "occupation")
    tables = {"template": data / "sentence_templates.csv", **dict.fromkeys(slots, data / "words.csv")}
    return run("jigsaw-madlibs", tables, data, tmp_path_factory.mktemp("jigsaw") / "out")


def test_winogender_comes_out_row_for_row(winogender: Any, shared: Path) -> None:
    wanted = published(shared / "worked-winogender" / "all_sentences.tsv", "\t")
    found = list(rows_of(winogender.table, "sentid", "text"))
    assert len(found) == len(wanted) == 720
    assert found == wanted


def test_winogender_passes_every_gate(winogender: Any) -> None:
    assert failed(winogender) == []
    assert gate_of(winogender, "pronoun x answer").value == 0.0
    assert gate_of(winogender, "wrong articles").value == 0


def test_winogender_spans_hold_the_pronoun(winogender: Any) -> None:
    """Every sentence has the pronoun exactly where its span says."""
    slots = ("pronoun.they", "pronoun.them", "pronoun.their")
    for text, spans in rows_of(winogender.table, "text", "text.spans"):
        said = [span for span in spans if span["slot"] in slots]  # type: ignore[index]
        assert len(said) == 1
        assert text[said[0]["start"] : said[0]["end"]] == said[0]["value"]  # type: ignore[index]


def test_jigsaw_comes_out_row_for_row(jigsaw: Any, shared: Path) -> None:
    wanted = published(shared / "worked-jigsaw-madlibs" / "madlibs.csv", ",")
    found = list(rows_of(jigsaw.table, "template.pattern", "template.toxicity", "text"))
    assert len(found) == len(wanted) == 76_564
    differing = [(a, b) for a, b in zip(found, wanted, strict=True) if a != b]
    assert differing == []


def test_jigsaw_identity_says_nothing_about_toxicity(jigsaw: Any) -> None:
    assert "identity x toxicity" not in failed(jigsaw)
    assert gate_of(jigsaw, "identity x toxicity").value == 0.0


def test_jigsaw_gates_find_the_wrong_articles(jigsaw: Any) -> None:
    gate = gate_of(jigsaw, "wrong articles")
    assert gate.value == 11_635
    groups = gate.detail["by"]
    assert {name: group["wrong"] for name, group in groups.items()} == {"toxic": 6_981, "nontoxic": 4_654}


def test_jigsaw_gates_find_the_template_share(jigsaw: Any) -> None:
    assert gate_of(jigsaw, "largest pattern").value == 72_000 / 76_564


def test_faults_that_only_warn_do_not_fail_the_run(jigsaw: Any) -> None:
    assert failed(jigsaw) == ["largest pattern", "wrong articles"]
    assert jigsaw.manifest["status"] == "passed"


def gate_of(run: Any, name: str) -> Any:
    """The verdict of one gate."""
    return next(gate for gate in run.gates if gate.name == name)


def failed(run: Any) -> list[str]:
    """The names of the gates that did not hold, warnings too."""
    return [gate.name for gate in run.gates if gate.status != "passed"]
