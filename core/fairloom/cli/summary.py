"""A run in a screenful: status, gates, what was rejected and what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairloom.bounds import bounds
from fairloom.cli import output

Tree = Mapping[str, Any]


def exit_code(manifest: Tree) -> int:
    """0 for a run that passed; 1 when a gate failed or rows are missing."""
    return 0 if manifest["status"] == "passed" else 1


def document(manifest: Tree, measurements: Tree, folder: Path) -> None:
    """Print the run as one JSON document."""
    kept = ("status", "rows", "families", "seed", "content_digest", "counts", "shortfall", "splits")
    output.document(
        {
            "folder": str(folder),
            **{key: manifest.get(key) for key in kept},
            "gates": measurements.get("gates", []),
            "audit": measurements.get("audit", []),
        }
    )


def show(manifest: Tree, measurements: Tree, folder: Path) -> None:
    """Print the run for a reader."""
    about = manifest["recipe"].get("recipe", {})
    output.text(f"{about.get('name', folder.name)} {about.get('version', '')}: {manifest['status']}")
    output.facts(_facts(manifest))
    gates(measurements.get("gates", []))
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


def _status(gate: Tree) -> str:
    warned = gate["status"] != "passed" and gate.get("on_fail") == "warn"
    return f"{gate['status']} (warning)" if warned else str(gate["status"])


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
    output.table(("cell", "missing", "reasons"), rows)
