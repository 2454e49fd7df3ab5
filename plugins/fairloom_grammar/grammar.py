"""What a grammar is: nonterminals, each with alternatives whose text and values are put together from parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import attrs

TEXT = "text"
KeyPath = tuple[str | int, ...]


@attrs.frozen
class Ref:
    """A place for a column of a part: its text, or one of its values. ``part`` counts the parts of the alternative."""

    part: int
    column: str


Piece = str | Ref
Pattern = tuple[Piece, ...]


@attrs.frozen(kw_only=True)
class Alternative:
    """One way to write a nonterminal.

    ``parts`` are the nonterminals it is made of, in the order in which its text first names them, and ``names``
    what the alternative calls them. ``columns`` holds a pattern for the text and for each value.
    """

    symbol: str
    name: str
    parts: tuple[str, ...]
    names: tuple[str, ...]
    columns: Mapping[str, Pattern]
    where: KeyPath

    @property
    def unit(self) -> str | None:
        """The nonterminal whose text this alternative merely repeats, if that is all it does."""
        return self.parts[0] if self.columns[TEXT] == (Ref(0, TEXT),) else None


@attrs.frozen(eq=False)
class Grammar:
    """A start symbol and the alternatives of every nonterminal, both in the order of the file."""

    start: str
    rules: Mapping[str, tuple[Alternative, ...]]
    columns: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)
    """The text and the values that every sentence of a nonterminal has."""

    def alternatives(self) -> Iterator[Alternative]:
        """All of them."""
        for alternatives in self.rules.values():
            yield from alternatives

    @cached_property
    def reachable(self) -> tuple[str, ...]:
        """The nonterminals that the start leads to, in order of first mention."""
        found = {self.start: None}
        waiting = [self.start]
        while waiting:
            for alternative in self.rules[waiting.pop(0)]:
                new = [part for part in alternative.parts if part not in found]
                found.update(dict.fromkeys(new))
                waiting += dict.fromkeys(new)
        return tuple(found)

    def below(self, symbol: str, *, unit: bool = False) -> list[str]:
        """The nonterminals in the alternatives of ``symbol``; with ``unit``, only those it may be the same as."""
        if unit:
            return [found for each in self.rules[symbol] if (found := each.unit)]
        return [part for alternative in self.rules[symbol] for part in alternative.parts]

    def cycle(self, *, unit: bool = False) -> list[str]:
        """Nonterminals that lead back to the first of them, or none; ``unit`` as in ``below``."""
        done: set[str] = set()
        for root in self.reachable:
            path: list[str] = []
            stack = [iter([root])]
            while stack:
                symbol = next(stack[-1], None)
                if symbol is None:
                    stack.pop()
                    if path:
                        done.add(path.pop())
                elif symbol in path:
                    return [*path[path.index(symbol) :], symbol]
                elif symbol not in done:
                    path.append(symbol)
                    stack.append(iter(self.below(symbol, unit=unit)))
        return []
