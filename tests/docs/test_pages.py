"""The code on the pages is right: their Python runs, and every piece of a recipe means something.

What their consoles show is held by `test_consoles`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import tomli

from fairloom.cli import main
from fairloom.components import Component
from fairloom.plugging.plugins import Plugins
from fairloom.reading.keys import keys
from fairloom.reading.structure import structure
from fairloom.recipe import Recipe

ROOT = Path(__file__).parents[2]
PAGES = {
    page.relative_to(ROOT).as_posix(): page.read_text("utf-8")
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
}
ELSEWHERE = {"project": "a plugin's pyproject.toml", "text": "a row of a table of templates"}


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGES[name], re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", [name for name in sorted(PAGES) if blocks(name, "python")])
def test_the_python_on_the_page_runs(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One block after the other, as a reader would paste them."""
    monkeypatch.chdir(tmp_path)
    if name == "docs/tutorial/first-dataset.md":
        assert main(["run", str(ROOT / "docs" / "recipes" / "minimal"), "--to", "first/out", "--quiet"]) == 0
    names: dict[str, Any] = {}
    for code in blocks(name, "python"):
        exec(compile(code, f"<{name}>", "exec", dont_inherit=True), names)


def pieces() -> Iterator[Any]:
    """Every TOML block of every page."""
    for name in sorted(PAGES):
        for number, text in enumerate(blocks(name, "toml"), 1):
            yield pytest.param(text, id=f"{Path(name).stem}-{number}")


@pytest.mark.parametrize("text", list(pieces()))
def test_every_piece_of_a_recipe_is_right(text: str, tmp_path: Path) -> None:
    tree = tomli.loads(text)
    if tree.keys() & ELSEWHERE.keys():
        return
    assert tree.keys() <= keys(Recipe).keys()
    if "name" in tree.get("recipe", {}):
        (tmp_path / "recipe.toml").write_text(text, encoding="utf-8")
        assert main(["check", str(tmp_path)]) == 0
    for key, field in keys(Recipe).items():
        if key in tree and key != "recipe":
            structure(field.type, tree[key])
    for use, given in named(tree):
        if not use.startswith("./"):
            component, _ = Plugins().find(Component, use)
            structure(component.config, given)


def named(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The components that a piece names, each with its settings."""
    spec = {name: structure(field.type, tree[name]) for name, field in keys(Recipe).items() if name in tree}
    yield from ((step.use, step.settings) for step in spec.get("step", ()))
    yield from ((gate.metric, gate.settings) for gate in spec.get("gate", ()))
    yield from ((reference.read, reference.settings) for reference in spec.get("reference", {}).values())
    if "design" in spec:
        yield spec["design"].use, spec["design"].settings
