"""Working out templates under the surface rules: the rules see every combination that they tell apart, once."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
import numpy as np

from fairloom_template.assembly import Gathered, Sheet, gather, ragged
from fairloom_template.layout import CONSTANT, Layout
from fairloom_template.pieces import Flags
from fairloom_template.pool import NOTHING, Ids, Index, Pool
from fairloom_template.reach import MOST_CHANGED, Patience, Reach, TooMuchError, Values
from fairloom_template.stock import Stock
from fairloom_template.surface import Surface
from fairloom_template.variants import Variants

MOST_ROUNDS = 8
"""How often strings that came of a change are looked at in turn."""
MOST_VARIANTS = MOST_CHANGED
"""Variants one template may have."""
MOST_SEGMENTS = 2**18
"""Pieces all variants of a column may have."""
MOST_CODES = 2**22
"""Entries of the tables that find a row's variant."""


@attrs.frozen(eq=False)
class _Place:
    """One place of a template: the string at every level of its source (-1: missing)."""

    source: int
    by_level: Ids
    values: Values


@attrs.frozen(eq=False)
class _Choice:
    """What of one factor matters to a template: a code per level, and a level for every code.

    The last code, ``len(stand_ins)``, is that of levels with a missing form.
    """

    source: int
    codes: Index
    stand_ins: Index


@attrs.frozen(eq=False)
class Foresight:
    """What is the same for all columns: the rules, the levels of every source, the number of every slot name."""

    surface: Surface
    sizes: Sequence[int]
    names: Mapping[str, int]

    def variants(self, layout: Layout, pool: Pool, skipped: frozenset[int]) -> tuple[Variants, Pool]:
        """The variants of the templates of a column but for those ``skipped``, and a pool that has their strings."""
        return _Work(self, layout, pool).variants(skipped)


class _Work:
    def __init__(self, known: Foresight, layout: Layout, pool: Pool) -> None:
        self._surface = known.surface
        self._sizes = known.sizes
        self._names = known.names
        self._layout = layout
        self._pool = pool
        self._stock = Stock(pool, self._surface.facts, self._surface.known)
        self._patience = Patience()
        self._values: dict[tuple[int, int], _Place] = {}

    def variants(self, skipped: frozenset[int]) -> tuple[Variants, Pool]:
        """Explore, choose, write out every combination once."""
        size = len(self._layout.first)
        found = {template: self._places(template) for template in range(size) if template not in skipped}
        places = {template: each for template, each in found.items() if each is not None}
        reaches = {
            template: Reach(self._surface.rules, self._stock, [place.values for place in each], self._patience)
            for template, each in places.items()
        }
        touched, idle = [], set()
        for template in self._explored(reaches):
            if reaches[template].idle:
                idle.add(template)
            else:
                touched.append(template)
        chosen = self._chosen(touched, places, reaches)
        loose = np.array([template not in chosen and template not in idle for template in range(size)])
        return self._written(chosen, loose)

    def _places(self, template: int) -> list[_Place] | None:
        """What may stand in a template; nothing where that is not known before the rows are, or can't be written."""
        layout = self._layout
        first, slot = int(layout.first[template]), int(layout.slot_first[template])
        slots = {
            int(layout.slot_at[at]): (int(layout.slot_base[at]), int(layout.slot_source[at]))
            for at in range(slot, slot + int(layout.slot_count[template]))
        }
        found = []
        for at in range(int(layout.count[template])):
            base, source = slots.get(at, (int(layout.base[first + at]), CONSTANT))
            if base < 0:
                return None
            place = self._place(base, source)
            if not len(place.values.ids):
                return None
            found.append(place)
        return found

    def _place(self, base: int, source: int) -> _Place:
        if (base, source) not in self._values:
            by_level = self._pool.lookup[base : base + (self._sizes[source] + 1 if source else 1)]
            ids = np.unique(by_level)
            self._values[base, source] = _Place(source, by_level, Values(ids[ids >= 0], self._stock))
        return self._values[base, source]

    def _explored(self, reaches: Mapping[int, Reach]) -> list[int]:
        """The templates about which everything was found out."""
        left, done = dict(reaches), []
        for _ in range(MOST_ROUNDS):
            for template in list(left):
                try:
                    left[template].look()
                except TooMuchError:
                    del left[template]
            texts = list(dict.fromkeys(text for reach in left.values() for fresh in reach.fresh for text in fresh))
            numbers = dict(zip(texts, self._stock.numbers(texts).tolist(), strict=True)) if texts else {}
            for template in list(left):
                if not left[template].grown(numbers):
                    del left[template]
                    done.append(template)
        return sorted(done)

    def _chosen(
        self, explored: Iterable[int], places: Mapping[int, Sequence[_Place]], reaches: Mapping[int, Reach]
    ) -> dict[int, list[_Choice]]:
        """The factors that matter to every template that has few enough variants."""
        chosen = {}
        segments = codes = 0
        for template in explored:
            found = _choices(places[template], reaches[template])
            count = math.prod(len(choice.stand_ins) for choice in found)
            more, tabled = count * len(places[template]), sum(len(choice.codes) for choice in found)
            if count <= MOST_VARIANTS and segments + more <= MOST_SEGMENTS and codes + tabled <= MOST_CODES:
                chosen[template] = found
                segments, codes = segments + more, codes + tabled
        return chosen

    def _written(self, chosen: Mapping[int, Sequence[_Choice]], loose: Flags) -> tuple[Variants, Pool]:
        """Every combination written once, as a row is."""
        tables = _Tables(len(loose))
        listed = [(template, each) for template, found in chosen.items() for each in _combinations(found)]
        if not listed:
            return tables.variants(self._layout, loose), self._pool
        levels = np.zeros((len(self._sizes), len(listed)), dtype=np.int32)
        for row, (_, stand_ins) in enumerate(listed):
            for source, level in stand_ins:
                levels[source, row] = level
        templates = np.array([template for template, _ in listed], dtype=np.int64)
        before = gather(Sheet(self._layout, templates), levels, self._pool)
        after, pool, _ = self._surface.polished(before, self._pool, self._names)
        layout = self._layout.joined(_layout(self._layout, templates, before, after, len(pool.lookup)))
        pool = Pool(pool.strings, np.concatenate([pool.lookup, np.arange(len(pool.strings), dtype=np.int32)]))
        for template, found in chosen.items():
            tables.add(template, found)
        return tables.variants(layout, np.append(loose, np.zeros(len(listed), dtype=bool))), pool


