"""``fairloom new``."""

from __future__ import annotations

import argparse
import re
from importlib import resources
from pathlib import Path

from fairloom.cli import output

DETAIL = """\
`fairloom new recipe NAME` writes the folder NAME with
a small recipe, its tables and its templates, ready to run and to change."""
EXAMPLE = """\
fairloom new recipe greetings
fairloom run greetings --to greetings/out"""
_FILES = ("recipe.toml", "people.csv", "templates.toml")
_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of ``new``."""
    parser.add_argument("kind", metavar="recipe", choices=("recipe",), help="what to start")
    parser.add_argument("name", metavar="NAME", help="small letters, digits, - and _; the folder gets this name")
    parser.add_argument("--to", metavar="DIR", type=Path, default=Path(), help="where the folder goes (default: here)")


def call(arguments: argparse.Namespace) -> int:
    """Write the folder; an existing one is never touched."""
    from fairloom.problems import RecipeError  # noqa: PLC0415 - the parser needs none of this

    if not _NAME.fullmatch(arguments.name):
        raise RecipeError.of(
            f"{arguments.name!r} is no name for a recipe", suggestion="use small letters, digits, - and _"
        )
    folder = arguments.to / arguments.name
    if folder.exists():
        raise RecipeError.of(f"{folder} exists already", suggestion="choose another name or another --to")
    written = _write(folder, arguments.name)
    if arguments.json:
        output.document({"folder": str(folder), "files": [str(path) for path in written]})
        return 0
    for path in written:
        output.text(f"written: {path}")
    output.text(f"next: fairloom run {folder} --to {folder / 'out'}")
    return 0


def _write(folder: Path, name: str) -> list[Path]:
    folder.mkdir(parents=True)
    source = resources.files("fairloom.cli") / "new_recipe"
    for file in _FILES:
        text = (source / file).read_text("utf-8")
        (folder / file).write_text(text.replace("RECIPE-NAME", name), "utf-8", newline="\n")
    return [folder / file for file in _FILES]
