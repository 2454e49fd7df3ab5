"""A tree of plain values in which every value remembers where it was written, and layers of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs

from fairloom.problems import Problem
from fairloom.reading.environment import is_reference
from fairloom.reading.locate import KeyPath
from fairloom.reading.plain import paths

if TYPE_CHECKING:
    from collections.abc import Iterable


@attrs.frozen
class Origin:
    """Where a value was written. ``note`` says what laid it over the recipe: a profile, or ``--set``."""

    file: str | None = None
    line: int | None = None
    column: int | None = None
    note: str | None = None

    def __str__(self) -> str:
        """``recipe.toml:12``, ``recipe.toml:80 (profile smoke)`` or ``--set``."""
        if self.file is None:
            return self.note or ""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place} ({self.note})" if self.note else place


@attrs.frozen
class Layer:
    """A tree and the origin of each of its key paths."""

    tree: dict[str, Any]
    origins: Mapping[KeyPath, Origin]

    def over(self, base: Layer) -> Layer:
        """This layer laid over ``base``."""
        tree = _merged(base.tree, self.tree)
        return Layer(tree, {path: self.origins.get(path) or base.origins[path] for path in paths(tree)})


@attrs.frozen
class Source:
    """The merged recipe.

    ``origins`` has an entry for every key path of ``tree`` (and ``()``, the recipe file itself); ``root`` is the
    folder the recipe's paths are relative to, ``files`` every file that was read, the recipe first.
    """

    tree: dict[str, Any]
    origins: Mapping[KeyPath, Origin]
    root: Path
    files: tuple[Path, ...]


def place(problems: Iterable[Problem], source: Source) -> list[Problem]:
    """Fill in file, line and column of problems that have a path only: those of the nearest key that exists."""
    return [_placed(problem, source) for problem in problems]


def _placed(problem: Problem, source: Source) -> Problem:
    if problem.file is not None:
        return problem
    known = (problem.path[:size] for size in range(len(problem.path), -1, -1))
    origin = next(source.origins[path] for path in known if path in source.origins)
    return attrs.evolve(problem, file=origin.file or origin.note, line=origin.line, column=origin.column)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    tree = dict(base)
    for key, value in over.items():
        tree[key] = _merged(tree[key], value) if _mergeable(tree.get(key)) and _mergeable(value) else value
    return tree


def _mergeable(value: Any) -> bool:
    """Whether a value is a table of its own; a reference to the environment stands for one value."""
    return isinstance(value, dict) and not is_reference(value)
