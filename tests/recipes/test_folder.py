"""The run folder: verified to the byte, one writer, and nothing lost when something is wrong."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.reading.inputs import file_digest
from fairloom.verify import rebuild, verify
from fairloom.weaving.manifest import sealed
from fairloom.weaving.parts import part_specs

SMALL = Path(__file__).parent / "small" / "recipe.toml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished") / "run"
    fl.Recipe.load(SMALL).run(folder)
    return folder


@pytest.fixture
def run_folder(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def test_everything_the_design_promises_is_there(finished: Path) -> None:
    names = {path.name for path in finished.iterdir()}
    assert {
        "data",
        "rejected",
        "manifest.json",
        "measurements.json",
        "certificate.json",
        "report.html",
        "README.md",
        "croissant.json",
    } <= names
    assert ".work" not in names


def test_a_good_run_verifies(finished: Path) -> None:
    assert verify(finished) == []


def test_any_changed_byte_is_found(run_folder: Path) -> None:
    # The log holds times and process facts; it is the one file that is not part of what was made.
    files = [path for path in sorted(run_folder.rglob("*")) if path.is_file() and path.name != "log.jsonl"]
    assert len(files) > 8
    for path in files:
        good = path.read_bytes()
        middle = len(good) // 2
        path.write_bytes(good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :])
        found = verify(run_folder)
        assert found, path
        assert any(path.relative_to(run_folder).as_posix() == problem.file for problem in found)
        path.write_bytes(good)
    assert verify(run_folder) == []


def test_lost_and_added_files_are_found(run_folder: Path) -> None:
    part = next((run_folder / "data").rglob("*.parquet"))
    shutil.copy(part, part.with_name("part-99999.parquet"))
    (run_folder / "report.html").unlink()
    files = {problem.file for problem in verify(run_folder)}
    assert files == {"report.html", part.with_name("part-99999.parquet").relative_to(run_folder).as_posix()}


def test_rows_altered_with_their_digests_are_found(run_folder: Path) -> None:
    """Somebody who repairs the file digests still cannot repair the content digest without rerunning."""
    part = next((run_folder / "data").rglob("*.parquet"))
    table = pq.read_table(part)
    pq.write_table(table.slice(1), part)
    manifest = json.loads((run_folder / "manifest.json").read_text(encoding="utf-8"))
    record = next(r for r in manifest["files"] if r["path"] == part.relative_to(run_folder).as_posix())
    record |= {"sha256": file_digest(part), "bytes": part.stat().st_size}
    (run_folder / "manifest.json").write_text(json.dumps(sealed(manifest)), encoding="utf-8")
    assert any("rows have digest" in problem.message for problem in verify(run_folder))


def test_rebuilt_from_the_manifest(finished: Path) -> None:
    assert rebuild(finished) == []


def test_a_recipe_that_reads_no_file_is_rebuilt_from_the_manifest_alone(tmp_path: Path) -> None:
    minimal = Path(__file__).parents[2] / "docs" / "recipes" / "minimal" / "recipe.toml"
    path = Path(shutil.copy(minimal, tmp_path / "recipe.toml"))
    fl.Recipe.load(path).run(tmp_path / "run")
    path.unlink()
    assert rebuild(tmp_path / "run") == []


def test_a_rebuild_says_which_input_changed(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SMALL.parent, tmp_path / "recipe"))
    fl.Recipe.load(folder / "recipe.toml").run(tmp_path / "run")
    people = folder / "people.csv"
    people.write_text(people.read_text(encoding="utf-8").replace("Astrid", "Ragnhild"), encoding="utf-8")
    problems = rebuild(tmp_path / "run")
    assert any(problem.file == "people.csv" and "changed" in problem.message for problem in problems)


def test_running_again_changes_nothing(run_folder: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run_folder.rglob("*")}
    fl.Recipe.load(SMALL).run(run_folder)
    assert {path: path.stat().st_mtime_ns for path in run_folder.rglob("*")} == before


def test_another_recipe_is_refused_and_fresh_replaces(run_folder: Path) -> None:
    other = fl.Recipe.load(SMALL, set=["recipe.seed=99"])
    with pytest.raises(fl.RecipeError, match="holds another run") as caught:
        other.run(run_folder)
    assert "--fresh" in str(caught.value)
    assert verify(run_folder) == []
    other.run(run_folder, fresh=True)
    assert fl.Run.open(run_folder).manifest["seed"] == 99


def test_a_folder_with_other_things_is_refused_and_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("precious", encoding="utf-8")
    with pytest.raises(fl.RecipeError, match=r"thesis\.txt"):
        fl.Recipe.load(SMALL).run(tmp_path, fresh=True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_in_use_is_refused(tmp_path: Path) -> None:
    holder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        with pytest.raises(fl.RunError, match="in use"):
            fl.Recipe.load(SMALL).run(tmp_path)
    finally:
        os.close(holder)


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """A file size limit stands in for a full disk: the write fails in the same place."""
    code = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "from fairloom.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    command = ["run", str(SMALL), "--to", str(tmp_path / "run"), "--quiet"]
    limited = subprocess.run([sys.executable, "-c", code, *command], capture_output=True, text=True, check=False)
    assert limited.returncode == 3, limited.stderr
    assert "finished parts are kept" in limited.stderr
    assert "Traceback" not in limited.stderr
    subprocess.run([sys.executable, "-m", "fairloom", *command], check=True)
    assert verify(tmp_path / "run") == []


def test_a_damaged_part_is_made_again(tmp_path: Path) -> None:
    """A part whose bytes no longer match the journal is not trusted."""
    recipe = fl.Recipe.load(SMALL)
    code = (
        "import os, sys\nimport fairloom.weaving.engine as engine\n"
        "engine.final_pass = lambda *a: os._exit(9)\n"
        "from fairloom.cli import main; main(sys.argv[1:])"
    )
    command = ["run", str(SMALL), "--to", str(tmp_path / "run"), "--quiet"]
    stopped = subprocess.run([sys.executable, "-c", code, *command], check=False)
    assert stopped.returncode == 9
    part = tmp_path / "run" / ".work" / "parts" / "0-00001.arrow"
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 0xFF
    part.write_bytes(bytes(data))
    again = recipe.run(tmp_path / "run")
    assert again.digest == fl.Recipe.load(SMALL).run(tmp_path / "other").digest
    assert len(part_specs(2400, 1, 500)) == 5
