"""The border to plugin code: whatever goes wrong beyond it is said with the name of the component, in one line."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from fairloom.components import Component, Filter, Measurement, Tools
from fairloom.plugging.descriptors import kind_of
from fairloom.problems import BudgetError, FairloomError, ModelError, PluginError, RecipeError, dotted
from fairloom.reading.recipespec import GateSpec
from fairloom.weaving.store import canonical


@contextmanager
def blamed(who: str, *, doing: str = "failed") -> Iterator[None]:
    """Whatever is raised inside becomes an error that begins with ``who``; ``doing`` says what went wrong.

    ``SystemExit`` too: no component ends a run. ``KeyboardInterrupt`` passes, and so do ``RecipeError``,
    which names a key of the recipe, ``ModelError``, which names a model of it, and ``BudgetError``, which is
    nobody's fault.
    """
    try:
        yield
    except (KeyboardInterrupt, GeneratorExit, RecipeError, ModelError, BudgetError):
        raise
    except FairloomError as error:
        raise PluginError(f"{who}: {error}") from error
    except BaseException as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise PluginError(f"{who} {doing}: {said}") from error


def built(component: Component, config: Any, tools: Tools, *where: str | int) -> Any:
    """The working object of a component, with the methods that the core will call.

    Raises:
        PluginError: It could not be built, or lacks a method.
    """
    who = f"{dotted(where)}: {kind_of(component)} {component.name!r}"
    with blamed(who, doing="could not be built"):
        made = component.build(config, tools)
    missing = [name for name in _methods(component) if not hasattr(made, name)]
    if missing:
        raise PluginError(f"{who} builds a {type(made).__name__}, which has no {missing[0]!r}")
    return made


def _methods(component: Component) -> tuple[str, ...]:
    if isinstance(component, Filter) and component.scope == "dataset":
        return ("remember", "judge")
    return _METHODS[kind_of(component)]


_METHODS = {
    "generator": ("write",),
    "filter": ("judge",),
    "metric": ("observe", "result"),
    "reader": ("read",),
    "writer": ("write", "suffix"),
    "executor": ("run",),
    "lint": ("findings",),
    "model": ("identity", "ask"),
    "predictor": ("identity", "predict"),
    "goal": ("score",),
    "search": ("questions",),
    "design sampler": ("plan",),
    "value sampler": ("draw",),
    "value table": ("table",),
}


def watching(gate: GateSpec, metric: Any) -> Callable[[Any], None]:
    """The metric's ``observe``, guarded."""

    def observe(rows: Any) -> None:
        with blamed(_who(gate)):
            metric.observe(rows)

    return observe


def asked(gate: GateSpec, metric: Any) -> Measurement:
    """What the metric found, as plain numbers.

    Raises:
        PluginError: It failed, or answered something that is no measurement.
    """
    with blamed(_who(gate)):
        answer = metric.result()
        if not isinstance(answer, Measurement):
            raise PluginError(f"answered {answer!r}; it must return a Measurement")
        if answer.value is not None and not _is_number(answer.value):
            raise PluginError(f"measured {answer.value!r}, which is not a number")
        _check_plain(answer.detail)
        return attrs.evolve(
            answer,
            value=None if answer.value is None else float(answer.value),
            n=int(answer.n),
            values={str(name): float(value) for name, value in answer.values.items()},
        )


def _who(gate: GateSpec) -> str:
    return f"gate {gate.name!r} ({gate.metric})"


def _is_number(value: object) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _check_plain(detail: Any) -> None:
    try:
        canonical(detail)
    except (TypeError, ValueError) as error:
        raise PluginError(f"gave a detail that JSON cannot hold: {error}") from error
