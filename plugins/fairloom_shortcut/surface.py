"""The metric ``surface``: does the form of a text say something about its label or a protected group?"""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom import contingency as ct
from fairloom.batch import decoded, spans_of
from fairloom.components import Measurement
from fairloom.draws import Draws
from fairloom.factors import Axis, compared_groups
from fairloom.problems import RecipeError, did_you_mean
from fairloom.utf8 import blanked
from fairloom_shortcut.features import KINDS, NUMBERS, binned, features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairloom.components import Tools
    from fairloom.draws import Ints
    from fairloom.factors import Factor

_SMALL = 5.0
"""Expected counts below which the chi-square test is not trusted (Cochran 1954)."""


@attrs.frozen(kw_only=True)
class Surface:
    """Settings of ``shortcut.surface``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to look at; the task's first field when left out"}
    )
    axes: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "columns to compare by; the label and the protected groups when left out"}
    )
    columns: tuple[str, ...] = attrs.field(
        default=(),
        metadata={
            "help": "further columns that are form, besides the surface factors: an answer position, counts of typos; "
            "numbers are compared in bins"
        },
    )
    exempt: tuple[str, ...] = attrs.field(
        default=(),
        metadata={
            "help": 'features or axes that may be related, such as "words" or "person.gender"; the metric lists them'
        },
    )
    exempt_slots: tuple[str, ...] = attrs.field(
        default=(),
        metadata={"help": "slots that may carry the label; what they hold is left out of the text; they are listed"},
    )
    bins: int = attrs.field(default=10, metadata={"help": "quantile bins that counts and lengths are compared in"})
    alpha: float = attrs.field(
        default=0.05, metadata={"help": "corrected p below which a relation is not put down to chance"}
    )


@attrs.define
class Crossing:
    """Counts of feature values by levels of an axis; levels are numbered as they come."""

    feature: str
    axis: str
    counts: Counter[tuple[Any, str]] = attrs.field(factory=Counter)
    ordered: bool = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """What is counted has an order; of a column that shows when it is seen."""
        self.ordered = self.feature in NUMBERS

    def add(self, values: Any, levels: pa.Array) -> None:
        """Count these rows; a null level leaves its row out."""
        table = pa.table({"value": values, "level": levels}).drop_null()
        grouped = table.group_by(["value", "level"]).aggregate([([], "count_all")])
        keys = zip(grouped["value"].to_pylist(), grouped["level"].to_pylist(), strict=True)
        self.counts.update(dict(zip(keys, grouped["count_all"].to_pylist(), strict=True)))

    def table(self) -> Ints:
        """Values by levels, both in order."""
        values = sorted({value for value, _ in self.counts})
        levels = sorted({level for _, level in self.counts})
        line, column = ({name: place for place, name in enumerate(names)} for names in (values, levels))
        table = np.zeros((len(values), len(levels)), dtype=np.int64)
        for (value, level), count in self.counts.items():
            table[line[value], column[level]] = count
        return table


@attrs.define
class SurfaceMetric:
    """One table of counts per feature and axis: what is kept does not grow with the rows."""

    field: str
    config: Surface
    crossings: tuple[Crossing, ...]
    exempt: tuple[str, ...]
    draws: Draws
    rows: int = attrs.field(default=0, init=False)
    why: str | None = attrs.field(default=None, init=False)

    def observe(self, rows: pa.RecordBatch) -> None:
        """Count the next rows; those without a text are left out."""
        needed = [self.field, *([spans_of(self.field)] if self.config.exempt_slots else [])]
        needed += [each.axis for each in self.crossings]
        needed += [each.feature for each in self.crossings if not _computed(each.feature)]
        lacking = [name for name in needed if name not in rows.schema.names]
        if lacking:
            self.why = f"the data have no column {lacking[0]!r}"
            return
        rows = rows.filter(pc.is_valid(rows.column(self.field)))
        self.rows += rows.num_rows
        found = features(self._texts(rows))
        for each in self.crossings:
            if each.feature in found:
                values = pa.array(found[each.feature])
            else:
                values = _values(rows.column(each.feature))
                each.ordered = not pa.types.is_string(values.type)
            each.add(values, _names(rows.column(each.axis)))

    def _texts(self, rows: pa.RecordBatch) -> pa.Array:
        """The texts, without what stands in exempt slots."""
        texts = rows.column(self.field)
        if not self.config.exempt_slots:
            return texts
        left = blanked(texts, rows.column(spans_of(self.field)), self.config.exempt_slots)
        closed = pc.replace_substring_regex(left, r"\s+([,.;:!?])", r"\1")
        return pc.utf8_trim_whitespace(pc.replace_substring_regex(closed, r"\s+", " "))

    def result(self) -> Measurement:
        """The largest Cramer's V among the relations that are not chance; 0 where there is none."""
        why = self.why or (None if self.rows else f"no row has a text in {self.field!r}")
        if why:
            return Measurement(value=None, n=self.rows, why=why)
        found = [self._relation(each) for each in self.crossings]
        for relation, p in zip(found, ct.holm([relation["p"] for relation in found]).tolist(), strict=True):
            relation["p_corrected"] = p
            relation["significant"] = p < self.config.alpha
        found.sort(key=lambda relation: (not relation["significant"], -relation["v"]))
        significant = [relation for relation in found if relation["significant"]]
        worst = max((relation["v"] for relation in significant), default=0.0)
        return Measurement(
            value=worst,
            n=self.rows,
            values={
                "v": worst,
                "largest_v": max(relation["v"] for relation in found),
                "significant": float(len(significant)),
                "tested": float(len(found)),
                "p": min(relation["p_corrected"] for relation in found),
            },
            detail={
                "relations": found,
                "exempt": list(self.exempt),
                "exempt_slots": list(self.config.exempt_slots),
                "bins": self.config.bins,
            },
        )

    def _relation(self, each: Crossing) -> dict[str, Any]:
        full = each.table()
        table = _merged(full, self.config.bins) if each.ordered else full
        p, method = self._p(each, table)
        return {
            "feature": each.feature,
            "axis": each.axis,
            "v": ct.cramers_v(table),
            "delta": cliffs_delta(full) if each.ordered and full.shape[1] == 2 else None,
            "p": p,
            "method": method,
            "n": int(full.sum()),
            "bins": int(ct.occupied(table).shape[0]),
        }

    def _p(self, each: Crossing, table: Ints) -> tuple[float, str]:
        """Chi-square; where counts are too small for it and it says "not chance", shuffles have the last word."""
        counts = ct.occupied(table)
        p = ct.chi_square(counts).p
        enough = not counts.size or float(ct.expected(counts).min()) >= _SMALL
        if enough or p >= self.config.alpha or counts.sum() > ct.PERMUTED_ROWS:
            return p, "chi-square"
        rounds = max(199, int(np.ceil(2 * len(self.crossings) / self.config.alpha)))
        stream = self.draws.stream(each.feature, each.axis)
        return ct.table_permutation_p(counts, stream, rounds), f"permutation, {rounds} rounds"


