"""The generators, filters and metrics of this plugin: all that ask a model."""

from __future__ import annotations

from fairloom.components import Filter, Generator, Metric

GENERATORS: tuple[Generator, ...] = ()
FILTERS: tuple[Filter, ...] = ()
METRICS: tuple[Metric, ...] = ()
