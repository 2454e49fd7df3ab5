"""``fairloom profile``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairloom.cli import options, output

if TYPE_CHECKING:
    from fairloom.profiling.profile import Profile

DETAIL = """\
Writes shares, joint tables, lengths,
vocabulary and cleanliness as JSON, for the design `design.profile` and the metrics of `compare`. No row is stored,
and no value that stands in fewer rows than --min-count. With --beside the certificate of the real rows stands
beside that of a run, with the distances between them."""
EXAMPLE = """\
fairloom profile train.csv --label category
fairloom profile adult.csv --axes label=income,sex,race --bins age=6 -o adult.json
fairloom profile adult.json --beside out"""
FEW = 12
"""So many axes, pairs and columns are shown; the file has all."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``profile``."""
    parser.add_argument("file", metavar="FILE", type=Path, help="real rows (CSV, JSON Lines, Parquet), or a profile")
    parser.add_argument(
        "-o", "--output", metavar="JSON", type=Path, help="the profile (default: NAME.profile.json in this folder)"
    )
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    parser.add_argument("--axes", metavar="A,B=COLUMN", type=_named, help="the columns to count (default: guessed)")
    parser.add_argument("--text", metavar="COLUMN", help="the column with the texts (default: guessed)")
    parser.add_argument("--label", metavar="COLUMN", help="the column with the labels")
    parser.add_argument("--bins", metavar="A=N,B=N", type=_bins, default={}, help="cut columns of numbers at quantiles")
    parser.add_argument(
        "--tables", metavar="N", type=options.positive, default=2, help="count groups of up to N axes (default: 2)"
    )
    parser.add_argument(
        "--joint", metavar="A,B,C", type=_list, action="append", default=[], help="count these together; repeatable"
    )
    parser.add_argument(
        "--min-count",
        metavar="N",
        type=options.positive,
        default=5,
        help="values and tokens in fewer rows are counted without their names (default: 5)",
    )
    parser.add_argument("--levels", metavar="DIR", type=Path, help="write the levels of each axis as a value table")
    parser.add_argument("--reader", metavar="NAME", help="the reader (default: by the ending of the file's name)")
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of the reader, as TOML; repeatable"
    )
    parser.add_argument("--beside", metavar="OTHER", type=Path, help="compare with a run, a profile or a file of rows")
    parser.add_argument(
        "--match", metavar="A=COLUMN", type=_named, default={}, help="what the other calls the axes of the profile"
    )


def call(arguments: argparse.Namespace) -> int:
    """Write the profile and print what it says, or set it beside another."""
    found, written = _profile(arguments)
    if arguments.levels is not None:
        from fairloom.profiling.valuetables import write_levels  # noqa: PLC0415 - only --levels needs it

        write_levels(found, arguments.levels, force=arguments.force)
    if arguments.beside is not None:
        return _beside(found, arguments)
    if arguments.json:
        output.document(found.data)
        return 0
    _show(found.data)
    if written is not None:
        print()
        output.text(f"profile: {written}")
    return 0


def _profile(arguments: argparse.Namespace) -> tuple[Profile, Path | None]:
    """The profile that the call names, or measures and writes."""
    from fairloom.profiling.beside import is_profile  # noqa: PLC0415 - the parser needs none of this
    from fairloom.profiling.profile import Profile, profile  # noqa: PLC0415

    if is_profile(arguments.file):
        return Profile.read(arguments.file), None
    target = arguments.output or Path(f"{arguments.file.stem}.profile.json")
    if not arguments.force:
        _free(target)
    found = profile(
        arguments.file,
        axes=arguments.axes,
        text=arguments.text,
        label=arguments.label,
        bins=arguments.bins,
        tables=arguments.tables,
        joint=arguments.joint,
        min_count=arguments.min_count,
        reader=arguments.reader,
        settings=options.settings(arguments.set),
    )
    return found, found.write(target, force=arguments.force)


def _free(target: Path) -> None:
    """Say before the work, not after it, that there is such a file."""
    from fairloom.problems import RecipeError  # noqa: PLC0415 - the parser needs none of this

    if target.exists():
        raise RecipeError.of(f"{target} is there already", suggestion="write elsewhere with -o, or add --force")


def _show(data: dict[str, Any]) -> None:
    output.text(f"{_where(data)}: {data['rows']:,} rows, {len(data['columns'])} columns")
    output.heading("Axes")
    balance = {entry["axis"]: entry for entry in data["certificate"]["axes"]}
    columns = ("axis", "levels", "largest", "share", "effective", "merged")
    output.table(columns, [_axis_row(name, entry, balance[name]) for name, entry in data["axes"].items()])
    left = [(column["name"], column["left_out"]) for column in data["columns"] if column["left_out"]]
    if left:
        output.heading("Left out")
        output.facts(left)
    _pairs(data)
    if "lengths" in data:
        _texts(data)


