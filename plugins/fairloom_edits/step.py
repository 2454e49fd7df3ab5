"""A perturbation as a step: it rewrites the rows that an earlier step wrote, and keeps spans and lineage right."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.applies import Applies
from fairloom.batch import ADDRESS, ATTEMPT, LABEL, REASON, decoded, spans_of
from fairloom.components import Tools
from fairloom.draws import Draws, Ints
from fairloom.editing import apply
from fairloom.edits import Edits, LabelKind, LabelRule, Ranges, edited_share, edits_of, expect_of, slots_of
from fairloom.problems import RunError
from fairloom.utf8 import CACHED_ROWS, Mask
from fairloom_edits.settings import Common, Whole, amount_of, label_rule
from fairloom_edits.sites import Addresses, Amount, Finds, Sites, chosen, edits_at, touching, within

NOTHING = "nothing to edit"


@attrs.frozen(eq=False)
class Scope:
    """Which parts of a text may be edited."""

    only: tuple[str, ...]
    protect: tuple[str, ...]

    @classmethod
    def of(cls, config: Common, tools: Tools) -> Scope:
        """What the settings say, and the slots of label factors, which are always protected."""
        carrying = [name for name, factor in tools.factors.items() if factor.role == "label"]
        only, protect = (slots_of(getattr(config, key), tools.factors, key) for key in ("only", "protect"))
        return cls(only, tuple(dict.fromkeys([*carrying, *protect])))

    def protected(self, spans: Any | None) -> Ranges:
        """What no edit may touch."""
        return Ranges.none() if spans is None else Ranges.of_spans(spans, self.protect)

    def inside(self, spans: Any | None) -> Ranges:
        """The spans of the slots ``only``."""
        return Ranges.none() if spans is None else Ranges.of_spans(spans, self.only)

    def inner(self, edits: Edits, spans: Any | None) -> Edits:
        """The edits inside the slots ``only``, where there are any; a group stays as a whole or not at all."""
        if not self.only:
            return edits
        out = edits.group[~within(Sites(edits.row, edits.start, edits.end, edits.group), self.inside(spans))]
        return edits.take(~np.isin(edits.group, out))

    def allowed(self, sites: Sites, spans: Any | None) -> Mask:
        """Which sites may be edited: they touch nothing protected and reach across no border of a span."""
        if spans is None:
            return np.full(sites.row.size, not self.only)
        marked = Ranges.of_spans(spans)
        return self.free(sites, spans) & (~touching(sites, marked, borders=False) | within(sites, marked))

    def free(self, sites: Sites, spans: Any | None, *, borders: bool = True) -> Mask:
        """Which sites touch nothing protected (with ``borders``, nor insert there) and lie inside of ``only``."""
        free = ~touching(sites, self.protected(spans), borders=borders)
        return free & within(sites, self.inside(spans)) if self.only else free


@attrs.frozen(eq=False)
class Dose:
    """Proposes edits at some of the sites that a finder finds."""

    name: str
    finder: Finds
    amount: Amount
    scope: Scope

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:
        """Edits over a field of the rows, none where nothing may be edited."""
        texts = rows.column(field)
        sites = self.finder.find(texts)
        sites = sites.take(self.scope.allowed(sites, spans))
        picked, words = chosen(sites, self.amount, addresses)
        return edits_at(picked, self.finder.write(texts, picked, words), self.name)


@attrs.frozen(eq=False)
class Perturbation:
    """The generator that all perturbations build: ``how`` proposes, ``fairloom.editing`` makes the edits."""

    how: Any
    label: LabelRule
    fields: tuple[str, ...]
    applies: Applies
    scope: Scope
    keep: bool
    draws: Draws
    intensity: float | None = None
    rate: float | None = None

    @property
    def reads(self) -> frozenset[str]:
        """The factors of its condition, which every row must have."""
        return self.applies.factors

    def propose(self, rows: pa.RecordBatch, field: str, draws: Draws) -> Edits:
        """Edits over a field of the rows, of those that ``when`` and ``rate`` leave (``fairloom.edits.Perturbs``)."""
        edits = self._of_all(rows, field, draws)
        return edits.take(self._wanted(rows)[edits.row])

    def _of_all(self, rows: pa.RecordBatch, field: str, draws: Draws) -> Edits:
        starts = range(0, rows.num_rows, CACHED_ROWS)
        return Edits.joined([(self._proposed(rows.slice(at, CACHED_ROWS), field, draws), at) for at in starts])

    def _proposed(self, rows: pa.RecordBatch, field: str, draws: Draws) -> Edits:
        spans = rows.column(spans_of(field)) if spans_of(field) in rows.schema.names else None
        address, attempt = (rows.column(name).to_numpy().astype(np.int64) for name in (ADDRESS, ATTEMPT))
        edits: Edits = self.scope.inner(self.how.propose(rows, field, spans, Addresses(draws, address, attempt)), spans)
        if self.intensity is None:
            return edits
        return edits.take((edited_share(rows.column(field), edits) <= self.intensity)[edits.row])

    def write(self, rows: pa.RecordBatch) -> pa.RecordBatch:
        """The fields with their edits made, spans shifted, and ``<field>.edits``; a reason where none was made.

        With the label rule DIR, ``<field>.expect`` says which way the probability of the row's label may go.
        """
        wanted = np.flatnonzero(self._wanted(rows))
        some = rows.take(pa.array(wanted))
        columns: dict[str, Any] = {}
        edited = np.zeros(wanted.size, np.bool_)
        for field in self.fields:
            edited |= self._perturb(rows, some, wanted, field, columns)[wanted]
        if not self.keep:
            reasons = np.full(rows.num_rows, None, dtype=object)
            reasons[wanted[~edited]] = self._why(some.filter(pa.array(~edited)))
            columns[REASON] = pa.array(reasons, pa.string())
        return pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))

    def _wanted(self, rows: pa.RecordBatch) -> Mask:
        """Which rows are edited at all. A row that is tried again stays one of them: no filter changes the share."""
        wanted = self.applies.to(rows)
        if self.rate is None:
            return wanted
        drawn: Mask = self.draws.stream("rows", "rate").unit(rows.column(ADDRESS).to_numpy()) < self.rate
        return wanted & drawn

    def _why(self, rows: pa.RecordBatch) -> list[str]:
        """Why rows were not edited, as far as the proposer can tell."""
        why, field = getattr(self.how, "why", None), self.fields[0]
        reasons: list[str] = why(rows.column(field)) if why is not None else [NOTHING] * rows.num_rows
        if self.intensity is not None:
            unbound = attrs.evolve(self, intensity=None).propose(rows, field, self.draws.stream(field))
            for row in set(unbound.row.tolist()):
                reasons[row] = f"more would be edited than intensity = {self.intensity}"
        return reasons

    def _perturb(
        self, rows: pa.RecordBatch, some: pa.RecordBatch, wanted: Ints, field: str, columns: dict[str, Any]
    ) -> Mask:
        """Put the new columns of a field into ``columns``; returns which of the rows were edited."""
        if field not in rows.schema.names:
            raise RunError(f"there is no field {field!r} yet: a perturbation needs an earlier step that writes it")
        found = self._of_all(some, field, self.draws.stream(field))
        edits = attrs.evolve(found, row=wanted[found.row])
        names = rows.schema.names
        spans, earlier = (rows.column(name) if name in names else None for name in (spans_of(field), edits_of(field)))
        applied = apply(rows.column(field), spans, edits, self.scope.protected(spans), earlier)
        columns[field], columns[edits_of(field)] = applied.texts, applied.column
        if applied.spans is not None:
            columns[spans_of(field)] = applied.spans
        edited = np.zeros(rows.num_rows, np.bool_)
        edited[applied.made.row] = True
        if self.label.direction is not None:
            columns[expect_of(field)] = _expected(rows, field, edited, self.label.direction)
        return edited


def _expected(rows: pa.RecordBatch, field: str, edited: Mask, direction: str) -> pa.Array:
    """Where the probability of the row's label may go, and what earlier steps expect of rows not edited now."""
    said = pc.binary_join_element_wise(direction, decoded(rows.column(LABEL)).cast(pa.string()), " ")
    name = expect_of(field)
    earlier = rows.column(name) if name in rows.schema.names else pa.nulls(len(said), pa.string())
    return pc.if_else(pa.array(edited), said, earlier)


def perturbation(config: Common, tools: Tools, how: Any, default: LabelKind) -> Perturbation:
    """The step around a proposer."""
    return Perturbation(
        how,
        label_rule(config, default, tools),
        _fields(config, tools),
        Applies.of(config.when, tools.factors),
        Scope.of(config, tools),
        config.unedited == "keep",
        tools.draws,
        config.intensity,
        config.rate if isinstance(config, Whole) else None,
    )


def dosed(name: str, config: Common, tools: Tools, finder: Finds, amount: Amount) -> Perturbation:
    """The step around a finder of sites; such edits leave labels as they are."""
    how = Dose(name, finder, amount_of(config, amount), Scope.of(config, tools))
    return perturbation(config, tools, how, "INV")


def _fields(config: Common, tools: Tools) -> tuple[str, ...]:
    if config.fields is None:
        return tools.task.fields[:1]
    return tuple(tools.task.field_of(field, "fields", place) for place, field in enumerate(config.fields))
