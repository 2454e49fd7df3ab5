"""The hook specifications: the plugin author's manual.

A plugin is a module behind one entry point in the group ``fairloom``::

    [project.entry-points.fairloom]
    greet = "fairloom_greet"

It implements any of the hooks below. The first eight *yield descriptors* of components, which a recipe
names as ``plugin.component``; the last four are observers, told what happened. Observers cannot change
the data, and one that raises is logged and switched off.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from fairloom.components import Executor, Filter, Generator, Metric, Model, Reader, Sampler, Writer
from fairloom.installed import GROUP as GROUP  # noqa: PLC0414 - plugin authors look for it here

PROJECT = "fairloom"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def fairloom_samplers() -> Iterable[Sampler]:
    """Offer design samplers (plan all factors) and value samplers (draw one factor's values)."""
    return ()


@hookspec
def fairloom_generators() -> Iterable[Generator]:
    """Offer generators, which write rows from briefs or from earlier rows."""
    return ()


@hookspec
def fairloom_filters() -> Iterable[Filter]:
    """Offer filters, which judge rows."""
    return ()


@hookspec
def fairloom_metrics() -> Iterable[Metric]:
    """Offer metrics, which measure the final rows."""
    return ()


@hookspec
def fairloom_readers() -> Iterable[Reader]:
    """Offer readers of reference rows."""
    return ()


@hookspec
def fairloom_writers() -> Iterable[Writer]:
    """Offer writers of further export formats."""
    return ()


@hookspec
def fairloom_models() -> Iterable[Model]:
    """Offer language models."""
    return ()


@hookspec
def fairloom_executors() -> Iterable[Executor]:
    """Offer executors, which run the parts of a run."""
    return ()


@hookspec
def fairloom_run_started(run: Any) -> None:
    """A run begins. ``run`` is a frozen ``fairloom.events.RunInfo``."""


@hookspec
def fairloom_step_done(run: Any, step: Any) -> None:
    """A step has finished for the whole dataset. ``step`` is a frozen ``StepInfo`` with its counts."""


@hookspec
def fairloom_gate_decided(run: Any, verdict: Any) -> None:
    """A gate was decided. ``verdict`` is a frozen ``fairloom.gates.Verdict``."""


@hookspec
def fairloom_run_finished(run: Any) -> None:
    """A run has ended and its folder is complete."""
