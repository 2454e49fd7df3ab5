"""What people see of the certificate: run summary, report, card and diff of a run that had to trim."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

import fairloom as fl
from fairloom.cli import main, summary

SMALL = Path(__file__).parent / "small" / "recipe.toml"
FILTER = '{filter="./my_filters.py:unfair", name="unfair", target="quiet", share=0.6}'
SETS = (
    f'step=[{{generate="template"}}, {FILTER}, {{filter="text.duplicates"}}]',
    "recipe.rows=607",
    "design.attempts=3",
    'design.on_shortfall="trim"',
    'export.split={ train = 0.5, test = 0.5, together = ["template"] }',
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("shown") / "run"
    fl.Recipe.load(SMALL, set=SETS).run(place)
    return place


def test_each_line_of_the_summary_adds_up(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    read = {
        name: json.loads((folder / f"{name}.json").read_text()) for name in ("manifest", "measurements", "certificate")
    }
    summary.show(read["manifest"], read["measurements"], read["certificate"], folder)
    said = capsys.readouterr().out
    lines = [line for line in said.splitlines() if " planned, " in line]
    assert any(line.startswith("  label=quiet: ") for line in lines)
    for line in lines:
        first, rest = line.split(" = ")
        planned, *lost = (
            int(number.replace(",", "")) for number in re.findall(r"([\d,]+) (?:planned|given|trimmed)", first)
        )
        assert planned - sum(lost) == int(rest.split(";")[0].replace(",", ""))
    assert "cost 2." in said


def test_report_and_card_tell_it_too(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for title in ("Planned and reached", "Difference", "Empty cells", "Simpson reversals", "Splits", "Made per row"):
        assert title in text
    assert "rows of 11 cells were trimmed" in " ".join(text.split())
    assert "were given up and" in (folder / "README.md").read_text()


def test_diff_sets_the_certificates_side_by_side(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    fl.Recipe.load(SMALL, set=["recipe.rows=607"]).run(other)
    assert main(["diff", str(folder), str(other)]) == 1
    said = capsys.readouterr().out
    assert re.search(r"pair +V before +V after +gap before +gap after +p before +p after", said)
    assert re.search(r"trimmed +\d+ +0\n", said)
    assert main(["diff", str(other), str(other)]) == 0
