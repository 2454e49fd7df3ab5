"""The benchmarks are run by hand; at least they can be."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(path for path in FOLDER.glob("*.py") if not path.name.startswith("beside_"))
"""Those that start with ``beside_`` run in environments of other programs, and import these."""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_a_benchmark_still_imports_what_it_measures(script: Path) -> None:
    assert runpy.run_path(str(script), run_name="not_main")


def test_a_small_whole_run_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    names = runpy.run_path(str(next(script for script in SCRIPTS if script.stem == "pipeline")), run_name="not_main")
    names["data_path"](2_000)
    names["whole_run"](2_000)
    assert "2,000 rows" in capsys.readouterr().out
