"""The metric ``lengths``: are the texts as long as real ones?

Bins are the deciles of the reference and 0.5 is added to every count, because finer bins and smaller
constants measure the constant: two halves of one corpus of 50 texts then differ by 9.4 nats. Even so
the divergence of two samples of one distribution is about ``(B - 1) / 2 (1/n + 1/m)`` and not 0, so
that figure and its upper 5 % go with the value, and where they hide the ``resolution`` asked for the
measurement is undecided, which no gate passes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import attrs
import numpy as np
import pyarrow.compute as pc

from fairloom import contingency as ct
from fairloom.bins import binned, decile_edges
from fairloom.components import Measurement
from fairloom.contingency import Floats
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom.utf8 import characters, words
from fairloom_compare.halves import halves
from fairloom_compare.profiled import ProfileFile
from fairloom_compare.reference import Reference, named, one_of

if TYPE_CHECKING:
    import pyarrow as pa

    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Lengths:
    """Settings of ``compare.lengths``."""

    against: str | None = attrs.field(default=None, metadata={"help": "the name of the reference rows"})
    profile: str | None = attrs.field(
        default=None,
        metadata={"help": "a profile, as fairloom profile writes it, in the place of reference rows"},
    )
    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to compare; the task's first field when left out"}
    )
    unit: Literal["words", "characters"] = attrs.field(default="words", metadata={"help": "what to count"})
    resolution: float = attrs.field(
        default=0.1, metadata={"help": "the divergence in nats that must not be explained by few rows alone"}
    )


@attrs.define
class LengthsMetric:
    """Counts lengths; rows without a text are left out."""

    config: Lengths
    field: str
    theirs: Callable[[], Lengthened]
    counts: Counter[int] = attrs.field(factory=Counter, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows."""
        values, times = np.unique(self._counted(rows.column(self.field)), return_counts=True)
        self.counts.update(dict(zip(values.tolist(), times.tolist(), strict=True)))

    def result(self) -> Measurement:
        """The KL divergence of our lengths from those of the reference, in nats."""
        try:
            theirs = self.theirs()
        except KeyError as error:
            return Measurement(value=None, why=error.args[0])
        ours = np.repeat(np.array(list(self.counts), dtype=np.int64), list(self.counts.values()))
        if not ours.size or not theirs.counts.size:
            where = theirs.source if ours.size else "the data"
            return Measurement(value=None, n=ours.size, why=f"no row of {where} has a text in {self.field!r}")
        return self._compared(ours, theirs)

    def _compared(self, ours: Ints, theirs: Lengthened) -> Measurement:
        edges, q = theirs.edges, theirs.counts
        p = binned(ours, edges)
        n, m = ours.size, int(q.sum())
        noise = (1 / n + 1 / m) / 2
        chance = ct.chi_square_quantile(0.05, edges.size) * noise
        divergence = ct.kl_divergence(p, q)
        undecided = self._undecided(chance, n, m)
        return Measurement(
            value=None if undecided else divergence,
            n=n,
            values={
                "kl": divergence,
                "kl_reverse": ct.kl_divergence(q, p),
                "js": ct.js_divergence(p, q),
                "expected": edges.size * noise,
                "js_expected": edges.size * noise / (4 * math.log(2)),
                "chance_95": chance,
                "mean": float(ours.mean()),
                "mean_reference": theirs.mean,
                "n_reference": float(m),
                **theirs.ceiling,
            },
            detail={
                "against": theirs.name,
                "unit": self.config.unit,
                "edges": edges.tolist(),
                "counts": p.tolist(),
                "counts_reference": q.tolist(),
                "verdict": _verdict(divergence, chance, undecided=bool(undecided)),
            },
            why=undecided,
        )

    def _undecided(self, chance: float, n: int, m: int) -> str | None:
        if chance <= self.config.resolution:
            return None
        return (
            f"undecided: with {n} rows against {m} a divergence up to {chance:.3f} may be chance, more than the "
            f"resolution of {self.config.resolution:g}; compare more rows or raise resolution"
        )

    def _counted(self, column: Any) -> Ints:
        return _lengths(column, self.config.unit)


@attrs.frozen(eq=False)
class Lengthened:
    """Lengths of real texts: counts in bins, the mean, and how far two halves of them are apart."""

    name: str
    source: str
    edges: Floats
    counts: Ints
    mean: float
    ceiling: dict[str, float]


def build(config: Lengths, tools: Tools) -> LengthsMetric:
    """The metric, or ``RecipeError`` for an unknown reference, profile or field."""
    field = tools.task.field_of(config.field)
    if config.resolution <= 0:
        raise RecipeError.of(f"resolution is above 0, got {config.resolution:g}", "resolution")
    return LengthsMetric(config, field, _real(config, field, tools))


def _real(config: Lengths, field: str, tools: Tools) -> Callable[[], Lengthened]:
    one_of(config.against, config.profile)
    if config.profile is None:
        reference = named(str(config.against), tools)
        return lambda: _of_rows(reference, field, config.unit)
    file = ProfileFile.read(tools.open_path(config.profile))
    edges, counts, mean = file.lengths(config.unit)
    return lambda: Lengthened(file.name, f"profile {file.name}", edges, counts, mean, {})


def _of_rows(reference: Reference, field: str, unit: str) -> Lengthened:
    lengths = _lengths(reference.column(field), unit)
    name, source = reference.name, f"reference {reference.name!r}"
    if not lengths.size:
        return Lengthened(name, source, np.zeros(0), lengths, 0.0, {})
    edges = decile_edges(lengths)
    return Lengthened(name, source, edges, binned(lengths, edges), float(lengths.mean()), _ceiling(lengths))


def _ceiling(lengths: Ints) -> dict[str, float]:
    """The same figures for two halves of the reference, in the deciles of one of them."""
    parts = halves(lengths.size)
    if parts is None:
        return {}
    one, two = lengths[parts[0]], lengths[parts[1]]
    edges = decile_edges(two)
    p, q = binned(one, edges), binned(two, edges)
    noise = (1 / one.size + 1 / two.size) / 2
    return {
        "real_kl": ct.kl_divergence(p, q),
        "real_js": ct.js_divergence(p, q),
        "real_expected": edges.size * noise,
    }


def _lengths(column: Any, unit: str) -> Ints:
    counted = words(column) if unit == "words" else characters(column)
    lengths: Ints = counted[pc.is_valid(column).to_numpy(zero_copy_only=False)]
    return lengths


def _verdict(divergence: float, chance: float, *, undecided: bool) -> str:
    if undecided:
        return "undecided"
    return "different" if divergence > chance else "no difference found"
