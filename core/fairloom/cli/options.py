"""The options that several commands share, and what they stand for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from fairloom.recipe import Recipe

RECIPE_FILE = "recipe.toml"


def recipe(parser: argparse.ArgumentParser) -> None:
    """Add RECIPE and the options that change what it says."""
    parser.add_argument("recipe", metavar="RECIPE", type=Path, help="a TOML recipe, or a folder with a recipe.toml")
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="overrule one key; the value is read as TOML (--set recipe.rows=600); repeatable",
    )
    parser.add_argument("--profile", metavar="NAME", help="lay [profile.NAME] of the recipe over it")
    allow(parser)


def allow(parser: argparse.ArgumentParser) -> None:
    """Add ``--allow``."""
    parser.add_argument(
        "--allow",
        metavar="DIR",
        action="append",
        type=Path,
        default=[],
        help="let the recipe read files in DIR, outside its own folder; repeatable",
    )


def workers(parser: argparse.ArgumentParser) -> None:
    """Add ``--workers``."""
    parser.add_argument(
        "--workers", metavar="N", type=positive, default=1, help="processes that write parts (default: 1)"
    )


def load(arguments: argparse.Namespace) -> Recipe:
    """The recipe the call names, with ``--set`` and ``--profile`` applied.

    Raises:
        RecipeError: With every problem found.
    """
    from fairloom.problems import RecipeError  # noqa: PLC0415 - the parser needs none of this
    from fairloom.recipe import Recipe  # noqa: PLC0415

    path: Path = arguments.recipe
    path = path / RECIPE_FILE if path.is_dir() else path
    for folder in arguments.allow:
        if not folder.is_dir():
            raise RecipeError.of(f"--allow {folder}: there is no such folder")
    if not path.is_file():
        raise RecipeError.of(f"there is no recipe at {path}", suggestion="start one with `fairloom new recipe NAME`")
    return Recipe.load(path, set=arguments.set, profile=arguments.profile, allow=tuple(arguments.allow))


def positive(text: str) -> int:
    """A whole number from 1, for options.

    Raises:
        ArgumentTypeError: If it is something else.
    """
    if not text.isdecimal() or int(text) < 1:
        msg = f"{text!r} is not a whole number from 1"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def run_folder(path: Path) -> Path:
    """``path``, when it is the folder of a finished run.

    Raises:
        RecipeError: If it holds no manifest.
    """
    from fairloom.problems import RecipeError  # noqa: PLC0415 - the parser needs none of this

    if (path / "manifest.json").is_file():
        return path
    what = "has no manifest.json, so it is not a finished run" if path.is_dir() else "is not a folder"
    raise RecipeError.of(f"{path} {what}", suggestion="make a run with `fairloom run RECIPE --to DIR`")


def readable_run(path: Path) -> Path:
    """``path``, when it is the folder of a finished run whose manifest can be read.

    Raises:
        RecipeError: If it holds no manifest.
        RunError: If the manifest cannot be read.
    """
    from fairloom.showing import papers  # noqa: PLC0415 - the parser needs none of this

    papers.paper(run_folder(path), papers.MANIFEST)
    return path


def settings(texts: list[str]) -> dict[str, Any]:
    """The settings of a reader, from ``--set KEY=VALUE``; a value that is no TOML is taken as text.

    Raises:
        RecipeError: A text is no ``KEY=VALUE``.
    """
    from fairloom.problems import RecipeError  # noqa: PLC0415 - the parser needs none of this
    from fairloom.reading.plain import toml_value  # noqa: PLC0415

    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise RecipeError.of(f"--set takes KEY=VALUE, got {text!r}", suggestion="for example --set trim=true")
        try:
            found[key.strip()] = toml_value(value)
        except ValueError:
            found[key.strip()] = value
    return found
