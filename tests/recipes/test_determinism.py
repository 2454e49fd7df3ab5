"""The data are a pure function of the recipe: same digest whatever the workers, parts, hash seed or kills."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import fairloom as fl

SMALL = Path(__file__).parent / "small" / "recipe.toml"
BANK = Path(__file__).parents[2] / "docs" / "recipes" / "bank-intents" / "recipe.toml"
GOLDEN = "sha256:c33e3c225dfba958bce717536fa1855bb9ba6dd6be0b8f3968b016ba192141d3"
KILLS = 20


def made(folder: Path, *sets: str, workers: int = 1) -> fl.Run:
    return fl.Recipe.load(SMALL, set=sets).run(folder, workers=workers)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> fl.Run:
    return made(tmp_path_factory.mktemp("whole") / "run")


def test_the_golden_digest(whole: fl.Run) -> None:
    """Changes only together with a news fragment of type `data`."""
    assert whole.status == "passed"
    assert whole.digest == GOLDEN


# A part of 65,536 rows is all there is, and so is one worker's.
@pytest.mark.parametrize(("workers", "part_rows"), [(1, 101), (1, 500), (1, 65_536), (2, 101), (2, 500), (4, 101)])
def test_workers_and_part_size_change_nothing(tmp_path: Path, whole: fl.Run, workers: int, part_rows: int) -> None:
    assert made(tmp_path / "run", f"parts.rows={part_rows}", workers=workers).digest == whole.digest


def test_workers_keep_the_order_of_the_recipe(tmp_path: Path) -> None:
    """Factors in another order are another design; a recipe sent to workers must keep it."""
    recipe = fl.Recipe.load(BANK, profile="smoke")
    alone, helped = recipe.run(tmp_path / "alone"), recipe.run(tmp_path / "helped", workers=2)
    assert alone.digest == helped.digest
    data = dict(recipe.resolved)
    data["factors"] = dict(reversed(data["factors"].items()))
    turned = fl.Recipe.from_data(data, recipe.root)
    with pytest.raises(fl.RecipeError, match="the recipe changed"):
        turned.run(tmp_path / "alone")


def test_a_script_needs_no_guard_to_use_workers(tmp_path: Path, whole: fl.Run) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, fairloom as fl\nprint(fl.Recipe.load(sys.argv[1]).run(sys.argv[2], workers=2).digest)",
        encoding="utf-8",
    )
    command = [sys.executable, str(script), str(SMALL), str(tmp_path / "run")]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    assert said.stdout.strip() == whole.digest


def test_a_plugged_in_executor_makes_the_same(tmp_path: Path, whole: fl.Run) -> None:
    folder = _copy(tmp_path, SMALL.read_text(encoding="utf-8"))
    (folder / "backwards.py").write_bytes((SMALL.parents[1] / "backwards.py").read_bytes())
    run = fl.Recipe.load(folder / "recipe.toml").run(tmp_path / "run", executor="./backwards.py:backwards")
    assert run.digest == whole.digest


@pytest.mark.parametrize("hash_seed", ["0", "1", "4242"])
def test_a_fresh_interpreter_with_any_hash_seed_makes_the_same(tmp_path: Path, whole: fl.Run, hash_seed: str) -> None:
    command = [sys.executable, "-m", "fairloom", "run", str(SMALL), "--to", str(tmp_path / "run"), "--quiet"]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed})
    assert fl.Run.open(tmp_path / "run").digest == whole.digest


@pytest.mark.parametrize("workers", ["1", "2"])
def test_killed_at_random_moments_and_resumed(tmp_path: Path, whole: fl.Run, workers: str) -> None:
    """SIGKILL twenty times over both cases: half at any moment, half just after another part was finished."""
    chance = random.Random(20261123 + int(workers))
    # Slow in the filter only: its verdicts, and so the rows, stay what they are.
    slowed = ["--set", "step.picky.slow=0.004", "--set", "parts.rows=120", "--workers", workers]
    command = [sys.executable, "-m", "fairloom", "run", str(SMALL), "--to", str(tmp_path / "run"), "--quiet", *slowed]
    journal = tmp_path / "run" / ".work" / "journal.jsonl"
    reached = []
    for number in range(KILLS // 2):
        process = subprocess.Popen(command, stderr=subprocess.PIPE)
        if number % 2:
            before = _lines(journal)
            _until(lambda before=before: _lines(journal) > before)  # type: ignore[misc]
        time.sleep(chance.uniform(0.0, 0.4 if number % 2 else 1.0))
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        assert process.returncode == -signal.SIGKILL, f"ended before it was killed: {said.decode()}"
        reached.append(_lines(journal))
    assert reached == sorted(reached), "a restart lost finished parts"
    assert reached[-1] >= KILLS // 4
    subprocess.run(command, check=True)
    assert _rows(tmp_path / "run") == _rows(whole.path)


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n") if journal.exists() else 0


def _rows(folder: Path) -> list[dict[str, object]]:
    return list(fl.Run.open(folder).table.to_pylist())


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_stops_within_two_seconds_and_resumes(tmp_path: Path, whole: fl.Run, workers: str) -> None:
    slowed = ["--set", "step.picky.slow=0.002", "--set", "parts.rows=200", "--workers", workers]
    command = [sys.executable, "-m", "fairloom", "run", str(SMALL), "--to", str(tmp_path / "run"), "--quiet", *slowed]
    journal = tmp_path / "run" / ".work" / "journal.jsonl"
    for _ in range(3):  # where a machine is busy with something else, another go may be quicker
        seconds, before = _stopped(command, journal)
        assert _lines(journal) >= before
        if seconds < 2.0:
            break
    assert seconds < 2.0
    subprocess.run(command, check=True, capture_output=True)
    assert _rows(tmp_path / "run") == _rows(whole.path)


def _stopped(command: list[str], journal: Path) -> tuple[float, int]:
    """Press Ctrl-C when two more parts are finished: the seconds until the run stops, and all parts finished before."""
    before = _lines(journal) + 2
    process = subprocess.Popen(command, stderr=subprocess.PIPE, start_new_session=True)
    _until(lambda: _lines(journal) >= before)
    asked = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    seconds = time.monotonic() - asked
    assert process.returncode == 130, said.decode()
    assert b"finished parts are kept" in said
    assert b"To go on: " in said
    return seconds, before


def _until(condition: object, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.01)
    pytest.fail("the run never got going")


def test_adding_a_step_leaves_the_other_draws_alone(tmp_path: Path, whole: fl.Run) -> None:
    """A filter that keeps everything, put in front, changes no row."""
    text = SMALL.read_text(encoding="utf-8").replace(
        '[[step]]\nfilter = "text.length"',
        '[[step]]\nname = "idle"\nfilter = "./my_filters.py:picky"\nshare = 0.0\n\n[[step]]\nfilter = "text.length"',
    )
    folder = _copy(tmp_path, text)
    assert fl.Recipe.load(folder / "recipe.toml").run(tmp_path / "run").digest == whole.digest


def _copy(tmp_path: Path, recipe: str) -> Path:
    folder = tmp_path / "recipe"
    folder.mkdir()
    for file in SMALL.parent.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    (folder / "recipe.toml").write_text(recipe, encoding="utf-8")
    return folder


def test_another_seed_makes_other_rows(tmp_path: Path, whole: fl.Run) -> None:
    assert made(tmp_path / "run", "recipe.seed=8").digest != whole.digest
