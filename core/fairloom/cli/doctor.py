"""``fairloom doctor``."""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

from fairloom.cli import output
from fairloom.cli.plugins import conflicts, listed

DETAIL = """\
Versions, plugins and their conflicts,
processors, and whether this folder can be written to. Paste it into a bug report."""
EXAMPLE = """\
fairloom doctor
fairloom doctor --json"""

_DISTRIBUTION = re.compile(r"^[A-Za-z0-9._-]+")


def configure(parser: argparse.ArgumentParser) -> None:
    """``doctor`` has no options of its own."""


def call(arguments: argparse.Namespace) -> int:
    """Report; 3 when something would keep runs from working."""
    found = diagnosis()
    if arguments.json:
        output.document(found)
    else:
        _print(found)
    return 3 if found["problems"] else 0


def diagnosis() -> dict[str, Any]:
    """The installation as plain data, ``problems`` last."""
    plugins = listed()
    writable = _writable(Path())
    missing = [name for name, version in _requirements().items() if version is None]
    return {
        "fairloom": metadata.version("fairloom"),
        "python": platform.python_version(),
        "executable": sys.executable,
        "platform": platform.platform(),
        "processors": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "folder": str(Path.cwd()),
        "writable": writable,
        "requirements": _requirements(),
        "extras": _extras(),
        "plugins": plugins,
        "problems": [
            *conflicts(plugins),
            *(f"{name} is required and not installed" for name in missing),
            *([] if writable else [f"{Path.cwd()} cannot be written to"]),
        ],
    }


def _print(found: dict[str, Any]) -> None:
    simple = ("fairloom", "python", "executable", "platform", "processors", "folder", "writable")
    output.facts([(name, found[name]) for name in simple], indent=0)
    output.heading("Requirements")
    output.table(("distribution", "version"), list(found["requirements"].items()))
    if found["extras"]:
        output.heading("Extras")
        output.table(("extra", "installed"), list(found["extras"].items()))
    output.heading("Plugins")
    output.table(("name", "distribution", "version"), [tuple(plugin.values()) for plugin in found["plugins"]])
    print()
    for problem in found["problems"]:
        output.text(f"problem: {problem}")
    if not found["problems"]:
        output.text("no problems")


def _requirements() -> dict[str, str | None]:
    return {name: _version(name) for name in _required(extra=None)}


def _extras() -> dict[str, bool]:
    names = metadata.metadata("fairloom").get_all("Provides-Extra") or []
    return {name: all(_version(required) for required in _required(name)) for name in names}


def _required(extra: str | None) -> list[str]:
    """Names of the distributions we require, for one extra or for none."""
    names = []
    for line in metadata.requires("fairloom") or []:
        name, _, condition = line.partition(";")
        belongs = f"extra == '{extra}'" in condition.replace('"', "'") if extra else "extra ==" not in condition
        if belongs:
            names += _DISTRIBUTION.findall(name)
    return names


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False
