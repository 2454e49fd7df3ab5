"""What is wrong with a recipe that is being set up: collected, each problem at its place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import attrs

from fairloom.problems import Problem, RecipeError
from fairloom.reading.locate import KeyPath
from fairloom.reading.recipespec import RecipeSpec

T = TypeVar("T")
_TABLES = {"recipe", "task", "factors", "design", "reference", "models", "journal", "predictors", "export", "parts"}


@attrs.define(eq=False)
class Problems:
    """The problems found so far."""

    recipe: RecipeSpec
    found: list[Problem] = attrs.field(factory=list)

    def catch(self, work: Callable[[], T], *path: str | int) -> T | None:
        """What ``work`` gives, or ``None`` and its problems noted, at ``path`` where they name none."""
        try:
            return work()
        except RecipeError as error:
            self.found += [self._at_file(below(problem, path)) for problem in error.problems]
            return None

    def stop(self) -> None:
        """Raise what was found."""
        if self.found:
            raise RecipeError(self.recipe.place(self.found))

    def need(self, work: Callable[[], T], *path: str | int) -> T:
        """What ``work`` gives; without it, or with anything else found, nothing goes on."""
        found = self.catch(work, *path)
        self.stop()
        return cast("T", found)  # where there is none, a problem was found

    def _at_file(self, problem: Problem) -> Problem:
        """A problem with a whole value table, at the key that names its file."""
        name = problem.path[1] if len(problem.path) == 2 and problem.path[0] == "factors" else None
        spec = self.recipe.factors.get(str(name))
        if spec is None or spec.from_ is None:
            return problem
        return attrs.evolve(problem, path=(*problem.path, "from"))


def below(problem: Problem, path: KeyPath) -> Problem:
    """A problem under its full key path: a component names keys of its own table, the core those of the recipe."""
    own = problem.path
    if own[:1] in {("step",), ("gate",)}:
        if len(own) > 1 and isinstance(own[1], int):
            return problem
        inner = own[1:] if own[:1] == path[:1] else own  # a gate may well have a key of its own called step
        return attrs.evolve(problem, path=(*path, *inner))
    return problem if own[:1] and own[0] in _TABLES else attrs.evolve(problem, path=(*path, *own))
