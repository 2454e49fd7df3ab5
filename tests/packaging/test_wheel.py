"""The wheel holds what the repository holds, and every list of plugins is the same list."""

from __future__ import annotations

import configparser
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")
def inside(fairloom_wheel: Path) -> set[str]:
    """The paths of all files in the wheel."""
    with zipfile.ZipFile(fairloom_wheel) as wheel:
        return set(wheel.namelist())


def test_every_tracked_file_is_in_the_wheel(repository: Path, inside: set[str]) -> None:
    """Package data too: hatchling leaves out what is git-ignored, without a word."""
    listed = subprocess.run(
        ["git", "ls-files", "core", "plugins"], cwd=repository, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    tracked = {path.partition("/")[2] for path in listed.stdout.splitlines() if (repository / path).is_file()}
    assert tracked - inside == set()


def test_nothing_else_is_in_the_wheel(inside: set[str], plugins: set[str]) -> None:
    tops = {path.partition("/")[0] for path in inside}
    (info,) = {top for top in tops if top.endswith(".dist-info")}
    assert tops == {"fairloom", info, *plugins}
    assert not {path for path in inside if path.endswith((".pyc", ".toml.orig"))}


def test_every_package_is_typed(inside: set[str], plugins: set[str]) -> None:
    assert {f"{package}/py.typed" for package in ("fairloom", *plugins)} <= inside
    assert f"{next(path for path in inside if '.dist-info/' in path).partition('/')[0]}/licenses/LICENSE" in inside


def test_every_list_of_plugins_is_the_same_list(
    fairloom_wheel: Path, settings: dict[str, Any], plugins: set[str]
) -> None:
    entry_points = settings["project"]["entry-points"]["fairloom"]
    assert entry_points == {name.removeprefix("fairloom_"): name for name in plugins}
    with zipfile.ZipFile(fairloom_wheel) as wheel:
        (info,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
        built = configparser.ConfigParser()
        built.read_string(wheel.read(info).decode())
    assert dict(built["fairloom"]) == entry_points
