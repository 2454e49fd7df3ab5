"""Empty cells, cells that rules exclude, and Simpson reversals: in the plan, in the rows, and on the command line."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np

import fairloom as fl
from fairloom.cli import main
from fairloom.weaving.certificate import CertificateBuilder
from fairloom.weaving.planned import planned
from fairloom.weaving.prepare import prepare

BASE = """
[recipe]
name = "cells"
version = "1"
rows = {rows}
[task]
unit = "a line"
[task.labels]
yes = {{ definition = "yes" }}
no = {{ definition = "no" }}
[factors.template]
from = "templates.toml"
role = "surface"
match = {{ label = "label" }}
[factors.group]
values = ["a", "b", "c"]
role = "protected"
[factors.city]
values = ["Oslo", "Lyon"]
[design]
cross = ["label", "group"]
independent = [["label", "city"], ["label", "template"]]
{rules}
[[step]]
generate = "template"
{steps}
"""
TEMPLATES = """
[[template]]
name = "t1"
label = "yes"
text = "Yes, {{ group }} of {{ city }}"
[[template]]
name = "t2"
label = "no"
text = "No, {{ group }} of {{ city }}"
[[template]]
name = "t3"
label = "no"
text = "No, {{ group }}"
"""


def recipe(folder: Path, rows: int = 120, rules: str = "", steps: str = "", filters: str = "") -> fl.Recipe:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "templates.toml").write_text(TEMPLATES, encoding="utf-8")
    (folder / "mine.py").write_text(filters, encoding="utf-8")
    (folder / "recipe.toml").write_text(BASE.format(rows=rows, rules=rules, steps=steps), encoding="utf-8")
    return fl.Recipe.load(folder / "recipe.toml")


def by_axes(certificate: dict) -> dict[tuple[str, ...], dict]:
    return {tuple(one["axes"]): one for one in certificate["cells"]}


def test_what_a_rule_or_template_excludes_is_not_empty(tmp_path: Path) -> None:
    found = by_axes(planned(prepare(recipe(tmp_path, rules="forbid = [\"group == 'c' and label == 'no'\"]"))))
    assert found["label", "group"]["excluded"] == 1
    assert found["label", "group"]["empty"] == 0
    # t1 goes with yes alone, t2 and t3 with no alone; t3 has no city.
    assert found["label", "template"]["excluded"] == 3
    assert found["city", "template"]["excluded"] == 2
    # By way of the label: c is never in t2 or t3.
    assert found["group", "template"]["excluded"] == 2
    assert all(one["empty"] == 0 for one in found.values())


def test_what_a_small_plan_has_no_row_for_is_empty_and_named(tmp_path: Path) -> None:
    found = by_axes(planned(prepare(recipe(tmp_path, rows=4))))
    assert found["label", "group"]["cells"] == 6
    assert found["label", "group"]["empty"] == 2
    assert len(found["label", "group"]["first"]) == 2
    assert set(map(tuple, found["label", "group"]["first"])) <= set(itertools.product(("yes", "no"), "abc"))


def test_cells_that_a_filter_empties_are_empty_in_the_rows_only(tmp_path: Path) -> None:
    never = """
import fairloom as fl

@fl.filter
def never(text: str) -> str | None:
    'Reject one cell.'
    return "no" if "Yes, a of" in text else None
"""
    made = recipe(tmp_path, steps='[[step]]\nfilter = "./mine.py:never"', filters=never)
    run = made.run(tmp_path / "run")
    assert by_axes(run.certificate)["label", "group"]["first"] == [["yes", "a"]]
    assert by_axes(run.certificate["design"])["label", "group"]["empty"] == 0


def test_a_reversal_is_found_and_named(tmp_path: Path) -> None:
    """Ten times the kidney stones of Charig et al. (1986): label by group, conditioned on city."""
    builder = CertificateBuilder.of(prepare(recipe(tmp_path)))
    table = 10 * np.array([[[81, 192], [234, 55]], [[6, 71], [36, 25]]])
    label, group, city = (np.repeat(place.ravel(), table.ravel()) for place in np.indices(table.shape))
    builder.count({"label": label, "group": group, "city": city, "template": np.full_like(label, -1)}, label.size)
    found = builder.balance()["reversals"]["found"]
    assert [(one["label"], one["axis"], one["level"], one["given"]) for one in found] == [
        ("yes", "group", "a", "city"),
        ("yes", "group", "b", "city"),
    ]
    assert found[0]["whole"] < 0 < found[0]["within"]


def test_the_plan_command_carries_all_of_it(tmp_path: Path, capsys) -> None:
    made = recipe(tmp_path)
    assert main(["plan", str(made.path), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["certificate"]
    assert data == json.loads(json.dumps(planned(prepare(made))))
    assert data["n"] == 120
    assert data["reversals"]["tested"] > 0
    assert main(["plan", str(made.path)]) == 0
    said = capsys.readouterr().out
    for line in ("margins", "label by factors", "pairs, gap", "pairs, V", "empty cells", "Simpson reversals"):
        assert f"  {line}  " in said


def test_a_plan_too_large_to_count_says_what_it_skipped(tmp_path: Path, monkeypatch) -> None:
    loom = prepare(recipe(tmp_path))
    tables = len(planned(loom)["cells"])
    monkeypatch.setattr("fairloom.weaving.planned.MOST_COUNTED", 120 * (tables - 1))
    fewer = planned(loom)
    assert "three-way tables: too many rows" in fewer["skipped"][0]
    assert fewer["reversals"]["tested"] == planned(prepare(recipe(tmp_path)))["reversals"]["tested"]
    monkeypatch.setattr("fairloom.weaving.planned.MOST_COUNTED", 10)
    assert planned(loom) == {"n": 0, "skipped": ["everything: 120 rows are too many; the run counts them"]}
