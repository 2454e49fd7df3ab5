"""``fairloom check``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from typing import Any

from fairloom.cli import options, output

DETAIL = """\
Reads the recipe, its tables and its components and plans
the design; every problem is one line: file:line:column: key: what is wrong. With --lint, also
what is not wrong by the rules and yet a fault, each finding with its code; errors among them end with 1."""
EXAMPLE = """\
fairloom check recipe.toml
fairloom check recipe.toml --resolved --profile small
fairloom check recipe.toml --lint --strict --ignore lint.unused"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``check``."""
    options.recipe(parser)
    parser.add_argument(
        "--resolved", action="store_true", help="print the merged recipe, each value with where it comes from"
    )
    parser.add_argument("--lint", action="store_true", help="look for faults in templates, value tables and the plan")
    parser.add_argument("--strict", action="store_true", help="with --lint: warnings end with 1, as errors do")
    parser.add_argument(
        "--ignore",
        metavar="CODE",
        action="append",
        default=[],
        help="with --lint: do not ask this lint (--ignore lint.unused); repeatable",
    )
    parser.add_argument(
        "--rule",
        metavar="CODE.KEY=VALUE",
        action="append",
        default=[],
        help="with --lint: a setting of a lint (--rule lint.template_share.max=0.95); repeatable",
    )
    parser.add_argument(
        "--record", action="store_true", help="with --lint: print the digest lines that the recipe's lists lack"
    )


def call(arguments: argparse.Namespace) -> int:
    """Return 0 when nothing is wrong; problems come as an error with exit code 2."""
    from fairloom.weaving.prepare import prepare  # noqa: PLC0415 - the parser needs none of this

    _check_options(arguments)
    recipe = options.load(arguments)
    loom = prepare(recipe, allow=tuple(arguments.allow))
    if arguments.lint:
        from fairloom.cli.lint import report  # noqa: PLC0415 - only --lint needs it

        return report(loom, arguments)
    lines = list(_flat(recipe.resolved)) if arguments.resolved else []
    origins = {path: str(place) for path, place in getattr(recipe, "origins", {}).items()}
    if arguments.json:
        said = {"resolved": recipe.resolved, "origins": _named(origins)} if arguments.resolved else {}
        output.document({"status": "ok", "name": recipe.recipe.name, "problems": [], **said})
        return 0
    if arguments.resolved:
        _print_resolved(lines, origins)
        return 0
    planned = loom.plan.summary()
    counts = (
        _number(len(recipe.factors), "factor"),
        _number(len(recipe.step), "step"),
        _number(len(recipe.gate), "gate"),
        _number(planned.rows, "row"),
    )
    output.text(f"{arguments.recipe}: no problems ({', '.join(counts)})")
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """Options that go with ``--lint`` alone, or not with it."""
    from fairloom.problems import RecipeError  # noqa: PLC0415 - the parser needs none of this

    given = [name for name in ("strict", "ignore", "rule", "record") if getattr(arguments, name)]
    if given and not arguments.lint:
        raise RecipeError.of(f"--{given[0]} goes with --lint only", suggestion="add --lint")
    if arguments.lint and arguments.resolved:
        raise RecipeError.of("--lint and --resolved are two questions", suggestion="ask one after the other")


def _number(count: int, thing: str) -> str:
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _flat(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Every value with its key path; arrays of plain values stay whole."""
    if isinstance(tree, dict) and tree:
        for key, value in tree.items():
            yield from _flat(value, (*path, key))
    elif isinstance(tree, list) and any(isinstance(item, dict) for item in tree):
        for index, value in enumerate(tree):
            yield from _flat(value, (*path, index))
    else:
        yield path, tree


def _print_resolved(lines: list[tuple[tuple[str | int, ...], Any]], origins: dict[Any, str]) -> None:
    from fairloom.problems import dotted  # noqa: PLC0415 - only --resolved prints keys

    for path, value in lines:
        place = origins.get(path)
        said = json.dumps(value, ensure_ascii=False, default=str)
        output.text(f"{dotted(path)} = {said}" + (f"  # {place}" if place else ""))


def _named(origins: dict[Any, str]) -> dict[str, str]:
    from fairloom.problems import dotted  # noqa: PLC0415 - only --resolved prints keys

    return {dotted(path): place for path, place in origins.items()}
