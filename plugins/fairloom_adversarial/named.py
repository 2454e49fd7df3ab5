"""Components that a setting names: ``"edits.typo"``, or a table with ``use`` and settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from fairloom.problems import Problem, RecipeError

if TYPE_CHECKING:
    from fairloom.components import Component, Tools

Named = str | dict[str, Any]


def made(kind: type[Component], said: Named, tools: Tools, *key: str | int) -> tuple[str, Any]:
    """The name and the working object of what ``said`` names, or ``RecipeError`` at ``key``."""
    settings = {"use": said} if isinstance(said, str) else dict(said)
    use = settings.pop("use", None)
    if not isinstance(use, str):
        way = 'write "plugin.component", or { use = "plugin.component" } with its settings'
        raise RecipeError.of(f"names no {kind.kind}: {said!r}", *key, suggestion=way)
    return use, tools.make(kind, use, settings, *key)


def all_of(*works: Callable[[], Any]) -> list[Any]:
    """What every one of ``works`` gives, or ``RecipeError`` with the problems of all of them."""
    found: list[Any] = []
    problems: list[Problem] = []
    for work in works:
        try:
            found.append(work())
        except RecipeError as error:
            problems += error.problems
    if problems:
        raise RecipeError(problems)
    return found
