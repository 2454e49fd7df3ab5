"""A run in a screenful: status, gates, balance, what was rejected and what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairloom.cli import output
from fairloom.showing.bounds import bounds

Tree = Mapping[str, Any]


def exit_code(manifest: Tree) -> int:
    """0 for a run that passed; 1 when a gate failed or rows are missing."""
    return 0 if manifest["status"] == "passed" else 1


def document(manifest: Tree, measurements: Tree, certificate: Tree, folder: Path) -> None:
    """Print the run as one JSON document."""
    kept = ("status", "rows", "families", "seed", "content_digest", "counts", "shortfall", "splits")
    output.document(
        {
            "folder": str(folder),
            **{key: manifest.get(key) for key in kept},
            "gates": measurements.get("gates", []),
            "audit": measurements.get("audit", []),
            "strongest": _bare(strongest(certificate)),
            "furthest": _bare(furthest(certificate)),
            "least_kept": lowest(measurements.get("audit", [])),
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
    _steps(manifest.get("counts", {}).get("steps", []))
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


def strongest(certificate: Tree) -> Tree | None:
    """The pair of axes with the largest V in the final rows, with what was planned for it.

    Pairs that the recipe itself ties, by ``match``, are left out.
    """
    free = (pair for pair in _pairs(certificate) if not pair.get("tied"))
    return max(free, key=lambda pair: pair["v"], default=None)


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
            ("lowest selection ratio", ratio or "nothing was rejected"),
        ]
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
