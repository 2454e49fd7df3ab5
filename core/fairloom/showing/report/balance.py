"""What the page shows of the certificate: planned and reached side by side, empty cells, reversals, the accounts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairloom.batch import LABEL
from fairloom.showing.report import figures

Tree = Mapping[str, Any]
Table = Sequence[Sequence[int]]

WIDE = 10
"""A table with more columns than this is folded."""
LONG = 20
"""A table with more lines than this is folded."""


def heat(pair: Tree, planned: Tree | None = None) -> dict[str, Any]:
    """A two-way table shaded by how far its cells are from the product of their margins.

    Where the plan was another one, ``views`` holds it and the difference as well.
    """
    reached: Table = pair["table"]
    wanted: Table | None = planned.get("table") if planned else None
    views = [_view("Reached", pair, reached)]
    if wanted is not None and wanted != reached:
        views = [_view("Planned", pair, wanted), *views, _difference(pair, wanted, reached)]
    folded = len(pair["columns"]) > WIDE or len(reached) > LONG
    return {**pair, "with_label": LABEL in pair["axes"], "views": views, "lines": reached, "folded": folded}


def _view(title: str, pair: Tree, table: Table) -> dict[str, Any]:
    across, down = [sum(line) for line in table], [sum(line) for line in zip(*table, strict=True)]
    total = sum(across)
    lines = [
        {
            "name": name,
            "sum": across[i],
            "cells": [
                {"count": count, "tone": "" if pair.get("tied") else _tone(count, across[i] * down[j], total)}
                for j, count in enumerate(table[i])
            ],
        }
        for i, name in enumerate(pair["rows"])
    ]
    return {"title": title, "lines": lines, "sums": down, "total": total, "signed": False}


def _tone(count: int, product: int, total: int) -> str:
    return figures.deviation(count, product / total if total else 0)


def _difference(pair: Tree, wanted: Table, reached: Table) -> dict[str, Any]:
    """Reached less planned, shaded by the part of the planned cell that is gone or came."""
    change = [[b - a for a, b in zip(*lines, strict=True)] for lines in zip(wanted, reached, strict=True)]
    lines = [
        {
            "name": name,
            "sum": sum(change[i]),
            "cells": [
                {"count": count, "tone": figures.deviation(reached[i][j], wanted[i][j] or 0.5 * bool(reached[i][j]))}
                for j, count in enumerate(change[i])
            ],
        }
        for i, name in enumerate(pair["rows"])
    ]
    sums = [sum(column) for column in zip(*change, strict=True)]
    return {"title": "Difference", "lines": lines, "sums": sums, "total": sum(sums), "signed": True}


def pairs(certificate: Tree) -> list[dict[str, Any]]:
    """Every pair of axes, the strongest association first."""
    plan = by_axes(certificate.get("design", {}).get("pairs", []))
    found = [
        {
            **dict.fromkeys(("gap", "v", "mi", "p")),
            **heat(pair, plan.get(tuple(pair["axes"]))),
            "planned": plan.get(tuple(pair["axes"]), {}).get("gap"),
            "planned_v": plan.get(tuple(pair["axes"]), {}).get("v"),
        }
        for pair in certificate.get("pairs", [])
    ]
    return sorted(found, key=lambda pair: -(pair.get("v") or 0))


def by_axes(entries: Sequence[Tree]) -> dict[tuple[str, ...], Tree]:
    """Entries of a certificate by their axes."""
    return {tuple(entry["axes"]): entry for entry in entries}


def cells(certificate: Tree) -> dict[str, Any] | None:
    """Tables with empty cells in the plan or in the rows, smallest first; ``None`` where none were looked at."""
    found = certificate.get("cells")
    if not found:
        return None
    plan = by_axes(certificate.get("design", {}).get("cells", []))
    lines = [{**one, "planned": plan.get(tuple(one["axes"]), {}).get("empty")} for one in found]
    return {
        "tables": len(lines),
        "cells": sum(one["cells"] for one in lines),
        "excluded": sum(one["excluded"] or 0 for one in lines),
        "lines": sorted(
            (one for one in lines if one["empty"] or one["planned"]), key=lambda one: (len(one["axes"]), one["cells"])
        ),
    }


def reversals(certificate: Tree) -> dict[str, Any] | None:
    """Reversals of the rows and of the plan, one line each."""
    here, there = certificate.get("reversals"), certificate.get("design", {}).get("reversals")
    if here is None:
        return None
    lines = [{**one, "where": "rows"} for one in here["found"]]
    lines += [{**one, "where": "plan"} for one in (there or {"found": []})["found"]]
    return {**here, "lines": lines}


def accounts(certificate: Tree) -> dict[str, Any] | None:
    """The accounts of all rows, of every axis and of the cells where a candidate did not stay."""
    found = certificate.get("explained")
    if not found:
        return None
    groups = list(_groups(found))
    lines = [line for group in groups for line in group["lines"]]
    used = {key: any(line[key] for line in lines) for key in ("redrawn", "given_up", "trimmed", "with_mates")}
    return {
        "steps": list(found["total"]["rejected"]),
        "used": used,
        "lost": found["total"]["made"] - found["total"]["final"],
        "groups": groups,
    }


def _groups(found: Tree) -> Iterator[dict[str, Any]]:
    yield {"title": "All rows", "lines": [{"name": "rows", **found["total"]}], "more": 0}
    for axis in found["axes"]:
        lines = [{"name": line["level"], **line} for line in axis["levels"]]
        yield {"title": axis["axis"], "lines": lines, "more": axis["count"] - len(lines)}
    lost = [cell for cell in found["cells"] if cell["made"] != cell["final"] or cell["final"] != cell["planned"]]
    if lost:
        lines = [{"name": ", ".join(cell["cell"].values()), **cell} for cell in lost]
        yield {"title": f"Cells: {', '.join(lost[0]['cell'])}", "lines": lines, "more": 0}


def split(manifest: Tree) -> dict[str, Any] | None:
    """What was kept together in one split, and what each split asked for and got."""
    report = manifest.get("split")
    if not report:
        return None
    return {**report, "lines": [{"name": name, **one} for name, one in report["splits"].items()]}
