"""The metrics ``psi`` and ``joint``: do categories, alone and together, come as often here as in real rows?

The customary bounds of PSI, 0.1 and 0.25, take no account of the number of rows: two samples of 50 rows from one
distribution over six categories exceed 0.1 more often than not. So the figure that chance alone gives stands
beside each value, and where that is above ``resolution`` the measurement is undecided, which no gate passes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom import contingency as ct
from fairloom.batch import LABEL
from fairloom.components import Measurement, Tools
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_compare.sides import Combination, Theirs, counted, renamed, theirs

_AGAINST: Mapping[str, Any] = {"help": "the name of the reference rows"}
_PROFILE: Mapping[str, Any] = {"help": "a profile, as fairloom profile writes it, in the place of reference rows"}
_NAMES: Mapping[str, Any] = {"help": "what the reference or the profile calls our columns: ours = theirs"}
UNLIKELY = 0.05


@attrs.frozen(kw_only=True)
class Psi:
    """Settings of ``compare.psi``."""

    against: str | None = attrs.field(default=None, metadata=_AGAINST)
    profile: str | None = attrs.field(default=None, metadata=_PROFILE)
    column: str = attrs.field(default=LABEL, metadata={"help": "the column to compare"})
    names: dict[str, str] = attrs.field(factory=dict, metadata=_NAMES)
    resolution: float = attrs.field(
        default=0.1, metadata={"help": "the index that must not be explained by few rows alone"}
    )


@attrs.frozen(kw_only=True)
class Joint:
    """Settings of ``compare.joint``."""

    against: str | None = attrs.field(default=None, metadata=_AGAINST)
    profile: str | None = attrs.field(default=None, metadata=_PROFILE)
    over: tuple[str, ...] = attrs.field(metadata={"help": "the columns whose joint table to compare"})
    names: dict[str, str] = attrs.field(factory=dict, metadata=_NAMES)
    resolution: float = attrs.field(
        default=0.1, metadata={"help": "the distance that must not be explained by few rows alone"}
    )


@attrs.define
class SharesMetric:
    """Counts the combinations of some columns; rows without a value in one are left out."""

    columns: tuple[str, ...]
    side: Theirs
    resolution: float
    figure: str
    ours: Counter[Combination] = attrs.field(factory=Counter, init=False)
    rows: int = attrs.field(default=0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        missing = [column for column in self.columns if column not in rows.schema.names]
        if missing:
            self.why = f"the data have no column {missing[0]!r}"
            return
        self.rows += rows.num_rows
        self.ours.update(counted([rows.column(column) for column in self.columns]))

    def result(self) -> Measurement:
        """The distance of our shares from the real ones."""
        try:
            theirs = self.side.counts()
        except KeyError as error:
            return Measurement(value=None, why=error.args[0])
        ours = self.side.folded(self.ours)
        if self.why or not ours or not theirs:
            where = self.side.name if ours else "the data"
            return Measurement(value=None, n=ours.total(), why=self.why or f"no row of {where} can be compared")
        return self._compared(ours, theirs)

    def _compared(self, ours: Counter[Combination], theirs: Counter[Combination]) -> Measurement:
        cells = sorted({*ours, *theirs})
        p, q = (np.array([side[cell] for cell in cells], dtype=np.int64) for side in (ours, theirs))
        values = distances(p, q)
        chance = values["psi_95" if self.figure == "psi" else "tv_expected"]
        undecided = self._undecided(chance, int(p.sum()), int(q.sum())) if chance > self.resolution else None
        differs = ct.g_test([p, q]).p < UNLIKELY
        verdict = "undecided" if undecided else "different" if differs else "no difference found"
        return Measurement(
            value=None if undecided else values[self.figure],
            n=int(p.sum()),
            values={**values, "left_out": float(self.rows - p.sum()), "n_reference": float(q.sum())} | self._ceiling(),
            detail={
                "against": self.side.name,
                "over": list(self.columns),
                "verdict": verdict,
                "furthest": _furthest(cells, p, q),
                "only_here": [list(cell) for cell in cells if not theirs[cell]][:20],
                "only_there": [list(cell) for cell in cells if not ours[cell]][:20],
            },
            why=undecided,
        )

    def _undecided(self, chance: float, n: int, m: int) -> str:
        said = {"psi": f"an index up to {chance:.3f} may be chance", "tv": f"chance alone gives about {chance:.3f}"}
        return (
            f"undecided: with {n} rows against {m} {said[self.figure]}, more than the resolution of "
            f"{self.resolution:g}; compare more rows, fewer categories, or raise resolution"
        )

    def _ceiling(self) -> dict[str, float]:
        """The same figures for two halves of the reference."""
        split = self.side.split()
        if split is None:
            return {}
        cells = sorted({*split[0], *split[1]})
        p, q = (np.array([half[cell] for cell in cells], dtype=np.int64) for half in split)
        found = distances(p, q)
        return {f"real_{name}": found[name] for name in ("psi", "psi_expected", "tv", "tv_expected", "js")}


def distances(p: Ints, q: Ints) -> dict[str, float]:
    """PSI, total variation and Jensen-Shannon divergence of two lists of counts, with what chance gives.

    Two samples of one distribution over ``B`` categories have a PSI of ``(1/n + 1/m)`` times a chi-square variable
    with ``B - 1`` degrees of freedom (Yurdakul and Naranjo 2020). Their total variation is half the sum of ``B``
    half-normal deviations; their Jensen-Shannon divergence about an eighth of the PSI, here in bits.
    """
    noise = float(1 / p.sum() + 1 / q.sum())
    df = p.size - 1
    pooled = (p + q) / (p.sum() + q.sum())
    deviations = np.sqrt(pooled * (1 - pooled) * noise)
    return {
        "psi": ct.stability_index(p, q),
        "psi_expected": df * noise,
        "psi_95": ct.chi_square_quantile(0.05, df) * noise if df else 0.0,
        "tv": ct.total_variation(p, q),
        "tv_expected": float(deviations.sum() * math.sqrt(2 / math.pi) / 2),
        "js": ct.js_divergence(p, q),
        "js_expected": df * noise / (8 * math.log(2)),
        "p": ct.g_test([p, q]).p,
    }


def build_psi(config: Psi, tools: Tools) -> SharesMetric:
    """The metric ``psi``, or ``RecipeError`` for settings that make no sense."""
    return _built((config.column,), config, tools, "psi")


def build_joint(config: Joint, tools: Tools) -> SharesMetric:
    """The metric ``joint``, or ``RecipeError`` for settings that make no sense."""
    if not config.over or len(set(config.over)) < len(config.over):
        raise RecipeError.of(f"names different columns, got {list(config.over)}", "over")
    return _built(config.over, config, tools, "tv")


def _built(columns: tuple[str, ...], config: Psi | Joint, tools: Tools, figure: str) -> SharesMetric:
    if config.resolution <= 0:
        raise RecipeError.of(f"resolution is above 0, got {config.resolution:g}", "resolution")
    side = theirs(config.against, config.profile, renamed(columns, config.names), tools)
    return SharesMetric(columns, side, config.resolution, figure)


def _furthest(cells: Sequence[Combination], p: Ints, q: Ints) -> list[dict[str, Any]]:
    """The ten combinations whose shares differ most."""
    ours, real = p / p.sum(), q / q.sum()
    order = np.argsort(-np.abs(ours - real), kind="stable")[:10].tolist()
    return [{"levels": list(cells[at]), "n": int(p[at]), "n_reference": int(q[at])} for at in order]
