"""``fairloom induce``."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from fairloom.cli import options, output

DETAIL = """\
Each span becomes a slot, rows that
differ only in what their spans hold become one template, and the values of a slot one table. The folder also gets a
recipe that draws them evenly. What could not be used is counted, with the reason; rare values that look personal are
left out unless --keep-personal says otherwise."""
EXAMPLE = """\
fairloom induce utterances.jsonl --label intent -o induced
fairloom run induced --to induced/out"""
FEW = 15


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``induce``."""
    from_rare = 3
    parser.add_argument("files", metavar="FILE", nargs="+", type=Path, help="annotated rows: text with spans")
    parser.add_argument("-o", "--to", metavar="DIR", type=Path, required=True, help="the folder to write; must be new")
    parser.add_argument("--name", metavar="NAME", help="the name of the dataset (default: that of the folder)")
    parser.add_argument(
        "--reader", metavar="USE", help="the reader, such as read.snips (default: by the file's ending)"
    )
    parser.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="a setting of the reader, as TOML; repeatable"
    )
    parser.add_argument("--text", metavar="COLUMN", default="text", help="the column of texts (default: text)")
    parser.add_argument("--label", metavar="COLUMN", help="the column of labels (default: label, if there is one)")
    parser.add_argument("--spans", metavar="COLUMN", help="the column of spans (default: the one that holds some)")
    parser.add_argument("--keys", metavar="start=A,end=B,slot=C", help="what a span calls its bounds and its name")
    parser.add_argument(
        "--rare",
        metavar="N",
        type=options.positive,
        default=from_rare,
        help=f"values that occur less often and look personal are left out (default: {from_rare})",
    )
    parser.add_argument(
        "--personal", metavar="SLOT", action="append", default=[], help="the values of this slot are people's own"
    )
    parser.add_argument("--keep-personal", action="store_true", help="keep what looks personal")
    parser.add_argument(
        "--replay", action="store_true", help="also write the levels of every row; they give back the rows themselves"
    )


def call(arguments: argparse.Namespace) -> int:
    """Induce, write the folder, and say what was used."""
    from fairloom.inducing.induce import induce  # noqa: PLC0415 - the parser needs none of this
    from fairloom.inducing.writing import about, write  # noqa: PLC0415

    found = induce(
        arguments.files,
        reader=arguments.reader,
        settings=options.settings(arguments.set),
        shape=_shape(arguments),
        rare=arguments.rare,
        personal=arguments.personal,
        keep_personal=arguments.keep_personal,
    )
    written = write(found, arguments.to, name=arguments.name or arguments.to.resolve().name, replay=arguments.replay)
    told = about(found)
    if arguments.json:
        output.document({**told, "folder": str(arguments.to), "written": [str(path) for path in written]})
        return 0
    _show(told)
    output.text("")
    output.text(f"written: {arguments.to} ({len(written)} files)")
    output.text("next: read the templates and values, define the labels in recipe.toml, then")
    output.text(f"      fairloom run {arguments.to} --to {arguments.to / 'out'}")
    return 0


def _shape(arguments: argparse.Namespace) -> Any:
    from fairloom.inducing.annotated import Shape  # noqa: PLC0415 - the parser needs none of this
    from fairloom.problems import RecipeError, did_you_mean  # noqa: PLC0415

    keys: dict[str, str] = {}
    for part in (arguments.keys or "").split(",") if arguments.keys else ():
        key, _, name = part.partition("=")
        if key not in {"start", "end", "slot"} or not name:
            hint = did_you_mean(key, ("start", "end", "slot"))
            raise RecipeError.of(f"--keys takes start=A,end=B,slot=C, got {part!r}", suggestion=hint)
        keys[key] = name
    return Shape(text=arguments.text, spans=arguments.spans, label=arguments.label, **keys)


def _show(told: dict[str, Any]) -> None:
    share = f"{told['usable'] / told['rows']:.1%}"
    output.facts(
        [
            ("rows read", told["rows"]),
            ("rows that the templates can write", f"{told['usable']:,} ({share})"),
            ("templates", told["templates"]),
            ("templates refused", told["templates_refused"] or None),
            ("spans", told["spans"]),
            ("spans that lost blanks at their ends", told["spans_trimmed"] or None),
        ]
    )
    if told["refused"]:
        output.heading("Not used")
        rows = [
            (reason, entry["rows"], ", ".join(map(str, entry["first"][:5])) + (" ..." if entry["rows"] > 5 else ""))
            for reason, entry in told["refused"].items()
        ]
        output.table(("reason", "rows", "row numbers"), rows)
    output.heading("Slots, by how unevenly the real rows used their values")
    slots = sorted(told["slots"].items(), key=lambda item: item[1]["effective_number"] / max(1, item[1]["values"]))
    output.table(
        ("slot", "values", "left out", "largest share", "effective number"),
        [(slot, *each.values()) for slot, each in slots[:FEW]],
    )
    if len(slots) > FEW:
        output.text(f"  and {len(slots) - FEW} more, in induced.json")
