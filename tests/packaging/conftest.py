"""Wheels, built once: what a user installs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tomli

REPOSITORY = Path(__file__).parents[2]
BuildWheel = Callable[[Path, Path], Path]


def build_wheel(project: Path, into: Path) -> Path:
    """The wheel of a project, by its build backend, without the network."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(into)]
    subprocess.run(command, cwd=project, check=True, capture_output=True)
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def wheel_of() -> BuildWheel:
    """How to build a wheel."""
    return build_wheel


@pytest.fixture(scope="session")
def fairloom_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    return build_wheel(REPOSITORY, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def repository() -> Path:
    """The checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def settings() -> dict[str, Any]:
    """pyproject.toml."""
    return tomli.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))


@pytest.fixture(scope="session")
def plugins() -> set[str]:
    """The packages of the first-party plugins."""
    return {folder.name for folder in (REPOSITORY / "plugins").iterdir() if (folder / "__init__.py").is_file()}
