"""``fairloom run``."""

from __future__ import annotations

import argparse
from pathlib import Path

from fairloom.cli import options, output

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
    parser.add_argument(
        "--journal", metavar="FILE", type=Path, help="the journal of model answers (default: [journal], or one in DIR)"
    )
    parser.add_argument(
        "--replay", choices=("off", "only"), help="'only' takes every answer of a model from the journal"
    )
    loudness = parser.add_mutually_exclusive_group()
    loudness.add_argument("--quiet", action="store_true", help="say nothing but errors and the exit code")
    loudness.add_argument("--verbose", action="store_true", help="log every part and step on stderr")


def call(arguments: argparse.Namespace) -> int:
    """Run the recipe; 0 when every gate passed and no row is missing, else 1."""
    recipe = options.load(arguments)
    from fairloom.cli import summary  # noqa: PLC0415
    from fairloom.run import destination, run  # noqa: PLC0415
    from fairloom.showing import log, progress  # noqa: PLC0415 - a call without a recipe needs none of this

    # failures.explain names this folder when the run is interrupted or breaks off.
    arguments.folder = destination(recipe, arguments.to, arguments.allow)
    silent = arguments.quiet or arguments.json
    with progress.shown(silent=silent) as bar:
        done = run(
            recipe,
            arguments.folder,
            workers=arguments.workers,
            executor=arguments.executor,
            fresh=arguments.fresh,
            allow=tuple(arguments.allow),
            journal=arguments.journal,
            replay=arguments.replay,
            progress=bar,
            log=log.terminal("debug" if arguments.verbose else "error" if silent else "warning"),
        )
    if arguments.json:
        summary.document(done.manifest, done.measurements, done.certificate, arguments.folder)
    elif not arguments.quiet:
        if done.already:
            output.text(f"nothing to do: {arguments.folder} holds this run already (--fresh makes it again)")
        summary.show(done.manifest, done.measurements, done.certificate, arguments.folder)
    return summary.exit_code(done.manifest)
