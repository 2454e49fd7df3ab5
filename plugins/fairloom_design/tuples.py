"""All t-tuples of levels that a covering array must hold, each with a number of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

import attrs
import numpy as np

from fairloom.design import Bools
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_design.blocks import Block

MOST = 5_000_000


@attrs.frozen(eq=False)
class Tuples:
    """The tuples of every group of axes, one group after the other.

    The number of a tuple is ``offset[i]`` plus its codes times ``strides[i]`` (one stride per axis, 0 for those
    outside the group). ``needed`` says which tuples are possible.
    """

    groups: tuple[tuple[int, ...], ...]
    offset: Ints
    strides: Ints
    sizes: tuple[int, ...]
    needed: Bools

    def numbers(self, codes: Ints) -> Ints:
        """The tuples of rows with these codes (one column per axis): one line per row, -1 where an axis is unused."""
        found = codes.clip(0) @ self.strides.T + self.offset
        unused = (codes < 0).astype(np.int64) @ (self.strides > 0).T.astype(np.int64) > 0
        return np.where(unused, -1, found)

    def count(self, strength: int, *, possible: bool = True) -> int:
        """How many tuples of this strength are possible, or are not."""
        ends = np.append(self.offset[1:], len(self.needed)).tolist()
        spans = zip(self.groups, self.offset.tolist(), ends, strict=True)
        return sum(
            int((self.needed[start:end] == possible).sum()) for group, start, end in spans if len(group) == strength
        )

    def codes(self, number: int) -> list[tuple[int, int]]:
        """The axes of a tuple and their codes."""
        group = int(np.searchsorted(self.offset, number, side="right")) - 1
        rest = number - int(self.offset[group])
        return [(axis, rest // int(self.strides[group, axis]) % self.sizes[axis]) for axis in self.groups[group]]


def tuples_of(blocks: Sequence[Block], sizes: Sequence[int], groups: Sequence[tuple[int, ...]]) -> Tuples:
    """The tuples of some groups of axes, all of one length.

    Raises:
        RecipeError: where there are too many to be covered.
    """
    volumes = [math.prod(sizes[axis] for axis in group) for group in groups]
    if sum(volumes) > MOST:
        way = "cover fewer axes with over, an attribute instead of every level, or a lower strength"
        message = f"{sum(volumes):,} combinations to cover are more than {MOST:,}"
        raise RecipeError.of(message, "design", "over", suggestion=way)
    strides = np.zeros((len(groups), len(sizes)), dtype=np.int64)
    for line, group in enumerate(groups):
        for place, axis in enumerate(group):
            strides[line, axis] = math.prod(sizes[later] for later in group[place + 1 :])
    offset = np.cumsum(volumes, dtype=np.int64) - volumes
    needed = np.zeros(sum(volumes), dtype=np.bool_)
    for line, group in enumerate(groups):
        needed[offset[line] + _possible(blocks, group, strides[line])] = True
    return Tuples(tuple(groups), offset, strides, tuple(sizes), needed)


def _possible(blocks: Sequence[Block], group: Sequence[int], strides: Ints) -> Ints:
    """The tuples of one group that some row can have: possible in every block, and used together by some template."""
    found = np.zeros(1, dtype=np.int64)
    for block in blocks:
        mine = [axis for axis in group if axis in block.axes]
        codes = block.codes[:, [block.axes.index(axis) for axis in mine]]
        keep = (codes >= 0).all(axis=1)
        if block.used is not None:
            keep &= block.used[:, list(group)].all(axis=1)
        parts = np.unique(codes[keep] @ strides[mine]) if mine or not keep.all() else np.zeros(1, dtype=np.int64)
        found = (found[:, None] + parts[None, :]).reshape(-1)
    return found
