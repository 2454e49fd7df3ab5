"""Dealing the rows of blocks to the levels of their lists: who gets one more where rows do not divide.

Blocks with the same list lie on one line, label by label, and the line is dealt to the levels in turn, so any stretch
of it - a block, a label, all of it - is even to within one. What the line does not see is a column of blocks across
labels: where the rows of a label are a multiple of the levels, every label starts afresh, and what is odd in one is
odd in all. Those that have one more are therefore exchanged between blocks of a label until the tables of the
classes above and of the situations with the levels are even too.
"""

from __future__ import annotations

import attrs
import numpy as np

from fairloom.design import Codes
from fairloom.draws import Draws, Ints
from fairloom_design.polish import UNIT, Column, Polish

MOST_ODD = 65_536
"""Rows too many to look for a better place for each."""
ROUNDS = 60


@attrs.define(eq=False)
class Lists:
    """The distinct lists of levels of one part, one after the other in ``flat``.

    Levels of one class stand together: class ``c`` of list ``i`` starts at ``first[i, c]`` and has
    ``many[i, c]`` levels.
    """

    flat: Codes
    start: Ints
    size: Ints
    first: Ints
    many: Ints
    rank: Ints
    """The place of every level in the order that all lists follow (the last entry: not used)."""
    weight: Ints | None = None
    """Weights along ``flat``, added up from 0, where levels are not drawn alike (at most 2**32 in one list)."""


def turns_of(size: Ints) -> tuple[Ints, Ints]:
    """Block and turn of every level of every block, one block after the other; ``size`` is levels by block."""
    block = np.repeat(np.arange(len(size)), size)
    return block, np.arange(len(block)) - np.repeat(np.cumsum(size) - size, size)


@attrs.frozen(eq=False)
class Deal:
    """Blocks to deal: the list and the rows of each, and the ``kin`` of each, what its levels depend on.

    ``kin`` has a line per block: its label, its situation, the classes above it.
    """

    lists: Lists
    listed: Ints
    rows: Ints
    kin: Ints

    def in_turn(self) -> Codes:
        """The levels of every block in the order of their turns; the first ``rows % size`` get one row more."""
        offset = _offsets(self.lists, self.listed, self.rows, self.kin)
        size = self.lists.size[self.listed]
        block, turn = turns_of(size)
        spot = self.lists.start[self.listed][block] + (turn + offset[block]) % size[block]
        return np.asarray(self.lists.flat[spot], dtype=np.int32)

    def evened(self, dealt: Codes, draws: Draws) -> Codes:
        """``dealt`` with the odd rows exchanged, within a label and list, until columns of blocks are even."""
        block, turn = turns_of(self.lists.size[self.listed])
        odd = np.flatnonzero(turn < (self.rows % self.lists.size[self.listed])[block])
        path = _numbered(self.kin[:, 1:])
        if odd.size < 2 or odd.size > MOST_ODD or path.max() == 0 or path.max() + 1 == len(path):
            return dealt
        above = list({column.tobytes(): column for column in (*map(_numbered, self.kin.T[1:, :, None]), path)}.values())
        group = _numbered(np.stack([self.kin[:, 0], self.listed], axis=1))
        levels = int(dealt.max()) + 1
        polish = Polish(
            [
                Column("block", block[odd], len(self.rows)),
                *(
                    Column(str(place), column[block[odd]], int(column.max()) + 1, shown=False)
                    for place, column in enumerate(above)
                ),
                Column("level", dealt[odd].astype(np.int64), levels, group[block[odd]]),
            ],
            (),
            draws,
            distinct=True,
        )
        polish.pairs = [pair for pair in polish.pairs if pair.one > 0]
        for pair in polish.pairs:
            entry = above[pair.one - 1][block] * levels + dealt
            pair.excess = self._excess(entry, odd, block, pair.excess.size).reshape(pair.excess.shape)
        polish.run(ROUNDS)
        first = np.isin(block * levels + dealt, block[odd] * levels + polish.columns[-1].levels)
        return np.asarray(dealt[np.lexsort((turn, ~first, block))], dtype=np.int32)

    def _excess(self, entry: Ints, odd: Ints, block: Ints, size: int) -> Ints:
        """Rows too many in each entry of a table, in units; ``entry`` is that of each place, ``odd`` the odd places."""
        many = self.lists.size[self.listed]
        share = (UNIT * (self.rows % many) // many)[block]
        some = np.flatnonzero(share)
        wanted = np.bincount(entry[some], weights=share[some], minlength=size).astype(np.int64)
        return np.asarray(UNIT * np.bincount(entry[odd], minlength=size) - wanted, dtype=np.int64)


def _numbered(lines: Ints) -> Ints:
    """The number of each line among the different ones."""
    return np.unique(lines, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _offsets(lists: Lists, listed: Ints, rows: Ints, kin: Ints) -> Ints:
    """Where each block starts on the line of its list, modulo the length of the list."""
    order = np.lexsort((*kin.T[::-1], listed))
    total = np.cumsum(rows[order]) - rows[order]
    head = np.searchsorted(listed[order], np.arange(len(lists.size)))
    offset = np.empty_like(rows)
    offset[order] = total - total[np.minimum(head, len(total) - 1)][listed[order]]
    offset %= lists.size[listed]
    for group in _overlapping(lists):
        met = np.flatnonzero(np.isin(listed, group))
        _continue(lists, listed, rows, offset, met[np.lexsort(kin[met].T[::-1])])
    return offset


def _overlapping(lists: Lists) -> list[Ints]:
    """Groups of different lists that have levels in common, directly or through another list."""
    ends = lists.start + lists.size
    group = np.arange(len(lists.size))
    owner = np.full(int(lists.flat.max(initial=0)) + 2, -1, dtype=np.int64)
    for number, (start, end) in enumerate(zip(lists.start.tolist(), ends.tolist(), strict=True)):
        levels = lists.flat[start:end]
        met = np.unique(group[owner[levels][owner[levels] >= 0]])
        group[np.isin(group, met)] = number
        owner[levels] = number
    found = [np.flatnonzero(group == number) for number in np.unique(group).tolist()]
    return [members for members in found if len(members) > 1]


def _continue(lists: Lists, listed: Ints, rows: Ints, offset: Ints, blocks: Ints) -> None:
    """Let blocks whose lists overlap go on where the one before stopped, as far as their lists allow.

    No line can be exact then (a list without level 3 cannot make up for one), but the whole stays nearly even.
    """
    rank, pointer = lists.rank, 0
    for block in blocks.tolist():
        start, size = lists.start[listed[block]], lists.size[listed[block]]
        ranks = rank[lists.flat[start : start + size]]
        offset[block] = np.searchsorted(ranks, pointer) % size
        pointer = int(ranks[(offset[block] + rows[block]) % size])
