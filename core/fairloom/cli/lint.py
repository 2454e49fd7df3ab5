"""What ``fairloom check --lint`` prints."""

from __future__ import annotations

import argparse
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs

from fairloom.cli import output
from fairloom.reading.inline import toml_key

if TYPE_CHECKING:
    from fairloom.weaving.linted import Found
    from fairloom.weaving.loom import Loom

FAULTS = 1
"""The exit code where there are errors, or with ``--strict`` warnings."""


def report(loom: Loom, arguments: argparse.Namespace) -> int:
    """Print the findings, one per line and then their number, and return the exit code."""
    from fairloom.lints import SEVERITIES  # noqa: PLC0415 - the parser needs none of this
    from fairloom.weaving.linted import lint, view_of  # noqa: PLC0415

    found = lint(loom, ignore=arguments.ignore, rules=arguments.rule)
    counts = Counter(each.severity for each in found)
    code = FAULTS if counts["error"] or (arguments.strict and counts["warning"]) else 0
    lists = view_of(loom).lists if arguments.record else {}
    records = {name: each.digest for name, each in lists.items() if not each.recorded}
    if arguments.json:
        said = {"digests": records} if arguments.record else {}
        findings = [_plain(each) for each in found]
        status = "faults" if code else "ok"
        output.document({"status": status, "name": loom.recipe.recipe.name, "findings": findings, **said})
        return code
    for each in found:
        output.text(each.render())
    for name, digest in records.items():
        output.text(f'factors.{toml_key(name)}.digest = "{digest}"')
    if arguments.record and not records:
        output.text("every list has its digest in the recipe")
    numbers = ", ".join(f"{counts[one]} {one}{'' if counts[one] == 1 else 's'}" for one in SEVERITIES)
    output.text(f"{arguments.recipe}: {numbers}")
    return code


def _plain(found: Found) -> dict[str, Any]:
    place = attrs.asdict(found.problem)
    return {"code": found.code, "severity": found.severity, "rows": found.rows, **place, "path": list(place["path"])}
