"""Sentences by number, in columns: ranks go down the grammar, text and values come back up.

The sentences of a class are numbered in documented order: its alternatives as written, and within one the
parts as digits, the first slowest. Going down, each class collects the numbers asked of it, each once. Going up,
its columns are put together for just those by joins of Arrow arrays, so a phrase that stands in a thousand
sentences is written once.
"""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_grammar.counting import Block, Class, Counts
from fairloom_grammar.grammar import Pattern, Ref

MOST_BYTES = 1 << 30
DERIVATION = "derivation"


@attrs.frozen(eq=False)
class Chosen:
    """Numbers asked of one block: the number of each part, aligned with the sentences."""

    block: Block
    count: int
    digits: tuple[Ints, ...]


@attrs.frozen(eq=False)
class Written:
    """The sentences of a class that were asked for: their numbers, ascending, and their columns."""

    ranks: Ints
    columns: dict[str, pa.Array]
    depth: Ints
    rule: pa.Array


@attrs.define(eq=False)
class Composer:
    """Writes sentences of one grammar; ``derivations`` asks for the derivation of each as a text."""

    counts: Counts
    derivations: bool = False

    def write(self, wanted: Class, ranks: Ints) -> Written:
        """The sentences of a class with these numbers, which must ascend without repetition."""
        chosen = self._chosen(wanted, ranks)
        written: dict[Class, Written] = {}
        for each in reversed(chosen):
            written[each] = self._written(each, *chosen[each], written)
        return written[wanted]

    def _chosen(self, wanted: Class, ranks: Ints) -> dict[Class, tuple[Ints, list[Chosen]]]:
        """What is asked of every class, tallest classes first, so that parts come after their wholes."""
        asked: dict[Class, list[Ints]] = {wanted: [ranks]}
        done: dict[Class, tuple[Ints, list[Chosen]]] = {}
        for height in range(wanted.height, 0, -1):
            for each in [known for known in asked if known.height == height]:
                numbers = np.unique(np.concatenate(asked.pop(each)))
                done[each] = numbers, self._split(each, numbers)
                for one in done[each][1]:
                    for part, digits in zip(one.block.parts, one.digits, strict=True):
                        asked.setdefault(part, []).append(digits)
        return done

    def _split(self, wanted: Class, ranks: Ints) -> list[Chosen]:
        found, start = [], 0
        for block in self.counts.blocks(wanted):
            low, high = np.searchsorted(ranks, [start, start + block.size])
            if high > low:
                found.append(Chosen(block, int(high - low), self._digits(block, ranks[low:high] - start)))
            start += block.size
        return found

    def _digits(self, block: Block, ranks: Ints) -> tuple[Ints, ...]:
        digits: list[Ints] = []
        for part in reversed(block.parts):
            ranks, digit = np.divmod(ranks, self.counts.size(part))
            digits.insert(0, digit)
        return tuple(digits)

    def _written(self, wanted: Class, ranks: Ints, chosen: list[Chosen], written: dict[Class, Written]) -> Written:
        columns = self.counts.grammar.columns.get(wanted.symbol, ())
        blocks = [_Places(one, tuple(written[part] for part in one.block.parts)) for one in chosen]
        made = {
            column: _stacked(each.joined(each.chosen.block.alternative.columns[column]) for each in blocks)
            for column in columns
        }
        if self.derivations:
            made[DERIVATION] = _stacked(each.joined(each.derivation()) for each in blocks)
        names = [pa.repeat(one.block.alternative.name, one.count) for one in chosen]
        return Written(ranks, made, np.concatenate([each.depth() for each in blocks]), pa.concat_arrays(names))


@attrs.define(eq=False)
class _Places:
    """The sentences of one block: where each finds its parts among those written."""

    chosen: Chosen
    parts: tuple[Written, ...]
    places: tuple[Ints, ...] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.places = tuple(
            np.searchsorted(part.ranks, digits) for part, digits in zip(self.parts, self.chosen.digits, strict=True)
        )

    def depth(self) -> Ints:
        deepest = np.zeros(self.chosen.count, dtype=np.int64)
        for part, places in zip(self.parts, self.places, strict=True):
            deepest = np.maximum(deepest, part.depth[places])
        return deepest + 1

    def joined(self, pattern: Pattern) -> pa.Array:
        pieces = [self._column(piece) if isinstance(piece, Ref) else piece for piece in pattern]
        if not any(isinstance(piece, pa.Array) for piece in pieces):
            return pa.repeat("".join(pieces), self.chosen.count)
        if len(pieces) == 1:
            return pieces[0]
        sizes = (pc.sum(pc.binary_length(piece)).as_py() or 0 for piece in pieces if isinstance(piece, pa.Array))
        _check_bytes(sum(sizes))
        return pc.binary_join_element_wise(*pieces, "")

    def _column(self, ref: Ref) -> pa.Array:
        column, places = self.parts[ref.part].columns[ref.column], self.places[ref.part]
        lengths = pc.binary_length(column).to_numpy(zero_copy_only=False)
        _check_bytes(int(lengths[places].sum(dtype=np.int64)))
        return column.take(pa.array(places))

    def derivation(self) -> Pattern:
        """The name of the alternative, and in brackets the derivations of its parts."""
        name = self.chosen.block.alternative.name
        if not self.parts:
            return (name,)
        between = [piece for place in range(len(self.parts)) for piece in (", ", Ref(place, DERIVATION))][1:]
        return (f"{name}(", *between, ")")


def _stacked(arrays: Iterable[pa.Array]) -> pa.Array:
    found = list(arrays)
    _check_bytes(sum(array.nbytes for array in found))
    return pa.concat_arrays(found)


def _check_bytes(size: int) -> None:
    if size > MOST_BYTES:
        way = "give a smaller limit or max_depth"
        raise RecipeError.of(f"the sentences and their values come to more than {MOST_BYTES:,} bytes", suggestion=way)
