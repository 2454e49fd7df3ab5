"""The import contracts in pyproject.toml say what the architecture says, of every module there is."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

HEAVY = {"numpy", "pyarrow", "cattrs", "jinja2", "structlog"}


@pytest.fixture(scope="module")
def contracts(settings: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The contracts by name."""
    return {contract["name"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


def public_modules(page: str) -> set[str]:
    """The modules named in the sentence of ``page`` that says what plugins import."""
    (sentence,) = re.findall(r"(?:Plugins import|Import) only ([^.]*?(?:`[^`]*`[^.`]*)*)\.", page)
    names = re.findall(r"`(?:fairloom)?(\.\w+|)`", sentence)
    return {f"fairloom{name}" for name in names}


def modules(core: Path) -> set[str]:
    """``fairloom`` and everything directly below it."""
    files = {path.stem for path in core.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in core.glob("*/__init__.py")}
    return {"fairloom", *(f"fairloom.{name}" for name in files | packages)}


def imports_at_once(tree: ast.Module) -> Iterator[str]:
    """What importing a module imports: not what stands in functions or below ``if TYPE_CHECKING``."""
    nodes: list[ast.AST] = list(tree.body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield str(node.module)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            nodes += node.orelse
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            nodes += ast.iter_child_nodes(node)


def imports(path: Path, known: set[str]) -> set[str]:
    """Every module of ``known`` that a file imports, at once, later, or for types alone."""
    named: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            within = {f"{node.module}.{alias.name}" for alias in node.names}
            named |= within & known or {str(node.module)}
    return named & known


def test_every_plugin_is_under_every_contract(
    settings: dict[str, Any], contracts: dict[str, dict[str, Any]], plugins: set[str]
) -> None:
    assert set(settings["tool"]["importlinter"]["root_packages"]) == {"fairloom", *plugins}
    core = contracts["the core imports no plugin"]
    assert (core["source_modules"], set(core["forbidden_modules"])) == (["fairloom"], plugins)
    assert set(contracts["plugins never import each other"]["modules"]) == plugins
    assert set(contracts["plugins import public modules only"]["source_modules"]) == plugins


def test_a_module_is_public_or_internal(repository: Path, contracts: dict[str, dict[str, Any]]) -> None:
    public = public_modules((repository / "docs" / "explanation" / "architecture.md").read_text("utf-8"))
    internal = set(contracts["plugins import public modules only"]["forbidden_modules"])
    assert "fairloom.components" in public
    assert public & internal == set()
    assert public | internal == modules(repository / "core" / "fairloom")


def test_every_internal_module_has_its_layer(contracts: dict[str, dict[str, Any]]) -> None:
    layers = contracts["data flows one way through the core"]["layers"]
    internal = contracts["plugins import public modules only"]["forbidden_modules"]
    assert sorted(name for layer in layers for name in layer.split(" | ")) == sorted(internal)


def test_no_modules_of_the_core_import_each_other_in_a_circle(repository: Path) -> None:
    """Nor with imports in functions or for types, which the contracts let pass. The package itself names them all."""
    core = repository / "core"
    files = {".".join(path.relative_to(core).with_suffix("").parts): path for path in core.rglob("*.py")}
    files = {name.removesuffix(".__init__"): path for name, path in files.items() if name != "fairloom.__init__"}
    graph = {name: imports(path, set(files)) - {name} for name, path in files.items()}
    assert "fairloom.reading.recipespec" in graph["fairloom.recipe"]
    graphlib.TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("page", ["how-to/write-a-plugin.md"])
def test_other_pages_name_the_same_public_modules(repository: Path, page: str) -> None:
    docs = repository / "docs"
    architecture = public_modules((docs / "explanation" / "architecture.md").read_text("utf-8"))
    assert public_modules((docs / page).read_text("utf-8")) == architecture


def test_what_the_light_start_ignores_is_imported_late(repository: Path, contracts: dict[str, dict[str, Any]]) -> None:
    light = contracts["the command line starts light"]
    assert set(light["forbidden_modules"]) == HEAVY
    for edge in light["ignore_imports"]:
        importer, imported = edge.split(" -> ")
        path = repository / "core" / Path(*importer.split(".")).with_suffix(".py")
        assert imported not in set(imports_at_once(ast.parse(path.read_text("utf-8")))), edge


def test_plugins_use_internal_modules_not_even_for_types(repository: Path) -> None:
    """What stands below ``if TYPE_CHECKING`` is out of sight of the contracts."""
    public = public_modules((repository / "docs" / "explanation" / "architecture.md").read_text("utf-8"))
    for path in (repository / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "fairloom":
                assert node.module in public, path
                homes = {f"fairloom.{alias.name}" for alias in node.names if node.module == "fairloom"}
                assert homes <= public or not homes & modules(repository / "core" / "fairloom"), path
