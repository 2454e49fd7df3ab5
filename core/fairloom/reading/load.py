"""From a file, or from data, to a checked recipe: every problem of every part at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fairloom.problems import Problem, RecipeError
from fairloom.reading.checks import check_tree
from fairloom.reading.environment import settled
from fairloom.reading.origins import place
from fairloom.reading.overrides import entry_names
from fairloom.reading.plain import plain, too_deep
from fairloom.reading.recipespec import RecipeSpec
from fairloom.reading.sources import read_source
from fairloom.reading.structure import structure

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


def load_recipe(
    path: str | Path, *, overrides: Iterable[str] = (), profile: str | None = None, allow: Sequence[Path] = ()
) -> RecipeSpec:
    """What ``Recipe.load`` does."""
    source = read_source(path, profile=profile, overrides=overrides, allow=allow)
    try:
        recipe = _built(source.tree)
    except RecipeError as error:
        raise RecipeError(place(error.problems, source)) from error
    return attrs.evolve(recipe, root=source.root, path=Path(path), source=source)


def recipe_of(data: Mapping[str, Any], root: Path) -> RecipeSpec:
    """What ``Recipe.from_data`` does."""
    if too_deep(dict(data)):
        raise RecipeError.of("tables and arrays are nested too deeply")
    problems: list[Problem] = []
    tree = plain(dict(data), (), problems)
    if problems:
        raise RecipeError(problems)
    return attrs.evolve(_built(tree), root=root)


def _built(tree: dict[str, Any]) -> RecipeSpec:
    tree = settled(RecipeSpec, tree)
    problems = list(check_tree(tree))
    try:
        recipe = structure(RecipeSpec, tree)
    except RecipeError as error:
        raise RecipeError([*error.problems, *problems]) from error
    if problems:
        raise RecipeError(problems)
    return attrs.evolve(recipe, gate=_numbered(recipe, tree), resolved=tree)


def _numbered(recipe: RecipeSpec, tree: Mapping[str, Any]) -> tuple[Any, ...]:
    """The gates, with the names that the whole list gives them."""
    names = entry_names("gate", tree.get("gate", []))
    return tuple(attrs.evolve(gate, name=name) for gate, name in zip(recipe.gate, names, strict=True))
