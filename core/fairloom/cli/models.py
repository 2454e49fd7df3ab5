"""``fairloom models``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fairloom.cli import options, output

DETAIL = """\
Asks each server a dozen short
questions: does it answer, and does it keep to a seed, a grammar, a schema? Servers
accept parameters and ignore them. The journal keeps what was found, and the
manifest of a run with that journal has it. With --answers no server is asked."""
EXAMPLE = """\
fairloom models recipe.toml --to out
fairloom models recipe.toml --journal out/journal.sqlite --answers > answers.jsonl"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``models``."""
    options.recipe(parser)
    parser.add_argument("--to", metavar="DIR", type=Path, help="the run folder whose journal keeps what is found")
    parser.add_argument("--journal", metavar="FILE", type=Path, help="the journal that keeps what is found")
    parser.add_argument("--answers", action="store_true", help="print the answers in the journal as lines of JSON")


def call(arguments: argparse.Namespace) -> int:
    """Look at every model of the recipe; 0 when each can be reached."""
    from fairloom.modelling.journal import FILE, exported  # noqa: PLC0415 - the parser needs none of this
    from fairloom.problems import RecipeError  # noqa: PLC0415
    from fairloom.weaving.prepare import prepare  # noqa: PLC0415

    recipe = options.load(arguments)
    named = arguments.journal or (arguments.to / FILE if arguments.to else None)
    models = prepare(recipe, allow=tuple(arguments.allow), journal=named).models
    if not models:
        raise RecipeError.of("the recipe names no model", "models", suggestion="add a [models.NAME]")
    if arguments.answers:
        path = models.journal.path
        if path is None or not path.is_file():
            raise RecipeError.of("there is no journal to take answers from", suggestion="name it with --journal FILE")
        for line in exported(path):
            output.text(line)
        return 0
    try:
        found = models.probe()
    except RecipeError as error:
        raise RecipeError(recipe.place(error.problems)) from error
    models.journal.close()
    if arguments.json:
        output.document({"models": {name: {**models.identities()[name], "probe": found[name]} for name in found}})
    else:
        _show(models.identities(), found)
    return 0 if all(each.get("reachable", True) for each in found.values()) else 1


def _show(identities: dict[str, Any], found: dict[str, dict[str, Any]]) -> None:
    for name, identity in identities.items():
        output.heading(f"[models.{name}]")
        probe = {key: _said(value) for key, value in found[name].items()} or {"probe": "there is nothing to look at"}
        output.facts([*((key, _said(value)) for key, value in identity.items()), *probe.items()])


def _said(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key} = {each}" for key, each in value.items()) or "none"
    return (", ".join(value) or "none") if isinstance(value, list) else str(value)
