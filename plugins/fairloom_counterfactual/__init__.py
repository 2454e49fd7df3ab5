"""Counterfactuals measured: does the model use the reason, and is the reason all that was changed?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fairloom.components import Metric
from fairloom.hooks import hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterator


@hookimpl
def fairloom_metrics() -> Iterator[Metric]:
    """The metrics."""
    return iter(())
