"""Is this a proper descriptor? The rules every component meets, whoever wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import get_args

import attrs

from fairloom.components import API, Component, Sampler, Scope

_NAME = re.compile(r"[a-z][a-z0-9_]*")

_STEP = frozenset({"generate", "filter", "name"})
_FACTOR = frozenset(
    {
        "role",
        "values",
        "from",
        "table",
        "sample",
        "permute",
        "orders",
        "key",
        "where",
        "nest",
        "index",
        "derive",
        "split",
        "columns",
        "rewrite",
        "match",
        "balance",
        "keep",
        "digest",
    }
)
_DESIGN = frozenset({"use", "cross", "independent", "within", "require", "forbid", "attempts", "on_shortfall"})
OWNED: Mapping[str, frozenset[str]] = {
    "generator": _STEP,
    "filter": _STEP,
    "metric": frozenset({"metric", "name", "of", "min", "max", "on_fail"}),
    "reader": frozenset({"read", "columns"}),
    "model": frozenset(
        {"use", "max_calls", "max_tokens", "max_cost", "max_seconds", "prompt_price", "answer_price"},
    ),
    "predictor": frozenset({"use", "batch", "max_texts"}),
    "goal": frozenset({"use"}),
    "search": frozenset({"use"}),
    "design sampler": _DESIGN,
    "value sampler": _FACTOR,
    "value table": _FACTOR,
}
"""Keys of a recipe table that the core reads itself, so that a component's setting of that name
would never receive its value. By the word messages use for the kind."""


def kind_of(component: Component) -> str:
    """The word messages use: ``filter``, ``design sampler``."""
    if isinstance(component, Sampler):
        return f"{component.plans} sampler"
    return component.kind


def faults(component: Component) -> Iterator[str]:
    """Everything that is wrong with a descriptor, in words that follow the component's name.

    Nothing is believed about its fields: a plugin need not have been type-checked.
    """
    yield from _name_faults(component.name)
    yield from _version_faults(component.api)
    yield from _summary_faults(component.summary)
    yield from _config_faults(component.config, kind_of(component))
    yield from _build_faults(component.build)
    if component.scope not in get_args(Scope):
        yield f"has the scope {component.scope!r}; scopes are {', '.join(get_args(Scope))}"


def _name_faults(name: object) -> Iterator[str]:
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        yield f"has the name {name!r}; names are lower-case words like near_duplicate"


def _version_faults(api: object) -> Iterator[str]:
    if not isinstance(api, int) or api < 1:
        yield f"has the api {api!r}; this fairloom speaks {API}"
    elif api > API:
        yield f"speaks component API {api}, this fairloom speaks {API}; upgrade fairloom"


def _summary_faults(summary: object) -> Iterator[str]:
    if not (isinstance(summary, str) and summary.strip()):
        yield "has no summary"
    elif "\n" in summary:
        yield "has a summary of several lines; it must be one"


def _build_faults(build: object) -> Iterator[str]:
    if not callable(build):
        yield f"has a build that cannot be called: {build!r}"


def _config_faults(config: object, kind: str) -> Iterator[str]:
    if not (isinstance(config, type) and attrs.has(config)):
        yield f"has the config {config!r}, which is not an attrs class"
        return
    for field in attrs.fields(config):
        if field.name in OWNED.get(kind, ()):
            yield f"has a setting {field.name!r}, a key that the recipe itself reads for a {kind}; rename it"
