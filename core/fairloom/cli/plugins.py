"""``fairloom plugins``."""

from __future__ import annotations

import argparse
from typing import Any

from fairloom.cli import output

DETAIL = """\
Only metadata are read: nothing is
imported, and an installed plugin does nothing until a recipe names it."""
EXAMPLE = """\
fairloom plugins
fairloom show text.length"""
_COLUMNS = ("name", "distribution", "version")


def configure(parser: argparse.ArgumentParser) -> None:
    """``plugins`` has no options of its own."""


def call(arguments: argparse.Namespace) -> int:
    """List the plugins; 3 when two packages claim one name, because no recipe could use that name."""
    found = listed()
    if arguments.json:
        output.document({"plugins": found, "conflicts": conflicts(found)})
    else:
        output.table(_COLUMNS, [tuple(plugin[column] for column in _COLUMNS) for plugin in found])
        for line in conflicts(found):
            output.text(f"conflict: {line}")
    return 3 if conflicts(found) else 0


def listed() -> list[dict[str, Any]]:
    """Every installed plugin with its distribution and version, sorted by name."""
    from fairloom.plugging import plugins  # noqa: PLC0415 - the parser needs none of this

    return [{column: getattr(plugin, column) for column in _COLUMNS} for plugin in plugins.installed()]


def conflicts(found: list[dict[str, Any]]) -> list[str]:
    """A line for each plugin name that more than one distribution claims."""
    claims: dict[str, list[str]] = {}
    for plugin in found:
        claims.setdefault(plugin["name"], []).append(f"{plugin['distribution']} {plugin['version']}")
    return [f"{name} is claimed by {' and by '.join(by)}" for name, by in claims.items() if len(by) > 1]
