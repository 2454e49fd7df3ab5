"""The reference of the components: in the words of recipes, complete and fresh."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from fairloom.cli import main
from fairloom.showing import reference
from fairloom.plugging.installed import installed
from fairloom.plugging.plugins import Plugins
from fairloom.task import Between

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "components.md"
OWN = [claim.name for claim in installed() if claim.distribution == "fairloom"]


def test_the_page_is_fresh():
    """If not: ``python -m fairloom.showing.reference > docs/reference/components.md``."""
    assert PAGE.read_text("utf-8") == reference.page()


def test_every_component_and_every_setting_is_on_the_page():
    sections = {part.partition("\n")[0]: part for part in PAGE.read_text("utf-8").split("\n### ")[1:]}
    plugins = Plugins()
    components = {f"{name}.{each.name}": each for name in OWN for each in plugins.load(name).components.values()}
    assert sections.keys() == components.keys()
    for use, component in components.items():
        assert component.summary in sections[use]
        for setting in reference.settings_of(component):
            assert f"| `{setting.key}` |" in sections[use]


@pytest.mark.parametrize("name", OWN)
def test_every_setting_is_explained_in_the_same_manner(name):
    """A fragment in lower case: it stands in tables, in editors and behind other text."""
    for component in Plugins().load(name).components.values():
        for setting in reference.settings_of(component):
            assert setting.help, setting.key
            assert setting.help.startswith("RE2") or not setting.help[0].isupper(), setting.help
            assert not setting.help.endswith("."), setting.help


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        (str | None, "string"),
        (int | Literal["all"], 'integer or "all"'),
        (tuple[tuple[str, ...], ...], "[[string, ...], ...]"),
        (tuple[str, float], "[string, number]"),
        (Mapping[str, bool], "{ NAME = true or false }"),
        (dict, "{ NAME = value }"),
        (list, "[value, ...]"),
        (Between | None, "{ min = integer, max = integer }"),
        (dt.date, "date"),
        (Any, "value"),
    ],
)
def test_types_are_written_as_their_values_are(kind, form):
    assert reference.form(kind) == form


def test_show_says_the_same(capsys):
    assert main(["show", "text.pattern"]) == 0
    said = capsys.readouterr().out
    assert "[string, ...]" in said
    assert main(["show", "values.integer", "--json"]) == 0
    assert '"default": "required"' in capsys.readouterr().out
