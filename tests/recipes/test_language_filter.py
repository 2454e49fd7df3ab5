"""The filter that discriminates: caught by the audit, made up for by refill or trim, cured by a mask."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

import fairloom as fl
from fairloom.cli import main
from fairloom.testing import sample_tools
from fairloom_text import language

ROOT = Path(__file__).parents[2]
RECIPE = ROOT / "docs" / "recipes" / "language-filter" / "recipe.toml"
PAGE = ROOT / "docs" / "how-to" / "when-a-filter-discriminates.md"
ORIGINS = ("anglo", "polish", "turkish", "west_african")
CELL = ("label", "person.gender", "person.origin")
WARN = "gate.origin.on_fail=warn"


@pytest.fixture(scope="module")
def refilled(tmp_path_factory: pytest.TempPathFactory) -> fl.Run:
    return made(tmp_path_factory.mktemp("language"), WARN)


def made(folder: Path, *sets: str) -> fl.Run:
    return fl.Recipe.load(RECIPE, set=list(sets)).run(folder / "run")


def rates(run: fl.Run) -> dict[str, float]:
    (entry,) = (e for e in run.measurements["audit"] if (e["step"], e["axis"]) == ("english", "person.origin"))
    return {group["name"]: group["rate"] for group in entry["groups"]}


def counted(run: fl.Run, *axes: str) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(run.table[axis].to_pylist() for axis in axes), strict=True))


def test_the_gate_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(RECIPE), "--to", str(tmp_path / "out")]) == 1
    said = capsys.readouterr().out
    assert re.search(r"origin +0\.\d+ +at least 0\.8 +failed\n", said)
    assert re.search(r"english by person.origin: 0\.\d+ \(fair from 0\.8\), p < 0\.001", said)


def test_the_audit_tells_the_rate_of_every_origin(refilled: fl.Run) -> None:
    found = rates(refilled)
    assert tuple(found) == ORIGINS
    assert found["anglo"] > 0.95
    assert found["polish"] < 0.6
    gate = next(gate for gate in refilled.gates if gate.name == "origin")
    assert gate.value == min(found.values()) / max(found.values())


def test_refill_makes_the_counts_equal(refilled: fl.Run) -> None:
    assert refilled.status == "passed"
    assert set(counted(refilled, *CELL).values()) == {50}
    assert set(counted(refilled, "person.origin").values()) == {300}
    # What is declared independent of the origin stays so, whatever the filter thinks of a template.
    assert set(counted(refilled, "person.origin", "template").values()) == {50}


def test_a_kept_row_costs_as_many_attempts_as_the_rate_says(refilled: fl.Run) -> None:
    attempts = Counter[str]()
    for origin, attempt in zip(refilled.table["person.origin"].to_pylist(), refilled.table["attempt"], strict=True):
        attempts[origin] += attempt.as_py() + 1
    kept = counted(refilled, "person.origin")
    for origin, rate in rates(refilled).items():
        assert attempts[origin] / kept[origin,] == pytest.approx(1 / rate)


def test_the_page_tells_the_measured_rates(refilled: fl.Run) -> None:
    told = re.findall(r"^\| (\w+) \| (\d+) % \| ([\d.]+) \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert told == [(origin, f"{rate:.0%}"[:-1], f"{1 / rate:.2f}") for origin, rate in rates(refilled).items()]


def test_the_filter_still_chooses_among_the_names(refilled: fl.Run) -> None:
    """Planned is every name of a stratum alike; the page says that refill does not keep that."""
    names = {origin: Counter[str]() for origin in ORIGINS}
    for origin, person in zip(*(refilled.table[axis].to_pylist() for axis in ("person.origin", "person")), strict=True):
        names[origin][person] += 1
    assert max(names["polish"].values()) > 5 * min(names["polish"].values())
    assert max(names["anglo"].values()) < 2 * min(names["anglo"].values())


def test_trim_keeps_the_cells_equal_where_attempts_are_bounded(tmp_path: Path) -> None:
    run = made(tmp_path, WARN, "design.attempts=4", 'design.on_shortfall="trim"')
    assert run.status == "passed"
    assert len(set(counted(run, *CELL).values())) == 1
    assert len(set(counted(run, "person.origin").values())) == 1
    trimmed = run.certificate["trimmed"]
    missing = sum(cell["missing"] for cell in run.manifest["shortfall"])
    assert run.table.num_rows + trimmed["rows"] + missing == 1200
    assert trimmed["worst_cell"]["person.origin"] == "polish"


def test_bounded_attempts_without_trim_are_a_named_shortfall(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = ["--set", WARN, "--set", "design.attempts=1"]
    assert main(["run", str(RECIPE), "--to", str(tmp_path / "out"), *sets]) == 1
    assert re.search(r"person.origin=polish +\d+ +english: not en \(\d+\)", capsys.readouterr().out)


def test_hiding_the_name_cures_it(tmp_path: Path) -> None:
    run = made(tmp_path, 'step.english.mask=["person"]')
    assert run.status == "passed"
    assert min(rates(run).values()) > 0.97


def test_the_verdicts_do_not_depend_on_the_workers(refilled: fl.Run, tmp_path: Path) -> None:
    again = fl.Recipe.load(RECIPE, set=[WARN, "parts.rows=300"]).run(tmp_path / "run", workers=2)
    assert again.digest == refilled.digest


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('language="xx"', "the detector knows no language 'xx'"),
        ("min_score=2", "min_score is 0 to 1, got 2"),
        ('mask=["persn"]', "'persn' is no factor that could fill a slot; did you mean 'person'?"),
        ('field="body"', "the task has no field 'body'"),
    ],
)
def test_wrong_settings_are_said(setting: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", str(RECIPE), "--set", f"step.english.{setting}"]) == 2
    assert said in capsys.readouterr().err


def test_an_unsure_verdict_can_be_refused(tmp_path: Path) -> None:
    sure = fl.Recipe.load(RECIPE, set=[WARN, "step.english.min_score=0.9", "recipe.rows=240"]).run(tmp_path / "run")
    (english,) = (step for step in sure.manifest["counts"]["steps"] if step["name"] == "english")
    assert set(english["reasons"]) == {"not en", "en below 0.9"}


def test_without_the_detector_it_says_what_to_install(tmp_path: Path) -> None:
    """In a process of its own, for a detector once loaded stays."""
    (tmp_path / "py3langid.py").write_text("raise ImportError", encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from fairloom.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code, "check", str(RECIPE)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert 'pip install "fairloom[language]"' in done.stderr
    assert "english" in done.stderr or "step[1]" in done.stderr


def test_missing_texts_are_no_language() -> None:
    judged = language.build(language.Language(), sample_tools()).judge(
        pa.RecordBatch.from_pydict({"text": ["Where is my parcel?", None, "Gdzie jest moja paczka?"]})
    )
    assert judged.to_pylist() == [None, "missing", "not en"]
