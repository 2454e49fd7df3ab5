"""``fairloom plan``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from fairloom.cli import options, output

if TYPE_CHECKING:
    from fairloom.design import PlanSummary

DETAIL = """\
Nothing is written: what is infeasible is
reported here, with the rules that conflict, before any row is made. The balance
is counted over the whole plan: gaps, Cramer's V, empty cells, Simpson reversals."""
EXAMPLE = """\
fairloom plan recipe.toml
fairloom plan recipe.toml --cells"""
FEW = 40
"""Up to this many cells are shown one by one."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``plan``."""
    options.recipe(parser)
    parser.add_argument("--cells", action="store_true", help=f"show every cell, also when there are more than {FEW}")


def call(arguments: argparse.Namespace) -> int:
    """Plan the recipe and print the design."""
    from fairloom.cli import balance  # noqa: PLC0415
    from fairloom.weaving.estimated import estimated  # noqa: PLC0415
    from fairloom.weaving.planned import planned as counted  # noqa: PLC0415
    from fairloom.weaving.prepare import prepare  # noqa: PLC0415 - the parser needs none of this

    recipe = options.load(arguments)
    loom = prepare(recipe, allow=tuple(arguments.allow))
    planned = loom.summary
    certificate = counted(loom)
    asking = estimated(loom) if loom.models else []
    if arguments.json:
        output.document({**_data(planned, loom.factors), "certificate": certificate, "models": asking})
        return 0
    output.text(f"{recipe.recipe.name} {recipe.recipe.version}, seed {recipe.recipe.seed}")
    output.facts(_facts(planned, loom.factors))
    output.heading("Planned balance")
    output.facts(balance.planned_facts(certificate))
    _factors(loom.factors)
    _cells(planned, everything=arguments.cells)
    _asking(asking)
    for note in planned.notes:
        output.text(f"note: {note}")
    return 0


def _facts(planned: PlanSummary, factors: Any) -> list[tuple[str, output.Cell]]:
    drawn = ", ".join(factor.name for factor in factors.values() if not factor.size)
    uncounted = f"not counted: {drawn} has no levels" if drawn else "not counted"
    return [
        ("rows", planned.rows),
        ("families", planned.families),
        ("rows per family", planned.members),
        ("cells", len(planned.cells)),
        ("distinct rows possible", uncounted if planned.distinct is None else f"{planned.distinct:,}"),
        ("every row unique", planned.unique),
        ("balanced", planned.balanced),
    ]


def _factors(factors: Any) -> None:
    output.heading("Factors")
    rows = [
        (factor.name, factor.role, factor.size or "drawn", ", ".join(factor.balance) or None)
        for factor in factors.values()
    ]
    output.table(("factor", "role", "levels", "balanced by"), rows)


def _cells(planned: PlanSummary, *, everything: bool) -> None:
    if not planned.axes:
        return
    if len(planned.cells) <= FEW or everything:
        output.heading("Cells")
        output.table((*planned.axes, "families"), [(*names, count) for names, count in planned.cells])
        return
    output.heading("Cells by axis (--cells shows each)")
    output.table(("axis", "level", "families", "cells", "least", "most"), _by_axis(planned))


def _asking(asking: list[dict[str, Any]]) -> None:
    if not asking:
        return
    output.heading("Models, if every row passes at once")
    names = ("model", "calls", "prompt_tokens", "answer_tokens", "cost")
    rows = [tuple(each[name] for name in names) for each in asking]
    output.table(("model", "calls", "prompt tokens", "answer tokens", "cost"), rows)
    for each in asking:
        for key in each["over"]:
            output.text(f"note: this is more than {key} of [models.{each['model']}] allows")


def _by_axis(planned: PlanSummary) -> list[tuple[output.Cell, ...]]:
    rows: list[tuple[output.Cell, ...]] = []
    for index, axis in enumerate(planned.axes):
        found: dict[str, list[int]] = {}
        for names, count in planned.cells:
            found.setdefault(names[index], []).append(count)
        rows += [(axis, level, sum(counts), len(counts), min(counts), max(counts)) for level, counts in found.items()]
    return rows


def _data(planned: PlanSummary, factors: Any) -> dict[str, Any]:
    return {
        "rows": planned.rows,
        "families": planned.families,
        "members": planned.members,
        "distinct": planned.distinct,
        "unique": planned.unique,
        "balanced": planned.balanced,
        "axes": list(planned.axes),
        "cells": [
            {"levels": dict(zip(planned.axes, names, strict=True)), "families": count} for names, count in planned.cells
        ],
        "notes": list(planned.notes),
        "factors": [
            {"name": factor.name, "role": factor.role, "levels": factor.size, "balance": list(factor.balance)}
            for factor in factors.values()
        ],
    }
