"""The pages' consoles as a module for the tests beside it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="session")
def consoles() -> ModuleType:
    """The module ``consoles.py``, which is no package's."""
    spec = importlib.util.spec_from_file_location("consoles", Path(__file__).with_name("consoles.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["consoles"] = module
    sys.path.append(str(Path(__file__).parent))  # where the module finds its server
    spec.loader.exec_module(module)
    return module
