"""Fixtures of the core's tests."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def made_runs() -> ModuleType:
    """The builder of finished run folders, ``made_runs.build(folder)``."""
    # Test folders are no packages, so a neighbour is loaded by its path.
    spec = importlib.util.spec_from_file_location("made_runs", Path(__file__).with_name("made_runs.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
