"""The recipe as attrs classes: what a TOML recipe says, checked and with defaults filled in.

Tables that belong to a component (``[design]``, ``[[step]]``, ``[[gate]]``, ``[reference.x]``) keep the keys the
core does not own in ``settings``; the loader structures those with the component's own config class.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import attrs

from fairloom.factors import Role
from fairloom.task import Task


@attrs.frozen(kw_only=True)
class About:
    """``[recipe]``: name, version, seed and size."""

    name: str
    version: str = "0.1.0"
    description: str = ""
    licence: str = ""
    seed: int = 0
    rows: int | Literal["all"] = "all"


@attrs.frozen(kw_only=True)
class FactorSpec:
    """``[factors.NAME]``: where the levels come from and what part they play.

    Exactly one of ``values`` (inline), ``from_`` (``from``: a file) or ``sample`` (a value sampler).
    """

    role: Role = "nuisance"
    values: tuple[Any, ...] | None = None
    from_: str | None = None
    sample: str | None = None
    key: str | None = None
    where: str | None = None
    columns: dict[str, str] = attrs.field(factory=dict)
    rewrite: tuple[Any, ...] = ()
    match: dict[str, str] = attrs.field(factory=dict)
    balance: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    digest: str | None = None
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class DesignSpec:
    """``[design]``: the sampler, the axes that must be balanced, and the rules between factors."""

    use: str = "design.balanced"
    cross: tuple[str, ...] = ()
    independent: tuple[tuple[str, ...], ...] = ()
    within: tuple[str, ...] = ()
    require: tuple[str, ...] = ()
    forbid: tuple[str, ...] = ()
    attempts: int = 20
    on_shortfall: Literal["stop", "hold"] = "stop"
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class StepSpec:
    """``[[step]]``: a generator or a filter. ``name`` keys its randomness and defaults to the component's."""

    kind: Literal["generate", "filter"]
    use: str
    name: str
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class GateSpec:
    """``[[gate]]``: a metric and the bounds its measurement must hold."""

    metric: str
    name: str
    of: str | None = None
    min: float | None = None
    max: float | None = None
    on_fail: Literal["stop", "hold", "warn"] = "stop"
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class ReferenceSpec:
    """``[reference.NAME]``: real rows to compare with. ``columns`` maps our column to the file's."""

    read: str
    columns: dict[str, str] = attrs.field(factory=dict)
    settings: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class ExportSpec:
    """``[export]``: where the run folder goes, further formats, and the split."""

    to: str | None = None
    formats: tuple[str, ...] = ()
    split: dict[str, float] = attrs.field(factory=dict)


@attrs.frozen(kw_only=True)
class RunSpec:
    """``[run]``: the part size belongs to the recipe, never to the workers."""

    part_rows: int = 65_536


@attrs.frozen(kw_only=True)
class Recipe:
    """A whole recipe. ``root`` is the folder its paths are relative to; ``resolved`` the merged TOML data."""

    recipe: About
    task: Task = Task()
    factors: dict[str, FactorSpec] = attrs.field(factory=dict)
    design: DesignSpec = DesignSpec()
    step: tuple[StepSpec, ...] = ()
    gate: tuple[GateSpec, ...] = ()
    reference: dict[str, ReferenceSpec] = attrs.field(factory=dict)
    export: ExportSpec = ExportSpec()
    run: RunSpec = RunSpec()
    root: Path = Path()
    path: Path | None = None
    resolved: dict[str, Any] = attrs.field(factory=dict)
