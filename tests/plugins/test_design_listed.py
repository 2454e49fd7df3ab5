"""Designs that are lists: levels aligned by index, and rows again from levels that were written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import fairloom as fl

if TYPE_CHECKING:
    from pathlib import Path

CITIES = ["Lyon", "Oslo", "Lagos"]


def recipe(root: Path, design: dict[str, Any], rows: Any = "all", **more: Any) -> fl.Recipe:
    """A person, a city with a country, and two templates, one of which has no city."""
    cities = [{"city": city, "country": country} for city, country in zip(CITIES, ("FR", "NO", "NG"), strict=True)]
    people = [{"given": "Ada", "sex": "f"}, {"given": "Bo", "sex": "m"}, {"given": "Cy", "sex": "m"}]
    templates = [{"name": "trip", "text": "{{ person }} went to {{ city }}."}]
    return fl.Recipe.from_data(
        {
            "recipe": {"name": "listed", "rows": rows, "seed": 5},
            "factors": {
                "template": {"values": more.get("templates", templates)},
                "person": {"values": people},
                "city": {"values": cities[: more.get("cities", 3)], "keep": ["country"]},
            },
            "design": design,
            "step": [{"generate": "template"}],
        },
        root,
    )


def texts(run: Any) -> list[str]:
    found: list[str] = run.table["text"].to_pylist()
    return found


def said(made: fl.Recipe, out: Path) -> str:
    with pytest.raises(fl.RecipeError) as caught:
        made.run(out)
    return str(caught.value)


def test_zip_aligns_levels_by_index(tmp_path: Path) -> None:
    run = recipe(tmp_path, {"use": "design.zip"}).run(tmp_path / "out")
    assert texts(run) == ["Ada went to Lyon.", "Bo went to Oslo.", "Cy went to Lagos."]


def test_zip_crosses_within_factors_inside_each_index(tmp_path: Path) -> None:
    run = recipe(tmp_path, {"use": "design.zip", "within": ["city"]}).run(tmp_path / "out")
    assert texts(run) == [f"{name} went to {city}." for name in ("Ada", "Bo", "Cy") for city in CITIES]


def test_zip_leaves_out_what_rules_exclude(tmp_path: Path) -> None:
    run = recipe(tmp_path, {"use": "design.zip", "forbid": ["city == 'Oslo'"]}).run(tmp_path / "out")
    assert texts(run) == ["Ada went to Lyon.", "Cy went to Lagos."]


def test_zip_refuses_lists_of_different_lengths(tmp_path: Path) -> None:
    message = said(recipe(tmp_path, {"use": "design.zip"}, cities=2), tmp_path / "out")
    assert "levels are aligned by index, and there are person 3, city 2" in message


def test_zip_refuses_another_number_of_rows(tmp_path: Path) -> None:
    assert "asks for 7 rows, and the list has 3" in said(recipe(tmp_path, {"use": "design.zip"}, 7), tmp_path / "out")


@pytest.mark.parametrize("split", [{}, {"train": 0.5, "test": 0.5}])
@pytest.mark.parametrize("within", [[], ["city"], ["template"]])
def test_a_run_replayed_from_its_own_data_is_the_same(
    tmp_path: Path, within: list[str], split: dict[str, float]
) -> None:
    templates = [
        {"name": "trip", "text": "{{ person }} went to {{ city }}."},
        {"name": "rest", "text": "{{ person }} stayed."},
    ]
    design = {"use": "design.balanced", "within": within}
    made = recipe(tmp_path, design, 12, templates=templates)
    data = {**made.resolved, "export": {"split": split}}
    first = fl.Recipe.from_data(data, tmp_path).run(tmp_path / "out")
    design = {"use": "design.replay", "from": "out/manifest.json", "within": within}
    again = recipe(tmp_path, design, templates=templates).run(tmp_path / "again")
    assert len(texts(first)) == 12
    assert texts(again) == texts(first)
    assert again.table["city"].to_pylist() == first.table["city"].to_pylist()


def test_rows_of_others_are_replayed_in_order(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("who,land\nCy,NO\nAda,FR\nAda,FR\nBo,NG\n", encoding="utf-8")
    design = {"use": "design.replay", "from": "rows.csv", "columns": {"person": "who", "city": "land"}}
    run = recipe(tmp_path, {**design, "by": {"city": "country"}}).run(tmp_path / "out")
    wanted = [("Cy", "Oslo"), ("Ada", "Lyon"), ("Ada", "Lyon"), ("Bo", "Lagos")]
    assert texts(run) == [f"{name} went to {city}." for name, city in wanted]


@pytest.mark.parametrize(
    ("rows", "more", "wanted"),
    [
        ("person,city\nAda,Lyon\nAda,Oslp\n", {}, "row 2: city = 'Oslp' is no level of 'city'; did you mean 'Oslo'?"),
        ("person\nAda\n", {}, "the table has no column 'city'; say which column holds it"),
        (
            "person,city\nAda,Lyon\n",
            {"columns": {"city": "town"}},
            "design.columns.city: the table has no column 'town'",
        ),
        ("person,city\nAda,Lyon\n", {"columns": {"cty": "city"}}, "no factor 'cty' with levels; did you mean 'city'?"),
        ("person,city\nm,Lyon\n", {"by": {"person": "sex"}}, "2 levels have sex = 'm'"),
        ("person,city\nm,Lyon\n", {"by": {"person": "sx"}}, "'person' has no column 'sx'; did you mean 'sex'?"),
        ("person,city\nAda,Lyon\nBo,Oslo\n", {"forbid": ["city == 'Oslo'"]}, "row 2 (of 1) breaks"),
        ("person,city\nAda,Lyon\nAda,Oslo\n", {"within": ["city"]}, "2 rows are no whole families of 3"),
        ("person,city\nAda,Lyon\nBo,Oslo\nAda,Lagos\n", {"within": ["city"]}, "has more than one level of 'person'"),
        ("person,city\nAda,Oslo\nAda,Lyon\nAda,Lagos\n", {"within": ["city"]}, "row 1 is not the member"),
    ],
)
def test_what_cannot_be_replayed_is_said(tmp_path: Path, rows: str, more: dict[str, Any], wanted: str) -> None:
    (tmp_path / "rows.csv").write_text(rows, encoding="utf-8")
    assert wanted in said(recipe(tmp_path, {"use": "design.replay", "from": "rows.csv", **more}), tmp_path / "out")
