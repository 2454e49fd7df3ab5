"""The accounts of the certificate: plan, ledger and final rows add up, group by group, to the row."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import fairloom as fl
from fairloom.weaving.prepare import prepare

SMALL = Path(__file__).parent / "small" / "recipe.toml"
PAIRS = Path(__file__).parents[2] / "docs" / "recipes" / "pairs" / "recipe.toml"


def steps(filters: str) -> str:
    return f'step=[{{generate="template"}}, {filters}, {{filter="text.duplicates"}}]'


UNFAIR = steps('{filter="./my_filters.py:unfair", name="unfair", target="quiet", share=0.6}')
NEVER = steps('{filter="./my_filters.py:never", name="never", target="quiet"}')
FREE = ('design.use="design.uniform"', 'design.cross=["label"]')  # so that people are drawn anew with every attempt

RUNS = [
    (SMALL, (UNFAIR, "recipe.rows=600")),
    (SMALL, (UNFAIR, "recipe.rows=607", "design.attempts=3", 'design.on_shortfall="trim"')),
    (SMALL, (UNFAIR, "recipe.rows=607", "design.attempts=3", 'design.on_shortfall="trim"', *FREE)),
    (SMALL, (NEVER, "recipe.rows=241", "design.attempts=2", "factors.room.max=109")),
    (PAIRS, ("factors.city.values=['Lima']", "recipe.rows=180", "parts.rows=16")),
]


@pytest.mark.parametrize(("path", "overrides"), RUNS)
def test_both_accounts_add_up_and_agree_with_counts_made_elsewhere(
    path: Path, overrides: tuple[str, ...], tmp_path: Path
) -> None:
    recipe = fl.Recipe.load(path, set=overrides)
    run = recipe.run(tmp_path / "run")
    found = run.certificate["explained"]
    lines = [found["total"], *found["cells"], *(line for axis in found["axes"] for line in axis["levels"])]
    for line in lines:
        assert line["planned"] + line["redrawn"] - line["given_up"] - line["trimmed"] == line["final"]
        lost = sum(line["rejected"].values()) + line["with_mates"] + line["trimmed"]
        assert line["made"] - lost == line["final"]
        assert line["per_row"] == (line["made"] / line["final"] if line["final"] else None)
    ledger = pq.read_table(tmp_path / "run" / "rejected") if run.manifest["rejected"] else None
    _total(found["total"], run)
    plan = _plan(recipe)
    for axis in found["axes"]:
        name, levels = axis["axis"], axis["levels"]
        kept = _counter(run.table.column(name))
        lost = _counter(ledger.column(name)) if ledger is not None else Counter()
        planned = _counter(plan.column(name))
        assert {line["level"]: line["planned"] for line in levels if line["planned"]} == planned
        assert {line["level"]: line["final"] for line in levels if line["final"]} == kept
        assert {line["level"]: line["made"] for line in levels if line["made"]} == kept + lost
    _audited(found, run)


def _total(total: dict[str, Any], run: fl.Run) -> None:
    again = int(np.count_nonzero(run.table.column("attempt").to_numpy()))
    generated = next(step for step in run.manifest["counts"]["steps"] if step["kind"] == "generate")
    assert total["planned"] == run.manifest["asked"]
    assert (total["final"], total["refilled"]) == (run.manifest["rows"], again)
    assert total["made"] == generated["seen"]
    assert total["given_up"] == sum(cell["missing"] for cell in run.manifest["shortfall"])
    assert total["trimmed"] == run.manifest.get("trimmed", {}).get("rows", 0)
    assert total["redrawn"] == 0
    rejected = {step["name"]: step["rejected"] for step in run.manifest["counts"]["steps"] if step["rejected"]}
    assert {name: count for name, count in total["rejected"].items() if count} == rejected
    assert total["with_mates"] == run.manifest["rejected"] - total["trimmed"] - sum(rejected.values())


def _audited(found: dict[str, Any], run: fl.Run) -> None:
    """What each step rejected of each group, counted by the filter audit while the rows were made."""
    axes = {axis["axis"]: {line["level"]: line for line in axis["levels"]} for axis in found["axes"]}
    for entry in run.measurements["audit"]:
        for group in entry["groups"]:
            line = axes[entry["axis"]][group["name"]]
            assert line["rejected"].get(entry["step"], 0) == group["rejected"]


def _plan(recipe: fl.Recipe) -> Any:
    loom = prepare(recipe)
    families = np.arange(loom.plan.families, dtype=np.int64)
    return loom.briefs.make(families, np.zeros_like(families))


def _counter(column: Any) -> Counter[str]:
    return Counter({one["values"]: one["counts"] for one in pc.value_counts(column.drop_null()).to_pylist()})


def test_cells_are_planned_with_their_quota(tmp_path: Path) -> None:
    path, overrides = RUNS[1]
    recipe = fl.Recipe.load(path, set=overrides)
    found = recipe.run(tmp_path / "run").certificate["explained"]
    quotas = dict(prepare(recipe).plan.summary().cells)
    assert {tuple(line["cell"].values()): line["planned"] for line in found["cells"]} == quotas


def test_levels_that_are_drawn_anew_are_accounted_for(tmp_path: Path) -> None:
    path, overrides = RUNS[2]
    recipe = fl.Recipe.load(path, set=overrides)
    found = recipe.run(tmp_path / "run").certificate["explained"]
    genders = next(axis for axis in found["axes"] if axis["axis"] == "person.gender")["levels"]
    assert sum(line["redrawn"] for line in genders) == 0
    assert any(line["redrawn"] for line in genders)


def test_what_a_row_cost_shows_whom_a_filter_refused(tmp_path: Path) -> None:
    path, overrides = RUNS[0]
    found = fl.Recipe.load(path, set=overrides).run(tmp_path / "run").certificate["explained"]
    labels = {line["level"]: line for line in found["axes"][0]["levels"]}
    assert labels["quiet"]["per_row"] > 2 > 1.1 > labels["late_out"]["per_row"]
    assert labels["quiet"]["final"] == labels["late_out"]["final"] == 200
