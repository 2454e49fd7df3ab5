"""Language models, and what asks them.

``llm.openai`` asks a server that speaks the OpenAI protocol, ``llm.local`` a Python function beside the recipe.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Model
from fairloom.hooks import hookimpl
from fairloom_llm import local, openai
from fairloom_llm.components import FILTERS, GENERATORS, METRICS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fairloom.components import Filter, Generator, Metric, ValueTable


@hookimpl
def fairloom_models() -> Iterable[Model]:
    """The models."""
    yield Model(
        name="openai",
        summary="Asks a server that speaks the OpenAI protocol, hosted or on this machine.",
        config=openai.OpenAI,
        build=openai.build,
        needs=("network",),
    )
    yield Model(
        name="local",
        summary="Asks a Python function in a file beside the recipe, for tests and notebooks.",
        config=local.Local,
        build=local.build,
    )


@hookimpl
def fairloom_generators() -> Iterable[Generator]:
    """What writes rows."""
    return GENERATORS


@hookimpl
def fairloom_filters() -> Iterable[Filter]:
    """What judges rows."""
    return FILTERS


@hookimpl
def fairloom_metrics() -> Iterable[Metric]:
    """What measures rows."""
    return METRICS


@hookimpl
def fairloom_tables() -> Iterable[ValueTable]:
    """What offers levels."""
    return TABLES