def cliffs_delta(table: Ints) -> float:
    """How much oftener a value of the first level is larger than one of the second, less the reverse (Cliff 1993).

    ``table`` has values in order by two levels; -1 to 1.
    """
    a, b = table[:, 0].astype(np.float64), table[:, 1].astype(np.float64)
    below = np.cumsum(b) - b
    above = b.sum() - below - b
    pairs = a.sum() * b.sum()
    return float((a * (below - above)).sum() / pairs) if pairs else 0.0


def build(config: Surface, tools: Tools) -> SurfaceMetric:
    """The metric, or ``RecipeError`` for an unknown field, feature or attribute, or a number out of range."""
    field = tools.task.field_of(config.field)
    if config.bins < 2:
        raise RecipeError.of(f"bins is at least 2, got {config.bins}", "bins")
    if not 0 < config.alpha < 1:
        raise RecipeError.of(f"alpha is a probability between 0 and 1, got {config.alpha}", "alpha")
    for place, axis in enumerate(config.axes):
        Axis.parse(axis).check(tools.factors, "axes", place)
    axes = config.axes or compared_groups(tools.factors)
    surface = [name for name, factor in tools.factors.items() if factor.role == "surface" and factor.sampler is None]
    formed = dict.fromkeys((*NUMBERS, *KINDS, *surface, *config.columns))
    _check_exempt(config.exempt, (*formed, *axes))
    matched = {(name, axis) for name in surface for axis in axes if _tied(name, axis, tools.factors)}
    pairs = [
        pair
        for pair in itertools.product(formed, axes)
        if pair not in matched and not {*pair} & {*config.exempt} and pair[0] != pair[1]
    ]
    if not pairs:
        raise RecipeError.of("there is nothing to compare: no label, no protected factor, or all of it is exempt")
    listed = (*config.exempt, *(f"{name} by {axis}: matched in the recipe" for name, axis in sorted(matched)))
    crossings = tuple(Crossing(feature, axis) for feature, axis in pairs)
    return SurfaceMetric(field, config, crossings, listed, tools.draws)


def _tied(name: str, axis: str, factors: Mapping[str, Factor]) -> bool:
    other = Axis.parse(axis).factor
    return depends(name, other, factors) or depends(other, name, factors)


def depends(name: str, target: str, factors: Mapping[str, Factor]) -> bool:
    """Whether the recipe matches a factor to another, directly or by way of a third."""
    todo, seen = [name], {name}
    while todo:
        factor = factors.get(todo.pop())
        others = [Axis.parse(text).factor for text in factor.match.values()] if factor else []
        if target in others:
            return True
        todo += [other for other in others if other not in seen]
        seen.update(others)
    return False


def _check_exempt(exempt: tuple[str, ...], known: tuple[str, ...]) -> None:
    for place, name in enumerate(exempt):
        if name not in known:
            message = f"{name!r} is neither a feature nor an axis that is compared"
            raise RecipeError.of(message, "exempt", place, suggestion=did_you_mean(name, known))


def _computed(feature: str) -> bool:
    return feature in NUMBERS or feature in KINDS


def _names(column: pa.Array) -> pa.Array:
    return decoded(column).cast(pa.string())


def _values(column: pa.Array) -> pa.Array:
    """Numbers as they are, anything else as text."""
    plain = decoded(column)
    number = pa.types.is_integer(plain.type) or pa.types.is_floating(plain.type)
    return plain if number else plain.cast(pa.string())


def _merged(table: Ints, bins: int) -> Ints:
    """The table with its lines in quantile bins."""
    if table.shape[0] <= bins:
        return table
    which = binned(table.sum(axis=1), bins)
    out = np.zeros((bins, table.shape[1]), dtype=np.int64)
    np.add.at(out, which, table)
    return out
