"""Where a problem stands in the recipe: from the keys a component knows to the whole path."""

from __future__ import annotations

import attrs

from fairloom.problems import Problem
from fairloom.reading.locate import KeyPath

_TABLES = {"recipe", "task", "factors", "design", "reference", "models", "journal", "predictors", "export", "parts"}


def below(problem: Problem, path: KeyPath) -> Problem:
    """A problem under its full key path: a component names keys of its own table, the core those of the recipe."""
    own = problem.path
    if own[:1] in {("step",), ("gate",)}:
        if len(own) > 1 and isinstance(own[1], int):
            return problem
        inner = own[1:] if own[:1] == path[:1] else own  # a gate may well have a key of its own called step
        return attrs.evolve(problem, path=(*path, *inner))
    return problem if own[:1] and own[0] in _TABLES else attrs.evolve(problem, path=(*path, *own))