def _where(data: dict[str, Any]) -> str:
    return str(data["source"].get("file") or data["source"].get("run"))


def _axis_row(name: str, entry: dict[str, Any], balance: dict[str, Any]) -> tuple[output.Cell, ...]:
    counts = entry["counts"]
    largest = max(range(len(counts)), key=counts.__getitem__)
    share = f"{counts[largest] / sum(counts):.1%}"
    merged = entry.get("merged")
    rare = f"{merged['levels']:,} values, {merged['rows']:,} rows" if merged else None
    return name, len(counts), entry["levels"][largest], share, round(balance["effective"], 2), rare


def _pairs(data: dict[str, Any]) -> None:
    pairs = sorted(data["certificate"]["pairs"], key=lambda pair: -pair["v"])
    if not pairs:
        return
    output.heading(f"Associations (the strongest {FEW} of {len(pairs)})" if len(pairs) > FEW else "Associations")
    rows = [(" by ".join(pair["axes"]), pair["v"], pair["mi"], pair["gap"], _p(pair["p"])) for pair in pairs[:FEW]]
    output.table(("pair", "V", "MI", "gap", "p"), rows)
    for group in data["left_out"]:
        output.text(f"  left out, too many cells: {' by '.join(group)}")


def _p(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3g}"


def _texts(data: dict[str, Any]) -> None:
    output.heading(f"Texts ({data['text']})")
    lengths, vocabulary, clean = data["lengths"], data["vocabulary"], data["cleanliness"]
    facts: list[tuple[str, output.Cell]] = []
    for unit, found in lengths.items():
        spread = found["percentiles"]
        said = f"mean {found['mean']:.1f}, half from {spread['25']} to {spread['75']}, 98 % from "
        facts.append((unit, f"{said}{spread['1']} to {spread['99']}"))
    said = f"{vocabulary['types']:,} types of {vocabulary['tokens']:,} tokens, {vocabulary['hapax_share']:.0%} once"
    facts.append(("vocabulary", f"{said}; {len(vocabulary['top']):,} named"))
    facts.append(("blank", clean["blank"]))
    facts += [
        (sign.replace("_", " "), f"{count:,} ({clean['shares'][sign]:.2%})")
        for sign, count in clean["counts"].items()
        if count
    ]
    output.facts(facts)
    never = [sign.replace("_", " ") for sign, count in clean["counts"].items() if not count]
    if never:
        output.text(f"  none with {', '.join(never)}")


def _beside(real: Profile, arguments: argparse.Namespace) -> int:
    from fairloom.profiling import beside  # noqa: PLC0415 - only --beside needs it

    other = beside.other_profile(real, arguments.beside, arguments.match)
    found = beside.beside(real, other)
    if arguments.json:
        output.document(found)
        return 0
    names = _where(real.data), _where(other.data)
    output.text(f"{names[0]} ({found['n']:,} rows) beside {names[1]} ({found['n_other']:,} rows)")
    output.heading("Shares: how far apart")
    rows = [(one["axis"], *(one[key] for key in ("tv", "js", "psi", "psi_expected"))) for one in found["axes"]]
    output.table(("axis", "TV", "JS", "PSI", "PSI expected by chance"), rows)
    output.heading("Pairs: both certificates, and how far the joint tables are apart")
    keys = ("v", "v_other", "mi", "mi_other", "gap", "gap_other", "tv", "js")
    tables = found["tables"]
    pairs = [(" by ".join(one["axes"]), *(one[key] for key in keys)) for one in tables if "v" in one]
    output.table(("pair", "V real", "V other", "MI real", "MI other", "gap real", "gap other", "TV", "JS"), pairs)
    larger = [(" by ".join(one["axes"]), one["tv"], one["js"]) for one in tables if "v" not in one]
    if larger:
        output.heading("Larger tables: how far apart")
        output.table(("axes", "TV", "JS"), larger)
    if found["missing"]:
        output.text(f"not in both: {', '.join(found['missing'])}; say what it is called there with --match")
    return 0


def _list(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        msg = f"{text!r} is not a list of names with commas between"
        raise argparse.ArgumentTypeError(msg)
    return names


def _named(text: str) -> dict[str, str]:
    """``label=income,sex`` as ``{"label": "income", "sex": "sex"}``."""
    found: dict[str, str] = {}
    for part in _list(text):
        name, equals, column = (word.strip() for word in part.partition("="))
        if not name or (equals and not column) or name in found:
            msg = f"{part!r} is not a name of its own, or NAME=COLUMN"
            raise argparse.ArgumentTypeError(msg)
        found[name] = column or name
    return found


def _bins(text: str) -> dict[str, int]:
    """``age=10,hours=5`` as numbers."""
    found: dict[str, int] = {}
    for name, count in _named(text).items():
        if not count.isdecimal():
            msg = f"{name}={count}: the number of bins is a whole number; write {name}=10"
            raise argparse.ArgumentTypeError(msg)
        found[name] = int(count)
    return found
