"""Sharing out the rows of blocks among levels so that every margin stays within one.

A *block* is a set of rows that a part must share among one list of levels: rows of one label and
situation, and of one class of the part above. Blocks with the same list lie on one *line*, label by label. The
positions of a line are dealt to the levels in turn, so any stretch of a line - a block, a label, all of it - gives
each level the same number of rows, give or take one. Within its block a row is placed by a lattice
(`lattice`), which makes the parts independent of each other.
"""

from __future__ import annotations

from functools import cached_property

import attrs
import numpy as np

from fairloom.design import Codes
from fairloom.draws import Draws, Ints
from fairloom.problems import RecipeError
from fairloom_design.dealing import Deal, Lists, turns_of
from fairloom_design.lattice import generators, scaled, steps
from fairloom_design.parts import Part
from fairloom_design.space import Path, Space

MOST_ENTRIES = 20_000_000
CANDIDATES, CHOICES = 512, 12


@attrs.define(eq=False)
class Windows:
    """The blocks of one part. Arrays hold one entry per block unless they say otherwise."""

    part: Part
    lists: Lists
    listed: Ints
    rows: Ints
    dealt: Codes
    """The levels of every block in the order of their turns, from ``start[block]`` on."""
    start: Ints
    multiplier: Ints
    shift: Ints
    labels: Ints
    situations: Ints
    paths: list[Path]
    root_block: Ints
    """For a part without parent: block by cell."""
    child_block: Ints
    """For another: block by parent's block and class (a table)."""
    counted_before: Ints
    """For a part with children: rows of the same class in earlier places, by ``start[block] + place``."""

    def place(self, block: Ints, rank: Ints) -> tuple[Codes, Ints]:
        """Level, and rank within the rows of its block and class, of the row ``rank`` of ``block``."""
        rows, each, more = (column[block] for column in self._shares)
        spot = (rank * self.multiplier[block] + self.shift[block]) % rows
        # The first `more` levels of a block hold one row more than the others.
        low = spot < more * (each + 1)
        turn = np.where(low, spot, spot - more) // np.maximum(each + low, 1)
        entry = self.start[block] + turn
        level = self.dealt[entry]
        if not self.part.children:
            return level, rank
        begin = turn * each + np.minimum(turn, more)
        return level, spot - begin + self.counted_before[entry]

    @cached_property
    def _shares(self) -> tuple[Ints, ...]:
        """By block: rows (at least 1), rows of each level, levels with one more."""
        rows = np.maximum(self.rows, 1)
        size = self.lists.size[self.listed]
        return rows, rows // size, rows % size

    def draw(self, block: Ints, random: Ints, wanted: Ints | None) -> Codes:
        """A level of the block's list by a random number below 2**31; of the class ``wanted`` if given."""
        listed = self.listed[block]
        if wanted is None:
            first, many = np.zeros_like(block), self.lists.size[listed]
        else:
            first, many = self.lists.first[listed, wanted], self.lists.many[listed, wanted]
        first = first + self.lists.start[listed]
        weight = self.lists.weight
        if weight is None:
            pick = first + ((random * many) >> 31)
        else:
            total = weight[first + many] - weight[first]
            pick = np.searchsorted(weight, weight[first] + ((random * total) >> 31), side="right") - 1
        return np.asarray(self.lists.flat[pick], dtype=np.int32)

    def block_below(self, above: Windows, block: Ints, level: Codes) -> Ints:
        """The block of this part, given the parent's block and level."""
        return np.asarray(self.child_block[block, above.part.classes[level]], dtype=np.int64)


def windows_of(space: Space, counts: Ints, draws: Draws, plain: Space | None = None) -> dict[str, Windows]:
    """The blocks of every part, parents first; ``counts`` is the number of families in each cell.

    Of a chained space, ``plain`` is the one that is not.
    """
    built: dict[str, Windows] = {}
    builder = _Builder(space, counts, draws, plain or space)
    for name in sorted(space.parts.by_name, key=lambda name: len(space.parts.ancestors(name))):
        parent = space.parts.by_name[name].parent
        built[name] = builder.windows(name, built[parent] if parent else None)
    return built


