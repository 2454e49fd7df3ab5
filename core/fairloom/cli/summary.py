"""A run in a screenful: status, gates, balance, what was rejected and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairloom.cli import balance, output
from fairloom.showing import leftout
from fairloom.showing.bounds import bounds

Tree = Mapping[str, Any]
FEW = 3
"""So many levels of an axis are explained one by one."""
DEAR = 1.1
"""Candidates a row of one level against those of another from which the difference is said."""


def exit_code(manifest: Tree) -> int:
    """0 for a run that passed; 1 when a gate failed or rows are missing."""
    return 0 if manifest["status"] == "passed" else 1


def document(manifest: Tree, measurements: Tree, certificate: Tree, folder: Path) -> None:
    """Print the run as one JSON document."""
    kept = (
        "status",
        "rows",
        "families",
        "seed",
        "content_digest",
        "counts",
        "excluded",
        "unwritable",
        "shortfall",
        "splits",
    )
    output.document(
        {
            "folder": str(folder),
            **{key: manifest.get(key) for key in kept},
            "gates": measurements.get("gates", []),
            "audit": measurements.get("audit", []),
            "strongest": _bare(strongest(certificate)),
            "furthest": _bare(furthest(certificate)),
            "least_kept": lowest(measurements.get("audit", [])),
            "cells": certificate.get("cells", []),
            "reversals": certificate.get("reversals"),
            "explained": certificate.get("explained"),
        }
    )


def show(manifest: Tree, measurements: Tree, certificate: Tree, folder: Path) -> None:
    """Print the run for a reader."""
    who = manifest["identity"]
    warned = sum(_warns(gate) for gate in measurements.get("gates", []))
    said = f", {warned} failed gate{' that only warns' if warned == 1 else 's that only warn'}" if warned else ""
    output.text(f"{who['name']} {who['version']}: {manifest['status']}{said}")
    output.facts(_facts(manifest))
    gates(measurements.get("gates", []))
    _balance(certificate, measurements.get("audit", []))
    _models(manifest)
    _steps(manifest.get("counts", {}).get("steps", []))
    _left_out(manifest)
    _shortfall(manifest.get("shortfall", []))
    page = folder / "report.html"
    if page.is_file():
        print()
        output.text(f"report: {page}")


def gates(verdicts: list[Tree]) -> None:
    """Print the gates with their values and bounds."""
    if not verdicts:
        return
    output.heading("Gates")
    columns = ("gate", "value", "bound", "status", "why")
    rows = [
        (
            gate["name"],
            gate.get("value"),
            bounds(gate.get("min"), gate.get("max")),
            _status(gate),
            gate.get("why") or "",
        )
        for gate in verdicts
    ]
    explained = any(row[-1] for row in rows)
    output.table(columns if explained else columns[:-1], rows if explained else [row[:-1] for row in rows])


def _models(manifest: Tree) -> None:
    if not manifest.get("models"):
        return
    output.heading("Models")
    rows = [(name, each["calls"], each["tokens"], each["cost"] or None) for name, each in manifest["models"].items()]
    output.table(("model", "calls", "tokens", "cost"), rows)
    journal = manifest["journal"]
    failed = ", ".join(f"{count:,} {kind}" for kind, count in journal["failures"].items()) or "none"
    output.facts([("answers used", journal["answers"]), ("failures", failed)])


def strongest(certificate: Tree) -> Tree | None:
    """The pair of axes with the largest V in the final rows, with what was planned for it.

    Pairs that the recipe itself ties, by ``match``, are left out.
    """
    return max(balance.free(_pairs(certificate), certificate), key=lambda pair: pair["v"], default=None)


def furthest(certificate: Tree) -> Tree | None:
    """The pair whose gap is larger than planned by the most; ``None`` where none is."""
    wider = [pair for pair in _pairs(certificate) if pair["gap"] > pair["planned_gap"]]
    return max(wider, key=lambda pair: pair["gap"] - pair["planned_gap"], default=None)


def lowest(audit: Sequence[Tree]) -> Tree | None:
    """The step and axis with the lowest selection ratio, where something was rejected."""
    entries = [
        {key: entry[key] for key in ("step", "axis", "ratio", "p")}
        for entry in audit
        if any(group["rejected"] for group in entry["groups"])
    ]
    return min(entries, key=lambda entry: entry["ratio"], default=None)


def _pairs(certificate: Tree) -> list[Tree]:
    planned = {tuple(pair["axes"]): pair for pair in certificate.get("design", {}).get("pairs", [])}
    pairs = ((pair, planned.get(tuple(pair["axes"]), pair)) for pair in certificate.get("pairs", []))
    return [{**pair, "planned_gap": plan["gap"], "planned_v": plan["v"]} for pair, plan in pairs]


def _bare(pair: Tree | None) -> Tree | None:
    """A pair without its table."""
    return pair and {key: pair[key] for key in ("axes", "gap", "v", "p", "planned_gap", "planned_v")}


def _balance(certificate: Tree, audit: Sequence[Tree]) -> None:
    output.heading("Balance")
    pair, wider, least = strongest(certificate), furthest(certificate), lowest(audit)
    tied = pair and f"{_names(pair)}: V {pair['v']:.4g} (planned {pair['planned_v']:.4g}), {_chance(pair['p'])}"
    gap = wider and f"{_names(wider)}: gap {wider['gap']:,} (planned {wider['planned_gap']:,})"
    ratio = least and f"{least['step']} by {least['axis']}: {least['ratio']:.3f} (fair from 0.8), {_chance(least['p'])}"
    output.facts(
        [
            ("strongest association", tied or "no two axes are declared"),
            ("furthest from the plan", gap or "no gap is wider than planned"),
            *_compared(certificate),
            ("lowest selection ratio", ratio or "nothing was rejected"),
        ]
    )
    _explained(certificate.get("explained", {}))


def _compared(certificate: Tree) -> list[tuple[str, str]]:
    """Empty cells and reversals of the rows, with what was planned where that differs."""
    design = certificate.get("design", {})
    found = []
    for label, key, said in (
        ("empty cells", "cells", balance.empty),
        ("Simpson reversals", "reversals", balance.reversals),
    ):
        if key in certificate and certificate.get("pairs"):
            here, there = said(certificate[key]), said(design[key])
            found.append((label, here if here == there else f"{here} (planned: {there})"))
    return found


def _explained(found: Tree) -> None:
    """What became of the plan: all rows, and the levels whose rows cost the most or are not as many as planned."""
    total = found.get("total")
    if not total or total["made"] == total["planned"] == total["final"]:
        return
    output.heading("Planned and reached")
    output.text(f"  {account('rows', total)}")
    for axis in found["axes"]:
        told = [(axis["axis"], line) for line in axis["levels"] if line["planned"] != line["final"]]
        for name, line in sorted(told, key=lambda one: -abs(one[1]["planned"] - one[1]["final"]))[:FEW]:
            output.text(f"  {account(name + '=' + line['level'], line)}")
        if len(told) > FEW:
            output.text(f"  {axis['axis']}: {len(told) - FEW} more levels differ, see certificate.json")
    dear = dearest(found)
    if dear:
        output.text(f"  {dear}")


def account(who: str, line: Tree) -> str:
    """One line that adds up: ``label=a: 200 planned, 3 given up = 197; 240 made (1.22 a row), 43 rejected``."""
    moves = [
        f"{abs(line['redrawn']):,} drawn {'in' if line['redrawn'] > 0 else 'away'}" if line["redrawn"] else "",
        f"{line['given_up']:,} given up" if line["given_up"] else "",
        f"{line['trimmed']:,} trimmed" if line["trimmed"] else "",
    ]
    lost = sum(line["rejected"].values()) + line["with_mates"]
    cost = f" ({line['per_row']:.2f} a row)" if line["per_row"] else ""
    reached = ", ".join([f"{line['planned']:,} planned", *filter(None, moves)])
    return f"{who}: {reached} = {line['final']:,}; {line['made']:,} made{cost}, {lost:,} rejected"


def dearest(found: Tree) -> str | None:
    """The level whose rows cost the most candidates beside the cheapest of its axis, where that says something."""
    spreads = []
    for axis in found["axes"]:
        lines = [line for line in axis["levels"] if line["per_row"]]
        if len(lines) > 1:
            most, least = (pick(lines, key=lambda line: line["per_row"]) for pick in (max, min))
            spreads.append((most["per_row"] / least["per_row"], axis["axis"], most, least))
    if not spreads:
        return None
    ratio, name, most, least = max(spreads, key=lambda one: one[0])
    if ratio < DEAR:
        return None
    return (
        f"{name}={most['level']} cost {most['per_row']:.2f} candidates a row, "
        f"{name}={least['level']} {least['per_row']:.2f}"
    )


def _chance(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p {p:.3g}"


def _names(pair: Tree) -> str:
    return " by ".join(pair["axes"])


def _warns(gate: Tree) -> bool:
    return gate["status"] != "passed" and gate.get("on_fail") == "warn"


def _status(gate: Tree) -> str:
    return f"{gate['status']} (warning)" if _warns(gate) else str(gate["status"])


def _facts(manifest: Tree) -> list[tuple[str, output.Cell]]:
    splits = manifest.get("splits") or {}
    return [
        ("rows", manifest.get("rows")),
        ("families", manifest.get("families")),
        *((f"  {name}", count) for name, count in splits.items()),
        ("seed", str(manifest.get("seed"))),
        ("digest", manifest.get("content_digest")),
    ]


def _steps(steps: list[Tree]) -> None:
    dropping = [step for step in steps if step.get("rejected")]
    if not dropping:
        return
    output.heading("Rejected and refilled")
    rows = [
        (step["name"], reason, count, f"{count / step['seen']:.1%}")
        for step in dropping
        for reason, count in sorted(step.get("reasons", {}).items(), key=lambda item: (-item[1], item[0]))
    ]
    output.table(("step", "reason", "rows", "share"), rows)


def _left_out(manifest: Tree) -> None:
    found = list(leftout.lines(manifest))
    if found:
        output.heading("Left out")
        output.table(("by", "what", "how many"), found)


def _shortfall(cells: list[Tree]) -> None:
    if not cells:
        return
    output.heading("Missing rows")
    rows = [
        (
            ", ".join(f"{axis}={level}" for axis, level in cell["cell"].items()),
            cell["missing"],
            ", ".join(f"{reason} ({count:,})" for reason, count in cell.get("reasons", {}).items()),
        )
        for cell in cells
    ]
    output.table(("cell", "missing", "rejected because"), rows)
