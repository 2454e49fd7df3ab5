"""How many sentences a grammar has, by dynamic programming over the height of their derivations.

The height of a derivation is 1 for an alternative without parts, and otherwise one more than the height of its
tallest part. With ``N(A, h)`` derivations of height at most ``h``::

    N(A, 0) = 0        N(A, h) = sum over alternatives of A, of the product of N(part, h - 1) over its parts

(Flajolet and Sedgewick, *Analytic Combinatorics*, 2009, section I.2, by height in place of size.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import attrs

from fairloom_grammar.grammar import Alternative, Grammar

CEILING = 1 << 62
"""Counts stop here: beyond, nobody can ask for all of them, and exact ones would grow without bound."""


@attrs.frozen
class Class:
    """The derivations of a nonterminal of height at most ``height``, or of just that height."""

    symbol: str
    height: int
    exact: bool = False


@attrs.frozen
class Block:
    """The derivations of a class by one alternative whose parts come from these classes."""

    alternative: Alternative
    parts: tuple[Class, ...]
    size: int


@attrs.frozen(eq=False)
class Counts:
    """Counts of every nonterminal by height, each at most ``CEILING``."""

    grammar: Grammar
    within: Mapping[str, list[int]]

    @classmethod
    def of(cls, grammar: Grammar, height: int) -> Counts:
        """Count up to a height."""
        within = {symbol: [0] for symbol in grammar.reachable}
        for below in range(height):
            new = {
                symbol: sum(math.prod(within[part][below] for part in each.parts) for each in grammar.rules[symbol])
                for symbol in within
            }
            for symbol, count in new.items():
                within[symbol].append(min(count, CEILING))
        return cls(grammar, within)

    def size(self, wanted: Class) -> int:
        """How many derivations a class has."""
        counts = self.within[wanted.symbol]
        if wanted.height < 1:
            return 0
        return counts[wanted.height] - (counts[wanted.height - 1] if wanted.exact else 0)

    def blocks(self, wanted: Class) -> list[Block]:
        """A class as blocks, in the order of its sentences: alternatives as written, empty blocks left out."""
        found = (
            Block(each, parts, math.prod(map(self.size, parts)))
            for each in self.grammar.rules[wanted.symbol]
            for parts in (_tallest(each, wanted.height) if wanted.exact else [_all(each, wanted.height)])
        )
        return [block for block in found if block.size]


def _all(alternative: Alternative, height: int) -> tuple[Class, ...]:
    return tuple(Class(part, height - 1) for part in alternative.parts)


def _tallest(alternative: Alternative, height: int) -> Iterator[tuple[Class, ...]]:
    """The parts of derivations of just this height: by the first part that is as tall as may be."""
    if not alternative.parts and height == 1:
        yield ()
    for first, part in enumerate(alternative.parts):
        before = tuple(Class(name, height - 2) for name in alternative.parts[:first])
        after = tuple(Class(name, height - 1) for name in alternative.parts[first + 1 :])
        yield (*before, Class(part, height - 1, exact=True), *after)


def natural_height(grammar: Grammar) -> int:
    """The height of the tallest derivation of a grammar without recursion."""
    heights: dict[str, int] = {}
    for symbol in _bottom_up(grammar):
        parts = (heights[part] for part in grammar.below(symbol))
        heights[symbol] = 1 + max(parts, default=0)
    return heights[grammar.start]


def _bottom_up(grammar: Grammar) -> list[str]:
    """The nonterminals, each after those it is made of."""
    order: dict[str, None] = {}
    waiting = [(grammar.start, False)]
    while waiting:
        symbol, opened = waiting.pop()
        if opened:
            order.setdefault(symbol)
        elif symbol not in order:
            waiting.append((symbol, True))
            waiting += [(part, False) for part in grammar.below(symbol)]
    return list(order)


def productive(grammar: Grammar) -> set[str]:
    """The nonterminals with a derivation that ends."""
    found: set[str] = set()
    size = -1
    while size != (size := len(found)):
        found |= {each.symbol for each in grammar.alternatives() if found.issuperset(each.parts)}
    return found
