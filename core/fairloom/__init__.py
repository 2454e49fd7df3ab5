"""fairloom: balanced, reproducible, audited synthetic datasets.

The names below are resolved when they are first used (PEP 562): ``import fairloom`` imports nothing
else, which keeps the command line quick.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fairloom.components import (
        Component,
        Executor,
        Filter,
        Generator,
        Goal,
        Lint,
        Measurement,
        Metric,
        Model,
        Predictor,
        Reader,
        Sampler,
        Search,
        Tools,
        ValueTable,
        Writer,
    )
    from fairloom.draws import Draw, Draws
    from fairloom.hooks import hookimpl
    from fairloom.inducing.induce import Induced, induce
    from fairloom.plugging.decorators import (  # the words users know
        filter,  # noqa: A004
        generator,
        metric,
        predictor,
        sampler,
        value_table,
    )
    from fairloom.predictors import Prediction
    from fairloom.probing.probe import Probed, probe
    from fairloom.problems import FairloomError, PluginError, RecipeError, RunError
    from fairloom.profiling.profile import Profile, profile
    from fairloom.recipe import Recipe
    from fairloom.results import Run

    __version__: str

_HOMES = {
    "fairloom.components": (
        "Component",
        "Executor",
        "Filter",
        "Generator",
        "Goal",
        "Lint",
        "Measurement",
        "Metric",
        "Model",
        "Predictor",
        "Reader",
        "Sampler",
        "Search",
        "Tools",
        "ValueTable",
        "Writer",
    ),
    "fairloom.plugging.decorators": ("filter", "generator", "metric", "predictor", "sampler", "value_table"),
    "fairloom.draws": ("Draw", "Draws"),
    "fairloom.predictors": ("Prediction",),
    "fairloom.hooks": ("hookimpl",),
    "fairloom.problems": ("FairloomError", "PluginError", "RecipeError", "RunError"),
    "fairloom.inducing.induce": ("Induced", "induce"),
    "fairloom.probing.probe": ("Probed", "probe"),
    "fairloom.profiling.profile": ("Profile", "profile"),
    "fairloom.recipe": ("Recipe",),
    "fairloom.results": ("Run",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    """Import the module that holds a public name, the first time it is asked for."""
    if name == "__version__":
        value: Any = _version()
    elif name in _HOME_OF:
        value = getattr(import_module(_HOME_OF[name]), name)
    else:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """The public names, resolved or not."""
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import version  # noqa: PLC0415 - 45 ms that only this name needs

    return version("fairloom")


__all__ = [
    "Component",
    "Draw",
    "Draws",
    "Executor",
    "FairloomError",
    "Filter",
    "Generator",
    "Goal",
    "Induced",
    "Lint",
    "Measurement",
    "Metric",
    "Model",
    "PluginError",
    "Prediction",
    "Predictor",
    "Probed",
    "Profile",
    "Reader",
    "Recipe",
    "RecipeError",
    "Run",
    "RunError",
    "Sampler",
    "Search",
    "Tools",
    "ValueTable",
    "Writer",
    "__version__",
    "filter",
    "generator",
    "hookimpl",
    "induce",
    "metric",
    "predictor",
    "probe",
    "profile",
    "sampler",
    "value_table",
]
