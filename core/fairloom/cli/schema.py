"""``fairloom schema``."""

from __future__ import annotations

import argparse

from fairloom.cli import output

DETAIL = """\
Covers the core and
the components of the installed plugins; point the TOML support of an editor at it."""
EXAMPLE = """\
fairloom schema > fairloom.schema.json"""


def configure(parser: argparse.ArgumentParser) -> None:
    """``schema`` has no options of its own."""


def call(arguments: argparse.Namespace) -> int:  # noqa: ARG001 - every command is called alike
    """Print the schema; it is JSON with and without ``--json``."""
    from fairloom import schema  # noqa: PLC0415 - the parser needs none of this

    output.document(schema.recipe_schema())
    return 0
