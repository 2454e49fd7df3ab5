"""``fairloom explain``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairloom.cli import options, output
from fairloom.cli.preview import marked
from fairloom.showing import printable, worded

if TYPE_CHECKING:
    from fairloom.explain import Explanation, Level

DETAIL = """\
Reads the row from the run folder and makes it again from the recipe in the manifest.
ROW is an id, an address (42) or a place in the data from 1 (#43).
Exit code 1 if the recipe makes another row now."""
EXAMPLE = """\
fairloom explain out bank-intents-00000042
fairloom explain out 42 --json"""
MOST_SHOWN = 12


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``explain``."""
    parser.add_argument("folder", metavar="DIR", type=Path, help="the folder of a finished run")
    parser.add_argument("row", metavar="ROW", help="an id, an address, or a place in the data as #N")
    parser.add_argument(
        "--recipe", metavar="RECIPE", type=Path, help="where the recipe is now (default: where it was run from)"
    )
    options.allow(parser)


def call(arguments: argparse.Namespace) -> int:
    """Explain the row."""
    folder = options.readable_run(arguments.folder)
    from fairloom.explain import explain  # noqa: PLC0415 - the parser needs none of this

    found = explain(folder, arguments.row, recipe=arguments.recipe, allow=tuple(arguments.allow))
    if arguments.json:
        output.document(_document(found))
    else:
        _show(found)
    return 0 if found.same else 1


def _document(found: Explanation) -> dict[str, Any]:
    import attrs  # noqa: PLC0415 - as above

    return {"same": found.same, **attrs.asdict(found)}


def _show(found: Explanation) -> None:
    _head(found)
    _origin(found)
    if found.cell:
        output.heading("Cell")
        output.text("  " + ", ".join(f"{axis}={level}" for axis, level in found.cell.items()))
    _family(found)
    _steps(found)
    _edits(found)
    _attempts(found)
    _verdict(found)


def _head(found: Explanation) -> None:
    row = found.row
    place = [f"address {found.address:,}", f"family {row['family']:,}"]
    place += [f"member {row['member']}"] if len(found.family) > 1 else []
    place += [f"attempt {row['attempt']}"]
    place += [f"split {found.split}"] if found.split else []
    output.text(f"{row['id']}  ({', '.join(place)})")
    print()
    for field in found.fields:
        name = f"{field}: " if len(found.fields) > 1 else ""
        spans = row.get(f"{field}.spans") or []
        print("  " + name + marked(row[field] or "", spans, colour=sys.stdout.isatty()))


def _origin(found: Explanation) -> None:
    if found.template is not None:
        output.heading(f"Template {printable.line(found.template['name'])}")
        for line in found.template["text"].splitlines():
            output.text(f"  {line}")
    driver = found.template["name"] if found.template else None
    levels = [each for each in found.levels if each.name is not None]
    if levels:
        output.heading("Levels")
        rows = [(each.factor, each.role, _short(_name(each)), _attributes(each, driver)) for each in levels]
        output.table(("factor", "role", "level", "attributes used"), rows)
    unused = [each.factor for each in found.levels if each.name is None]
    if unused:
        output.text(f"  not used: {', '.join(unused)}")


def _name(level: Level) -> str:
    """The name of a level, and what it writes where the name is only a number."""
    said = str(level.name)
    form = next(iter(level.attributes.values()), None)
    return said if form is None or not said.isdecimal() or str(form) == said else f"{said} ({_short(form)})"


def _attributes(level: Level, driver: str | None) -> str:
    shown = {} if level.name == driver and "text" in level.attributes else level.shown
    return "  ".join(f"{key}={_short(value)}" for key, value in shown.items())


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _family(found: Explanation) -> None:
    if len(found.family) < 2:
        return
    output.heading(f"Family of {len(found.family)} rows")
    varying = [key for key in found.row if _varies(found, key)]
    rows = [
        (
            ("> " if each["member"] == found.row["member"] else "  ") + each["id"],
            *(worded.value(key, each[key]) for key in varying),
        )
        for each in found.family[:MOST_SHOWN]
    ]
    output.table(("id", *varying), rows)
    if len(found.family) > MOST_SHOWN:
        output.text(f"  and {len(found.family) - MOST_SHOWN} more")


def _varies(found: Explanation, key: str) -> bool:
    if key in {"id", "member", "attempt"} or key.endswith(".spans"):
        return False
    return any(each[key] != found.row[key] for each in found.family)


def _steps(found: Explanation) -> None:
    output.heading("Steps")
    first = next((step["name"] for step in found.steps if step["kind"] == "generate"), None)
    said = {"generate": "went over it", "filter": "kept it"}
    rows = [(s["name"], s["use"], "wrote the row" if s["name"] == first else said[s["kind"]]) for s in found.steps]
    output.table(("step", "component", "what it did"), rows)


def _edits(found: Explanation) -> None:
    if found.edits:
        output.heading("Edits")
        rows = [
            (e["field"], e["rule"], f"{e['start']}-{e['end']}", repr(e["old"]), repr(e["new"])) for e in found.edits
        ]
        output.table(("field", "rule", "characters", "before", "after"), rows)


def _attempts(found: Explanation) -> None:
    if not found.ledger:
        return
    output.heading("Rejected before")
    rows = [
        (each["attempt"], each["id"], each["step"], each["reason"], _short(each[found.fields[0]]))
        for each in found.ledger[:MOST_SHOWN]
    ]
    output.table(("attempt", "id", "step", "reason", found.fields[0]), rows)
    if len(found.ledger) > MOST_SHOWN:
        output.text(f"  and {len(found.ledger) - MOST_SHOWN} more")


def _verdict(found: Explanation) -> None:
    print()
    if found.why_not is not None:
        output.text(f"The row could not be made again: {found.why_not}")
        return
    for change in found.changed:
        output.text(f"{change}.")
    if found.same:
        output.text("The row is what the recipe makes.")
        return
    output.text("The recipe makes another row now:")
    rows = [(each["column"], _short(each["stored"]), _short(each["made"])) for each in found.differences]
    output.table(("column", "stored", "made now"), rows)
