"""Covering arrays by a greedy search: row after row, each the best of several candidates.

As in AETG (Cohen, Dalal, Fredman and Patton 1997) a candidate starts with what is least covered and takes, block after
block in a drawn order, the choice that covers most new tuples; half of the candidates are given a tuple that is still
missing, so every row covers something new. Since blocks hold possible combinations only, no row ever breaks a rule. In
the end rows are taken out whose tuples all stand in other rows too.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from fairloom.design import Bools
from fairloom.draws import Draws, Ints
from fairloom_design.blocks import Block
from fairloom_design.tuples import Tuples

CANDIDATES = 24
ROOM, EFFORT = 4_000_000, 120_000_000
"""Numbers of tuples held at once, and looked up for one array: there are fewer candidates where these do not do."""
WORK, STEP = 80_000_000, 8_000
"""Arrays are improved until this many numbers have been looked up; a step costs as much as so many."""
STARTS, ROUNDS, RENEWED = 6, 400, 6
"""Arrays made from nothing, arrays made at most, and of how many rows one is made anew."""
FIRST = 1_024
"""In the first block, what is complete within the block counts more than what its levels still lack elsewhere."""
NOISE_BITS = 20
NOISE = 1 << NOISE_BITS


@attrs.frozen(eq=False)
class _Seen:
    """What a block sees of the tuples: of every group that touches its axes, its own share of the number."""

    groups: Ints
    own: Ints
    """Share of the number by group and choice."""
    void: Bools
    """Where a choice has no level on an axis of the group."""
    others: Ints
    """1 for each axis of the group outside the block."""
    mine: Ints
    strides: Ints


def covering_array(blocks: Sequence[Block], tuples: Tuples, draws: Draws) -> Ints:
    """A choice per block (columns) for each row.

    Some arrays are made from nothing; then parts of the smallest are made anew as long as the work is small, and
    kept where the array does not grow.
    """
    seen = [_seen(block, tuples) for block in blocks]
    least = least_rows(tuples)
    best = np.zeros((0, len(blocks)), dtype=np.int64)
    spent = last = 0
    for number in range(ROUNDS):
        if number and (len(best) == least or spent + last > WORK):
            break
        stream = draws.stream(str(number))
        kept = best if number >= STARTS else best[:0]
        kept = kept[stream.below(RENEWED, np.arange(len(kept))) > 0]
        greedy = _Greedy(blocks, tuples, seen, stream, eager=number % 2 == 0)
        rows = greedy.rows(kept)
        rows = _needed_rows(rows, codes_of(blocks, rows, len(tuples.sizes)), tuples)
        if len(best) == 0 or len(rows) <= len(best):
            best = rows
        spent, last = spent + greedy.spent, greedy.spent
    return best


def least_rows(tuples: Tuples) -> int:
    """No array is smaller: the tuples of one group all stand in different rows."""
    return int(np.add.reduceat(tuples.needed.astype(np.int64), tuples.offset).max())


def codes_of(blocks: Sequence[Block], rows: Ints, axes: int) -> Ints:
    """The code of each row on every axis, -1 where its template does not use it."""
    codes = np.full((len(rows), axes), -1, dtype=np.int64)
    for place, block in enumerate(blocks):
        codes[:, list(block.axes)] = block.codes[rows[:, place]]
    for place, block in enumerate(blocks):
        if block.used is not None:
            codes[~block.used[rows[:, place]]] = -1
    return codes


def _seen(block: Block, tuples: Tuples) -> _Seen:
    strides = tuples.strides
    inside = np.zeros(strides.shape[1], dtype=np.bool_)
    inside[list(block.axes)] = True
    groups = np.flatnonzero((strides[:, inside] > 0).any(axis=1))
    lines = strides[groups]
    own = lines[:, list(block.axes)] @ block.codes.clip(0).T
    void = (lines[:, list(block.axes)] > 0).astype(np.int64) @ (block.codes < 0).T.astype(np.int64) > 0
    member = (lines > 0).astype(np.int64)
    return _Seen(groups, own + tuples.offset[groups][:, None], void, member * ~inside, member * inside, lines * ~inside)


class _Greedy:
    """One array in the making."""

    def __init__(
        self, blocks: Sequence[Block], tuples: Tuples, seen: Sequence[_Seen], draws: Draws, *, eager: bool
    ) -> None:
        self.blocks, self.tuples, self.seen, self.draws = blocks, tuples, seen, draws
        self.eager = eager
        self.ties = draws.stream("tie")
        self.left = tuples.needed.copy()
        self.want = [np.zeros(size, dtype=np.int64) for size in tuples.sizes]
        """How many missing tuples hold each code of each axis."""
        sizes = [max(1, one.own.size) for one in seen]
        self.width = max(4, min(CANDIDATES, ROOM // max(sizes), EFFORT // (least_rows(tuples) * sum(sizes))))
        self.spent = 0
        self._count(np.flatnonzero(self.left), 1)

    def rows(self, kept: Ints) -> Ints:
        """The rows ``kept`` and further ones until nothing is missing."""
        found: list[Ints] = list(kept)
        numbers = np.unique(self.tuples.numbers(codes_of(self.blocks, kept, len(self.tuples.sizes))))
        there = numbers[numbers >= 0]
        self._count(there, -1)
        self.left[there] = False
        missing = int(self.left.sum())
        while missing:
            row, new = self._row(len(found))
            self._count(new, -1)
            self.left[new] = False
            missing -= len(new)
            found.append(row)
        return np.array(found, dtype=np.int64).reshape(-1, len(self.blocks))

    def _count(self, numbers: Ints, step: int) -> None:
        group = np.searchsorted(self.tuples.offset, numbers, side="right") - 1
        rest = numbers - self.tuples.offset[group]
        for axis, size in enumerate(self.tuples.sizes):
            stride = self.tuples.strides[group, axis]
            mine = stride > 0
            self.want[axis] += step * np.bincount(rest[mine] // stride[mine] % size, minlength=size)

    def _row(self, number: int) -> tuple[Ints, Ints]:
        """The best candidate, and the tuples it covers first."""
        given = self._given(number)
        codes = np.full((self.width, len(self.tuples.sizes)), -1, dtype=np.int64)
        used = np.ones_like(codes, dtype=np.bool_)
        choice = np.zeros((self.width, len(self.blocks)), dtype=np.int64)
        total = np.zeros(self.width, dtype=np.int64)
        noise = self._noise(number)
        for turn, place in enumerate(self._order(number)):
            block = self.blocks[place]
            gain = self._gains(place, codes, used)
            score = gain if turn else self._wants(block)[None, :] + FIRST * gain
            score = np.where(self._fits(block, given), score * NOISE + noise[place], -1)
            picked = score.argmax(axis=1)
            choice[:, place] = picked
            total += gain[np.arange(self.width), picked]
            codes[:, list(block.axes)] = block.codes[picked]
            if block.used is not None:
                used = block.used[picked]
        best = int(total.argmax())
        numbers = self.tuples.numbers(codes_of(self.blocks, choice[best : best + 1], len(self.tuples.sizes)))[0]
        numbers = numbers[numbers >= 0]
        return choice[best], numbers[self.left[numbers]]

    def _noise(self, number: int) -> list[Ints]:
        """What decides between equal choices, by block: one line per candidate."""
        sizes = [block.size for block in self.blocks]
        words = self.ties.quick(np.array([number]), self.width * sum(sizes))[0] >> np.uint64(64 - NOISE_BITS)
        noise = words.astype(np.int64).reshape(self.width, -1)
        return np.split(noise, np.cumsum(sizes)[:-1], axis=1)

    def _order(self, number: int) -> list[int]:
        """The block of the driver first, since it says which axes count, then the others in a drawn order.

        In every second array what lacks most comes before the others.
        """
        words = self.draws.stream("order").words(np.arange(len(self.blocks)), number)
        drawn = np.argsort(words, kind="stable").tolist()
        order = list(drawn)
        if self.eager:
            order.sort(key=lambda place: -int(self._wants(self.blocks[place]).max()))
            order[1:] = [place for place in drawn if place != order[0]]
        return sorted(order, key=lambda place: self.blocks[place].used is None)

    def _given(self, number: int) -> Ints:
        """Codes that candidates must take: a missing tuple for every second one, -1 where free."""
        given = np.full((self.width, len(self.tuples.sizes)), -1, dtype=np.int64)
        missing = np.flatnonzero(self.left)
        lines = np.arange(1, self.width, 2)
        for line, spot in zip(lines, self.draws.stream("seed").below(len(missing), lines, number), strict=True):
            for axis, code in self.tuples.codes(int(missing[spot])):
                given[line, axis] = code
        return given

    def _fits(self, block: Block, given: Ints) -> Bools:
        """Whether each choice has the codes that each candidate must take, and uses their axes."""
        wanted = given[:, list(block.axes)]
        fits = ((wanted[:, None, :] < 0) | (wanted[:, None, :] == block.codes[None, :, :])).all(axis=2)
        if block.used is not None:
            fits &= ((given[:, None, :] < 0) | block.used[None, :, :]).all(axis=2)
        return np.asarray(fits, dtype=np.bool_)

    def _wants(self, block: Block) -> Ints:
        """Missing tuples that hold a code of each choice."""
        total = np.zeros(block.size, dtype=np.int64)
        for axis, codes in zip(block.axes, block.codes.T, strict=True):
            total += np.append(self.want[axis], 0)[codes]
        return total

    def _gains(self, place: int, codes: Ints, used: Bools) -> Ints:
        """New tuples that each choice would complete, by candidate."""
        one = self.seen[place]
        block = self.blocks[place]
        void = (codes < 0).astype(np.int64) @ one.others.T + (~used).astype(np.int64) @ (one.mine + one.others).T > 0
        numbers = (codes.clip(0) @ one.strides.T)[:, :, None] + one.own[None, :, :]
        self.spent += numbers.size + STEP
        new = self.left[numbers] & ~void[:, :, None] & ~one.void[None, :, :]
        if block.used is not None:
            lacks = (~block.used).astype(np.int64) @ (one.mine + one.others).T > 0
            new &= ~lacks.T[None, :, :]
        return np.asarray(new.sum(axis=1), dtype=np.int64)


def _needed_rows(rows: Ints, codes: Ints, tuples: Tuples) -> Ints:
    """The rows without those whose tuples all stand in other rows."""
    numbers = tuples.numbers(codes)
    count = np.bincount(numbers[numbers >= 0], minlength=len(tuples.needed))
    keep = np.ones(len(rows), dtype=np.bool_)
    for place in range(len(rows)):
        mine = numbers[place][numbers[place] >= 0]
        if (count[mine] > 1).all():
            keep[place] = False
            count[mine] -= 1
    return rows[keep]
