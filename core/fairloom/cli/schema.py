"""``fairloom schema``."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from fairloom.cli import output
from fairloom.showing import printable

DETAIL = """\
Covers the core and
the components of the installed plugins; point the TOML support of an editor at it."""
EXAMPLE = """\
fairloom schema > fairloom.schema.json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """``schema`` has no options of its own."""


def call(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every command is called alike
    """Print the schema; it is JSON with and without ``--json``."""
    from fairloom.reading.schema import recipe_schema  # noqa: PLC0415 - the parser needs none of this

    output.document(recipe_schema(_components()))
    return 0


def _components() -> dict[str, Any]:
    """Every component that is installed and loads; of the others the schema says nothing, and we say so."""
    from fairloom.plugging.plugins import Plugins, installed  # noqa: PLC0415 - the parser needs none of this
    from fairloom.problems import PluginError  # noqa: PLC0415

    plugins = Plugins()
    found: dict[str, Any] = {}
    for name in dict.fromkeys(plugin.name for plugin in installed()):
        try:
            components = plugins.load(name).components
        except PluginError as error:
            print(printable.line(f"left out: {error}"), file=sys.stderr)
        else:
            found |= {f"{name}.{each.name}": each for each in components.values()}
    return found
