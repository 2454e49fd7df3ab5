"""Fixtures every test may use."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# The gate asks the same questions every time; `FAIRLOOM_HYPOTHESIS=random` asks new ones (see CONTRIBUTING).
settings.register_profile("suite", derandomize=True, deadline=None)
settings.register_profile("random", deadline=None)
settings.load_profile(os.environ.get("FAIRLOOM_HYPOTHESIS", "suite"))

_HERE = Path(__file__).resolve().parent

_LONG = (
    "plugins/test_conformance.py",
    "llm/test_llm_servers.py",
    "recipes/test_determinism.py",
    "recipes/test_broken_plugins.py",
    "docs/test_consoles.py",
)
"""Modules of half a minute and more."""

# A shell that starts us in the background has us ignore Ctrl-C, and so would the processes in which tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference data (`FAIRLOOM_SHARED`, or `shared/data` beside the checkout).

    Where `FAIRLOOM_SHARED` is set, a missing folder is a failure; elsewhere the test is skipped.
    """
    named = os.environ.get("FAIRLOOM_SHARED")
    folder = Path(named) if named else _HERE.parents[1] / "shared" / "data"
    if folder.is_dir():
        return folder
    if named:
        pytest.fail(f"FAIRLOOM_SHARED names {named}, which is not a folder")
    pytest.skip("the reference data are not beside this checkout; set FAIRLOOM_SHARED to their folder")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first: where processes share the modules, the last ones are short and all end together."""
    place = {_HERE / name: number for number, name in enumerate(_LONG)}
    items.sort(key=lambda item: place.get(item.path, len(place)))
