"""``Tools.make``: a component that needs the work of another names it by a setting, as the recipe would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from fairloom.components import Component, Filter, Tools
from fairloom.plugging.plugins import Plugins
from fairloom.problems import Problem, RecipeError
from fairloom.reading.structure import structure
from fairloom.weaving.guard import built

C = TypeVar("C", bound=Component)
_JUDGED = {"family": "whole families", "dataset": "the whole dataset"}


@attrs.frozen(eq=False)
class Maker:
    """Makes components for components."""

    plugins: Plugins

    def tools(self, **given: Any) -> Tools:
        """Tools whose ``make`` finds components in these plugins, with draws below their own."""
        plain = Tools(**given)

        def make(kind: type[C], use: str, settings: Mapping[str, Any], *key: str | int) -> Any:
            return self._made(plain, kind, use, settings, key)

        return attrs.evolve(plain, make=make)

    def _made(
        self, tools: Tools, kind: type[C], use: str, settings: Mapping[str, Any], key: tuple[str | int, ...]
    ) -> Any:
        component, _ = self.plugins.find(kind, use, *key)
        if isinstance(component, Filter) and component.scope != "row":
            judged = _JUDGED[component.scope]
            way = "name a filter of scope row, or give it a step of its own"
            raise RecipeError.of(f"{use} judges {judged}; here rows are judged one by one", *key, suggestion=way)
        draws = tools.draws.stream(*map(str, key), use)
        try:
            config: Any = structure(component.config, dict(settings), ())
            return built(component, config, self.tools(**_with(tools, draws=draws)), *key)
        except RecipeError as error:
            raise RecipeError([_below(problem, key) for problem in error.problems]) from error


def _with(tools: Tools, **changed: Any) -> dict[str, Any]:
    """The tools as arguments; ``make`` is made anew for each component, since its draws are below that one's."""
    names = [field.name for field in attrs.fields(Tools) if field.name != "make"]
    return {name: getattr(tools, name) for name in names} | changed


def _below(problem: Problem, key: tuple[str | int, ...]) -> Problem:
    return problem if problem.path[: len(key)] == key else attrs.evolve(problem, path=(*key, *problem.path))
