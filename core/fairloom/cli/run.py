"""``fairloom run``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fairloom.cli import options, output

if TYPE_CHECKING:
    from fairloom.recipe import Recipe

DETAIL = """\
Writes a folder with the data, the rejected
candidates, manifest, measurements, balance certificate, report and dataset card.
A run that was stopped goes on where it was when it is called again."""
EXAMPLE = """\
fairloom run recipe.toml --to out
fairloom run recipe.toml --to trial --set recipe.rows=600 --workers 2"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``run``."""
    options.recipe(parser)
    parser.add_argument("--to", metavar="DIR", type=Path, help="the run folder (default: the recipe's export.to)")
    options.workers(parser)
    parser.add_argument("--executor", metavar="NAME", help="an executor plugin that runs the parts elsewhere")
    parser.add_argument("--fresh", action="store_true", help="start again instead of going on with what DIR holds")
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("--quiet", action="store_true", help="say nothing but errors and the exit code")
    loudness.add_argument("--verbose", action="store_true", help="log every part and step on stderr")


def call(arguments: argparse.Namespace) -> int:
    """Run the recipe; 0 when every gate passed and no row is missing, else 1."""
    recipe = options.load(arguments)
    from fairloom import log, progress  # noqa: PLC0415 - a call without a recipe needs none of this
    from fairloom.cli import summary  # noqa: PLC0415
    from fairloom.run import run  # noqa: PLC0415

    # failures.explain names this folder when the run is interrupted or breaks off.
    arguments.folder = _destination(recipe, arguments.to)
    silent = arguments.quiet or arguments.json
    before = _written(arguments.folder)
    with progress.shown(silent=silent) as bar:
        done = run(
            recipe,
            arguments.folder,
            workers=arguments.workers,
            executor=arguments.executor,
            fresh=arguments.fresh,
            allow=tuple(arguments.allow),
            progress=bar,
            log=log.terminal("debug" if arguments.verbose else "error" if silent else "warning"),
        )
    if arguments.json:
        summary.document(done.manifest, done.measurements, done.certificate, arguments.folder)
    elif not arguments.quiet:
        if before is not None and before == _written(arguments.folder):
            output.text(f"{arguments.folder} holds this very run already; nothing was made (--fresh makes it again)")
        summary.show(done.manifest, done.measurements, done.certificate, arguments.folder)
    return summary.exit_code(done.manifest)


def _written(folder: Path) -> int | None:
    """When the manifest in ``folder`` was written, if there is one."""
    manifest = folder / "manifest.json"
    return manifest.stat().st_mtime_ns if manifest.is_file() else None


def _destination(recipe: Recipe, to: Path | None) -> Path:
    """``--to`` is relative to where we are, ``export.to`` to the recipe, like every path in it."""
    from fairloom.problems import RecipeError  # noqa: PLC0415 - only a call needs it

    if to is not None:
        return to
    if recipe.export.to is None:
        raise RecipeError.of("the recipe does not say where the run goes", "export", "to", suggestion="give --to DIR")
    return recipe.root / recipe.export.to
