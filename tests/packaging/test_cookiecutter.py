"""A third party from the first day: a generated plugin, installed beside fairloom in a fresh environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pyarrow.parquet as pq
import pytest
import tomli
from cookiecutter.main import cookiecutter

ANSWERS = {"name": "Hello There", "author": 'Ada "Countess" Lovelace', "description": "Greets <people> & \\ friends"}


@attrs.frozen
class Third:
    """A generated project and the environment it is installed in."""

    project: Path
    python: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """A command of that environment's Python, which sees nothing of this checkout."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PYTEST_"))}
        return subprocess.run(
            [self.python, "-P", *command],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture(scope="module")
def third(
    tmp_path_factory: pytest.TempPathFactory,
    repository: Path,
    fairloom_wheel: Path,
    wheel_of: Callable[[Path, Path], Path],
) -> Third:
    """Generate, build, install. No network: dependencies are those of the running environment."""
    folder = tmp_path_factory.mktemp("third")
    config = folder / "cookiecutter.yaml"
    # Without these two, cookiecutter writes to the home directory.
    config.write_text(f"cookiecutters_dir: {folder / 'cache'}\nreplay_dir: {folder / 'replay'}\n")
    project = Path(
        cookiecutter(
            str(repository / "cookiecutter-plugin"),
            no_input=True,
            extra_context=ANSWERS,
            output_dir=str(folder),
            config_file=str(config),
        )
    )
    home = folder / "environment"
    venv.create(home, with_pip=False, symlinks=os.name != "nt")
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    wheels = [str(fairloom_wheel), str(wheel_of(project, folder / "dist"))]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", *wheels], check=True, capture_output=True)
    # Only now: the packages fairloom depends on, by path, so that nothing is downloaded. The path file of an
    # editable install is not followed from here, so this checkout stays out of sight.
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(home)}))
    visible = [path for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
    (site / "dependencies.pth").write_text("\n".join(visible))
    return Third(project, python)


def test_at_most_three_questions(repository: Path) -> None:
    asked = json.loads((repository / "cookiecutter-plugin" / "cookiecutter.json").read_text("utf-8"))
    assert len([name for name in asked if not name.startswith("_")]) <= 3
    assert not (repository / "cookiecutter-plugin" / "hooks").exists()


def test_nothing_is_kept_in_the_home_directory(third: Third) -> None:
    """The answers to be replayed went where the configuration says."""
    assert [file.name for file in (third.project.parent / "replay").iterdir()] == ["cookiecutter-plugin.json"]


def test_what_is_generated(third: Third) -> None:
    project = tomli.loads((third.project / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["name"] == "fairloom-hello-there"
    assert project["description"] == ANSWERS["description"]
    assert project["authors"] == [{"name": ANSWERS["author"]}]
    assert project["entry-points"]["fairloom"] == {"hello_there": "fairloom_hello_there"}
    assert (third.project / "fairloom_hello_there.py").is_file()


def test_both_are_installed_and_neither_is_this_checkout(third: Third, repository: Path) -> None:
    code = (
        "import fairloom, fairloom_hello_there as own; from fairloom.plugging.installed import installed;"
        "print(fairloom.__file__); print(own.__file__); print(*(f'{c.name}={c.distribution}' for c in installed()))"
    )
    done = third.run("-c", code)
    assert done.returncode == 0, done.stderr
    core, own, claims = done.stdout.splitlines()
    for place in (core, own):
        assert not Path(place).is_relative_to(repository / "core")
        assert not Path(place).is_relative_to(third.project)
    assert "hello_there=fairloom-hello-there" in claims.split()
    assert "text=fairloom" in claims.split()


def test_its_own_tests_pass(third: Third) -> None:
    done = third.run("-m", "pytest", "-q", "-p", "no:cacheprovider", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def made(third: Third, out: Path, *options: str) -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
    """The exit code of a run of its recipe, the manifest, and the rows."""
    done = third.run("-m", "fairloom", "run", "recipe/recipe.toml", "--to", str(out), *options)
    assert (out / "manifest.json").is_file(), done.stdout + done.stderr
    manifest = json.loads((out / "manifest.json").read_text("utf-8"))
    return done.returncode, manifest, pq.read_table(out / "data").to_pylist()


def test_its_recipe_runs(third: Third, tmp_path: Path) -> None:
    code, manifest, rows = made(third, tmp_path / "out")
    assert (code, manifest["status"], manifest["shortfall"]) == (0, "passed", [])
    own = {"name": "hello_there", "distribution": "fairloom-hello-there", "version": "0.1.0"}
    assert own in manifest["identity"]["plugins"]
    assert Counter((row["label"], row["person"]) for row in rows) == {
        (label, person): 5 for label in ("formal", "casual") for person in ("Ada", "Grace", "Alan", "Linus")
    }
    greetings = {"formal": "Good day", "casual": "Hello"}
    assert all(row["text"].startswith(f"{greetings[row['label']]} {row['person']}, ") for row in rows)
    (gate,) = json.loads((tmp_path / "out" / "measurements.json").read_text("utf-8"))["gates"]
    assert (gate["name"], gate["status"]) == ("hello_there.mean_words", "passed")
    assert gate["value"] == pytest.approx(sum(len(row["text"].split()) for row in rows) / 40)


def test_its_filter_rejects_and_the_cells_stay_full(third: Third, tmp_path: Path) -> None:
    code, _, rows = made(third, tmp_path / "out", "--set", "step[1].share=0.14")
    assert (code, len(rows)) == (0, 40)
    assert not any(capitals(row["text"]) > 0.14 for row in rows)
    rejected = pq.read_table(tmp_path / "out" / "rejected").to_pylist()
    assert {(row["step"], row["reason"]) for row in rejected} == {("hello_there.shouting", "shouting")}
    assert all(capitals(row["text"]) > 0.14 for row in rejected)


def capitals(text: str) -> float:
    letters = [letter for letter in text if letter.isalpha()]
    return sum(map(str.isupper, letters)) / len(letters)
