"""The certificate of the plan stands beside that of the rows, counted without planning everything again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fairloom as fl
from fairloom.weaving.certificate import CertificateBuilder
from fairloom.weaving.prepare import prepare

SMALL = Path(__file__).parent / "small" / "recipe.toml"
PAIRS = Path(__file__).parents[2] / "docs" / "recipes" / "pairs" / "recipe.toml"
UNFAIR = 'step=[{generate="template"}, {filter="./my_filters.py:unfair", target="quiet", share=0.6}]'
NEVER = (
    'step=[{generate="template"}, {filter="./my_filters.py:never", target="quiet"}, {filter="text.duplicates"}]',
    "recipe.rows=241",
    "design.attempts=2",
)


def planned(recipe: fl.Recipe) -> dict:
    """The certificate's counts over attempt 0 of everything."""
    loom = prepare(recipe)
    builder = CertificateBuilder.of(loom)
    families = np.arange(loom.plan.families, dtype=np.int64)
    builder.observe(loom.briefs.make(families, np.zeros_like(families)))
    return builder.balance()


@pytest.mark.parametrize(
    ("path", "overrides"),
    [
        (SMALL, ("recipe.rows=600",)),
        (SMALL, (UNFAIR, "recipe.rows=600")),
        (SMALL, NEVER),
        (PAIRS, ("factors.city.values=['Lima']", "recipe.rows=180", "parts.rows=16")),
    ],
)
def test_the_planned_balance_is_that_of_attempt_0(path: Path, overrides: tuple[str, ...], tmp_path: Path) -> None:
    recipe = fl.Recipe.load(path, set=overrides)
    run = recipe.run(tmp_path / "run")
    assert run.certificate["design"] == planned(recipe)
    assert run.certificate["design"]["n"] == run.manifest["asked"]


def test_missing_rows_show_in_the_rows_and_not_in_the_plan(tmp_path: Path) -> None:
    run = fl.Recipe.load(SMALL, set=NEVER).run(tmp_path / "run")
    reached = {axis["axis"]: axis["gap"] for axis in run.certificate["axes"]}
    wanted = {axis["axis"]: axis["gap"] for axis in run.certificate["design"]["axes"]}
    assert run.status == "failed"
    assert (wanted["label"], reached["label"]) == (1, 81)