class _Tables:
    """The look-up tables of ``Variants``, template by template."""

    def __init__(self, size: int) -> None:
        self._first = np.arange(size, dtype=np.int64)
        self._targets = [np.arange(size, dtype=np.int64)]
        self._at = self._next = size
        self._choices: dict[int, list[tuple[int, int]]] = {}
        self._codes = [np.zeros(1, dtype=np.int64)]
        self._known: dict[bytes, int] = {}
        self._codes_size = 1

    def add(self, template: int, choices: Sequence[_Choice]) -> None:
        """The next variants are those of this template, the last factor fastest."""
        counts = [len(choice.stand_ins) for choice in choices]
        told = [choice for choice in choices if len(choice.stand_ins) > 1]
        block = np.full([len(choice.stand_ins) + 1 for choice in told], template, dtype=np.int64)
        written = math.prod(counts)
        if written:
            inside = tuple(slice(0, len(choice.stand_ins)) for choice in told)
            block[inside] = np.arange(self._next, self._next + written).reshape([len(c.stand_ins) for c in told])
        self._next += written
        self._first[template] = self._at
        self._targets.append(block.reshape(-1))
        self._at += block.size
        stride, listed = block.size, []
        for choice in told:
            stride //= len(choice.stand_ins) + 1
            listed.append((choice.source, self._code(choice.codes * stride)))
        self._choices[template] = listed

    def _code(self, codes: Index) -> int:
        known = codes.tobytes()
        if known not in self._known:
            self._known[known] = self._codes_size
            self._codes.append(codes)
            self._codes_size += len(codes)
        return self._known[known]

    def variants(self, layout: Layout, loose: Flags) -> Variants:
        """The finished tables."""
        most = max((len(listed) for listed in self._choices.values()), default=0)
        source, codes_at = (np.zeros((most, len(self._first)), dtype=np.int64) for _ in range(2))
        for template, listed in self._choices.items():
            for place, (factor, at) in enumerate(listed):
                source[place, template], codes_at[place, template] = factor, at
        codes, targets = np.concatenate(self._codes), np.concatenate(self._targets)
        return Variants(layout, loose, self._first, source, codes_at, codes, targets)


def _choices(places: Sequence[_Place], reach: Reach) -> list[_Choice]:
    """Every factor of a template, its levels put into classes."""
    by_source: dict[int, list[int]] = {}
    for at, place in enumerate(places):
        by_source.setdefault(place.source, []).append(at)
    return [_choice(source, ats, places, reach) for source, ats in by_source.items() if source != CONSTANT]


def _choice(source: int, ats: Sequence[int], places: Sequence[_Place], reach: Reach) -> _Choice:
    by_level = np.stack([places[at].by_level for at in ats])
    there = np.flatnonzero((by_level >= 0).all(axis=0))
    key = np.zeros(len(there), dtype=np.int64)
    for line, at in zip(by_level, ats, strict=True):
        code = reach.classes(at, places[at].values.ids)
        code = code[np.searchsorted(places[at].values.ids, line[there])]
        key = np.unique(key * (int(code.max(initial=0)) + 1) + code, return_inverse=True)[1]
    _, first, which = np.unique(key, return_index=True, return_inverse=True)
    codes = np.full(by_level.shape[1], len(first), dtype=np.int64)
    codes[there] = which
    return _Choice(source, codes, there[first])


def _combinations(choices: Sequence[_Choice]) -> Iterator[list[tuple[int, int]]]:
    """A level of every source, for every combination of classes."""
    sources = [choice.source for choice in choices]
    for levels in itertools.product(*(choice.stand_ins.tolist() for choice in choices)):
        yield list(zip(sources, levels, strict=True))


def _layout(layout: Layout, templates: Index, before: Gathered, after: Gathered, identity: int) -> Layout:
    """What was written for every combination as a template: slots stay open unless the rules changed their value."""
    count, slot_count = np.diff(before.offsets), np.diff(before.slot_offsets)
    which = ragged(layout.slot_first[templates], slot_count, before.slot_offsets[:-1])
    changed = before.value != after.value
    base = after.ids.astype(np.int64) + identity
    base[before.at] = NOTHING
    return Layout(
        first=before.offsets[:-1],
        count=count,
        base=base,
        slot_first=before.slot_offsets[:-1],
        slot_count=slot_count,
        slot_at=before.at.astype(np.int64) - np.repeat(before.offsets[:-1], slot_count),
        slot_base=np.where(changed, after.value.astype(np.int64) + identity, layout.slot_base[which]),
        slot_source=np.where(changed, CONSTANT, layout.slot_source[which]),
        slot_name=before.name.copy(),
    )
