"""What observers are told. Every object is frozen: an observer can look, never touch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import attrs


def _frozen(counts: Mapping[str, int]) -> Mapping[str, int]:
    return MappingProxyType(dict(counts))


@attrs.frozen(kw_only=True)
class RunInfo:
    """The run: which recipe, how large, and where it is written.

    ``rows`` is the number of planned rows; ``folder`` the run's folder, ``None`` for a preview that
    writes nothing.
    """

    name: str
    version: str
    seed: int
    rows: int
    folder: Path | None = None


@attrs.frozen(kw_only=True)
class StepInfo:
    """A step that has finished, with counts over the whole dataset.

    ``seen`` counts candidates, so a refilled row counts once per attempt; ``kept`` those that passed;
    ``rejected`` the others by reason.
    """

    name: str
    use: str
    kind: Literal["generate", "filter"]
    seen: int
    kept: int
    rejected: Mapping[str, int] = attrs.field(factory=dict, converter=_frozen)