@attrs.define(eq=False)
class _Blocks:
    """Blocks before their lists are known."""

    labels: Ints
    situations: Ints
    paths: list[Path]
    rows: Ints
    root_block: Ints = attrs.field(factory=lambda: np.zeros(0, dtype=np.int64))
    child_block: Ints = attrs.field(factory=lambda: np.zeros((0, 0), dtype=np.int64))


@attrs.define(eq=False)
class _Builder:
    space: Space
    counts: Ints
    draws: Draws
    plain: Space
    largest: int = attrs.field(init=False)
    """Families of the largest label: the size the generators are made for."""
    generators: Ints = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Choose the generators."""
        self.largest = int(np.bincount(self.space.labels(), weights=self.counts).max())
        parts = self.space.parts.by_name
        order = list(parts)
        parents = [None if part.parent is None else order.index(part.parent) for part in parts.values()]
        found = generators(self.largest, len(parts), self.draws, CANDIDATES, CHOICES)
        self.generators = steps(found, parents, self.largest)

    def windows(self, name: str, above: Windows | None) -> Windows:
        part = self.space.parts.by_name[name]
        blocks = self._roots(name) if above is None else self._children(above)
        levels = [
            self.space.allowed(name, int(situation), path)
            for situation, path in zip(blocks.situations, blocks.paths, strict=True)
        ]
        if sum(map(len, levels)) > MOST_ENTRIES:
            message = f"the rules leave {name} with {len(levels):,} different situations, too many to balance"
            raise RecipeError.of(message, "design", suggestion="relate fewer levels, or cross what the rules name")
        lists, listed = self._lists(part, levels)
        size = lists.size[listed]
        kin = self._kin(name, blocks)
        deal = Deal(lists, listed, blocks.rows, kin)
        dealt = deal.in_turn()
        if not self.space.parts.chained:
            dealt = deal.evened(dealt, self.draws.stream("deal", name))
        return Windows(
            part=part,
            lists=lists,
            listed=listed,
            rows=blocks.rows,
            dealt=dealt,
            start=np.cumsum(size) - size,
            multiplier=self._multipliers(name, blocks),
            shift=self.draws.stream("shift", name).below(np.maximum(blocks.rows, 1), np.arange(len(levels))),
            labels=blocks.labels,
            situations=blocks.situations,
            paths=blocks.paths,
            root_block=blocks.root_block,
            child_block=blocks.child_block,
            counted_before=_counted_before(part, lists, listed, blocks.rows, dealt),
        )

    def _roots(self, name: str) -> _Blocks:
        """One block per label and situation, label by label."""
        labels = self.space.labels()
        both = np.stack([labels, self.space.situation[name]], axis=1)
        found, inverse = np.unique(both, axis=0, return_inverse=True)
        inverse = inverse.reshape(-1)
        rows = np.bincount(inverse, weights=self.counts, minlength=len(found)).astype(np.int64)
        return _Blocks(found[:, 0], found[:, 1], [()] * len(found), rows, root_block=inverse)

    def _children(self, above: Windows) -> _Blocks:
        """One block per block of the parent and class of its levels there, in the parent's order."""
        classes = above.part.class_count
        table = np.full((len(above.rows), classes), -1, dtype=np.int64)
        present = above.lists.many[above.listed] > 0
        parents, numbers = np.nonzero(present)
        table[parents, numbers] = np.arange(len(parents))
        paths = [(*above.paths[block], int(number)) for block, number in zip(parents, numbers, strict=True)]
        rows = _rows_by_class(above)[parents, numbers]
        return _Blocks(above.labels[parents], above.situations[parents], paths, rows, child_block=table)

    def _lists(self, part: Part, levels: list[Codes]) -> tuple[Lists, Ints]:
        """The distinct lists, each in a drawn order, and which of them each block has."""
        words = self.draws.stream("order", part.name).words(np.arange(part.size + 1))
        numbers: dict[bytes, int] = {}
        listed = np.array([numbers.setdefault(level.tobytes(), len(numbers)) for level in levels], dtype=np.int64)
        distinct = [np.frombuffer(key, dtype=np.int32) for key in numbers]
        classes = part.class_count if part.children else 1
        first, many = (np.zeros((len(distinct), classes), dtype=np.int64) for _ in range(2))
        ordered = []
        every = part.classes if part.children else np.zeros(part.size + 1, dtype=np.int64)
        rank = np.argsort(np.lexsort((words, every)))
        for number, level in enumerate(distinct):
            group = every[level]
            ordered.append(level[np.argsort(rank[level])])
            many[number] = np.bincount(group, minlength=classes)
            first[number] = np.cumsum(many[number]) - many[number]
        size = np.array([len(level) for level in distinct], dtype=np.int64)
        return Lists(np.concatenate(ordered), np.cumsum(size) - size, size, first, many, rank), listed

    def _kin(self, name: str, blocks: _Blocks) -> Ints:
        """What decides the levels of each block: its label, its situation, the classes of the parts above it.

        Where parts are chained, most of what stands above a part has no say in it; that is left out, and the situation
        is that of the part alone.
        """
        above, plain = self.space.parts.ancestors(name), self.plain.parts
        cells = self.space.sample[self.space.parts.root(name)][blocks.situations]
        paths = np.array(blocks.paths, dtype=np.int64).reshape(len(blocks.labels), len(above))
        columns = [paths[:, above.index(other)] for other in plain.ancestors(name)]
        if self.space.parts.chained:
            columns = [
                plain.by_name[other].classes[column]
                for other, column in zip(plain.ancestors(name), columns, strict=True)
            ]
        columns = [blocks.labels, self.plain.situation[plain.root(name)][cells], *columns]
        return np.stack(columns, axis=1).astype(np.int64)

    def _multipliers(self, name: str, blocks: _Blocks) -> Ints:
        """The multiplier of the part in each block.

        Blocks of one label follow one set of generators, scaled to their sizes, so that parts stay apart even where
        they share out different blocks; labels follow different sets, lest what is uneven in one be uneven in all.
        """
        place = list(self.space.parts.by_name).index(name)
        choice = self.draws.stream("choice").below(CHOICES, blocks.labels)
        return scaled(self.generators[choice, place], self.largest, blocks.rows)


def _counted_before(part: Part, lists: Lists, listed: Ints, rows: Ints, dealt: Codes) -> Ints:
    if not part.children:
        return np.zeros(0, dtype=np.int64)
    block, turn = turns_of(lists.size[listed])
    each, more = rows // lists.size[listed], rows % lists.size[listed]
    count = each[block] + (turn < more[block])
    group = block * part.class_count + part.classes[dealt]
    order = np.argsort(group, kind="stable")
    running = np.cumsum(count[order]) - count[order]
    head = np.flatnonzero(np.diff(group[order], prepend=-1))
    before = np.empty_like(running)
    before[order] = running - np.repeat(running[head], np.diff(np.append(head, len(order))))
    return np.asarray(before, dtype=np.int64)


def _rows_by_class(above: Windows) -> Ints:
    """How many rows of each block have a level of each class (a table)."""
    size = above.lists.size[above.listed]
    block, turn = turns_of(size)
    each, more = above.rows // size, above.rows % size
    count = each[block] + (turn < more[block])
    classes = above.part.class_count
    flat = block * classes + above.part.classes[above.dealt]
    table = np.bincount(flat, weights=count, minlength=len(above.rows) * classes)
    return np.asarray(table.reshape(-1, classes), dtype=np.int64)
