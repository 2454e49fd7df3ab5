"""From ``rules`` in a recipe or a file to a grammar, with everything that is wrong said at its place.

A pattern is text with places: ``{{ noun }}`` for a part of that nonterminal, ``{{ a: noun }}`` for one that the
alternative calls ``a``, ``{{ a.article }}`` for a value of a part. A name said again means the same part again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_grammar.grammar import TEXT, Alternative, Grammar, KeyPath, Pattern, Piece, Ref
from fairloom_grammar.values import Complain, composed

NAME = "name"
RESERVED = ("depth", "rule", "derivation", "readings")
_PLACE = re.compile(r"\{\{(?P<inside>[^{}]*)\}\}")
_INSIDE = re.compile(r"(?:(?P<name>\w+)\s*:\s*(?P<symbol>\w+)|(?P<known>\w+)(?:\.(?P<column>\w+))?)")
_WORD = re.compile(r"[^\W\d]\w*\Z")


def grammar_of(rules: Any, start: str | None, values: Sequence[str] | None, complain: Complain) -> Grammar:
    """The grammar that ``rules`` (alternatives by nonterminal) describe.

    ``start`` defaults to the first nonterminal, ``values`` to all that it has.

    Raises:
        RecipeError: with every problem found.
    """
    reading = _Reading(complain, tuple(rules) if isinstance(rules, Mapping) else ())
    found = reading.rules(rules)
    first = start if start is not None else next(iter(found), "")
    if found and first not in found:
        reading.say(f"there is no nonterminal {first!r}", "start", suggestion=did_you_mean(first, found))
    reading.stop()
    return composed(Grammar(first, found), values, complain)


@attrs.define
class _Reading:
    complain: Complain
    symbols: tuple[str, ...]
    problems: list[Problem] = attrs.field(factory=list)

    def say(self, message: str, *key: str | int, suggestion: str | None = None) -> None:
        self.problems.append(self.complain(message, *key, suggestion=suggestion))

    def stop(self) -> None:
        if self.problems:
            raise RecipeError(self.problems)

    def rules(self, rules: Any) -> dict[str, tuple[Alternative, ...]]:
        if not isinstance(rules, Mapping) or not rules:
            self.say("expected a table: each nonterminal with the list of its alternatives", "rules")
            return {}
        return {symbol: tuple(self._alternatives(symbol, given)) for symbol, given in rules.items()}

    def _alternatives(self, symbol: str, given: Any) -> Iterator[Alternative]:
        where: KeyPath = ("rules", symbol)
        if not _WORD.match(symbol):
            self.say(f"{symbol!r} is no usable name for a nonterminal", *where, suggestion="use letters, digits and _")
        if not isinstance(given, list) or not given:
            way = f'for example {symbol} = ["one way to write it", "another"]'
            self.say("expected an array with at least one alternative", *where, suggestion=way)
            return
        names: dict[str, int] = {}
        for number, entry in enumerate(given):
            made = self._alternative(symbol, number, entry)
            if made is None:
                continue
            if names.setdefault(made.name, number) != number:
                self.say(f"another alternative has the name {made.name!r}", *where, number, NAME)
            yield made

    def _alternative(self, symbol: str, number: int, entry: Any) -> Alternative | None:
        where: KeyPath = ("rules", symbol, number)
        table = {TEXT: entry} if isinstance(entry, str) else entry
        if not isinstance(table, Mapping) or TEXT not in table:
            way = 'write "text", or { text = "text", VALUE = "what it means" }'
            self.say("an alternative needs a text", *where, suggestion=way)
            return None
        wrong = [(key, value) for key, value in table.items() if not isinstance(value, str)]
        for key, value in wrong:
            self.say(f"must be a string, got {value!r}", *where, key, suggestion="write it in quotes")
        taken = [key for key in table if key in RESERVED or not _WORD.match(key)]
        for key in taken:
            self.say(f"{key!r} cannot name a value", *where, key, suggestion="choose another name")
        if wrong or taken:
            return None
        parts = self._parts(table[TEXT], *where, *(() if isinstance(entry, str) else (TEXT,)))
        columns = {
            key: self._pattern(text, key, parts, where, inline=isinstance(entry, str))
            for key, text in table.items()
            if key != NAME
        }
        named = table.get(NAME, f"{symbol}/{number + 1}")
        symbols = tuple(parts.values())
        return Alternative(symbol=symbol, name=named, parts=symbols, names=tuple(parts), columns=columns, where=where)

    def _parts(self, text: str, *where: str | int) -> dict[str, str]:
        """The parts that the text names: what each is called, and its nonterminal."""
        inside = [_INSIDE.fullmatch(match["inside"].strip()) for match in _PLACE.finditer(text)]
        declared = [found for found in inside if found and found["symbol"]]
        twice = [found["name"] for place, found in enumerate(declared) if found["name"] in _names(declared[:place])]
        for name in twice:
            self.say(f"two parts are called {name!r}", *where, suggestion="give each its own name")
        called = {found["name"]: found["symbol"] for found in declared}
        parts: dict[str, str] = {}
        for found in (found for found in inside if found):
            name = found["name"] or found["known"]
            symbol = called.get(name, name)
            if symbol not in self.symbols:
                hint = did_you_mean(symbol, (*self.symbols, *called))
                self.say(f"there is no nonterminal {symbol!r}", *where, suggestion=hint)
            else:
                parts.setdefault(name, symbol)
        return parts

    def _pattern(self, text: str, key: str, parts: Mapping[str, str], where: KeyPath, *, inline: bool) -> Pattern:
        spot = where if inline else (*where, key)
        pieces: list[Piece] = []
        end = 0
        for match in _PLACE.finditer(text):
            pieces.append(text[end : match.start()])
            piece = self._ref(match["inside"].strip(), key, parts, spot)
            pieces.extend([piece] if piece is not None else [])
            end = match.end()
        pieces.append(text[end:])
        if any("{{" in piece or "}}" in piece for piece in pieces if isinstance(piece, str)):
            self.say(f"unbalanced braces in {text!r}", *spot, suggestion="places are written {{ name }}")
        return tuple(piece for piece in pieces if piece != "")

    def _ref(self, inside: str, key: str, parts: Mapping[str, str], spot: KeyPath) -> Ref | None:
        found = _INSIDE.fullmatch(inside)
        if found is None:
            way = "write {{ noun }}, {{ a: noun }} or {{ a.value }}"
            self.say(f"{{{{ {inside} }}}} is no place", *spot, suggestion=way)
            return None
        if found["symbol"] and key != TEXT:
            way = f"write {{{{ {found['name']} }}}}, and declare the part in the text"
            self.say("parts are declared in the text of an alternative only", *spot, suggestion=way)
            return None
        name = found["name"] or found["known"]
        if name not in parts:
            if key != TEXT:  # in the text, the missing nonterminal has been reported
                hint = did_you_mean(name, parts) or "its text names none"
                self.say(f"the alternative has no part {name!r}", *spot, suggestion=hint)
            return None
        return Ref(list(parts).index(name), found["column"] or key)


def _names(found: list[re.Match[str]]) -> list[str]:
    return [match["name"] for match in found]
