"""``fairloom probe``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairloom.cli import options, output

if TYPE_CHECKING:
    from fairloom.probing.probe import Probed

DETAIL = """\
SUITE is the folder of a finished run, or a recipe, which is run and forgotten. Rows are tests: MFT (the model
names the label), INV (it names what it names for the first row of the family) or DIR (a probability moves one way).
Exit code 1 if a capability fails more often than --max-failures allows."""
EXAMPLE = """\
fairloom probe suite/recipe.toml --model ./model.py:predict
fairloom probe out --model spam --by person.gender --max-failures 0.05"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``probe``."""
    parser.add_argument("suite", metavar="SUITE", type=Path, help="the folder of a finished run, or a recipe")
    parser.add_argument(
        "--model", metavar="MODEL", required=True, help="a predictor of the suite's recipe, or ./FILE.py:FUNCTION"
    )
    parser.add_argument(
        "--by",
        metavar="COLUMN",
        action="append",
        default=[],
        help="compare the groups of this column (default: those of protected factors); repeatable",
    )
    parser.add_argument(
        "--max-failures", metavar="RATE", type=rate, default=None, help="the largest failure rate of a capability"
    )
    parser.add_argument(
        "--tolerance",
        metavar="P",
        type=rate,
        default=0.0,
        help="how far a probability may move against the expected direction (default: 0)",
    )
    options.allow(parser)


def rate(text: str) -> float:
    """A number from 0 to 1, for options.

    Raises:
        ArgumentTypeError: If it is something else.
    """
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        msg = f"{text!r} is not a number from 0 to 1"
        raise argparse.ArgumentTypeError(msg)
    return value


def call(arguments: argparse.Namespace) -> int:
    """Probe the model."""
    from fairloom.probing.probe import probe  # noqa: PLC0415 - the parser needs none of this

    suite: Path = arguments.suite
    if suite.is_dir() and not (suite / "manifest.json").is_file():
        suite /= options.RECIPE_FILE
    if not suite.exists():
        from fairloom.problems import RecipeError  # noqa: PLC0415 - as above

        raise RecipeError.of(f"{arguments.suite} is neither a finished run nor a recipe")
    found = probe(suite, arguments.model, by=arguments.by, tolerance=arguments.tolerance, allow=tuple(arguments.allow))
    most = arguments.max_failures
    passed = most is None or found.worst <= most
    if arguments.json:
        output.document(_document(found, passed=passed))
    else:
        _show(found, most)
    return 0 if passed else 1


def _document(found: Probed, *, passed: bool) -> dict[str, Any]:
    import attrs  # noqa: PLC0415 - as above

    lines = [{**attrs.asdict(line), "rate": line.rate} for line in found.lines]
    return {"passed": passed, **attrs.asdict(found), "lines": lines}


def _show(found: Probed, most: float | None) -> None:
    families = "" if found.families == found.rows else f" in {found.families:,} families"
    output.text(f"{found.model}: {found.rows:,} rows{families}")
    output.heading("Capabilities")
    rows = [
        (one.capability, one.test, one.n, one.failed, _share(one.rate), _verdict(one.rate, most))
        for one in found.capabilities
    ]
    columns = ("capability", "test", "tests", "failed", "rate", "")
    output.table(
        columns if most is not None else columns[:-1], rows if most is not None else [row[:-1] for row in rows]
    )
    _groups(found)
    _examples(found)
    if found.families != found.rows:
        print()
        output.text(f"{found.whole:,} of {found.families:,} families pass every test.")


def _groups(found: Probed) -> None:
    grouped = [line for line in found.lines if line.by is not None]
    if not grouped:
        return
    output.heading("Groups")
    rows = [
        (line.capability, line.test, line.by, line.group, line.n, line.failed, _share(line.rate)) for line in grouped
    ]
    output.table(("capability", "test", "column", "group", "tests", "failed", "rate"), rows)


def _examples(found: Probed) -> None:
    if not found.examples:
        return
    output.heading("Failures")
    for each in found.examples:
        wanted = f", not {each.label}" if each.test == "MFT" else ""
        output.text(
            f"  {each.capability} ({each.test}): {each.said} {each.probability:.2f}{wanted}: {_short(each.text)}"
        )
        if each.first is not None:
            output.text(f"    beside: {_short(each.first)}")


def _verdict(value: float, most: float | None) -> str:
    return "" if most is None else "passed" if value <= most else "failed"


def _share(value: float) -> str:
    return f"{value:.1%}"


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:97] + "..."
