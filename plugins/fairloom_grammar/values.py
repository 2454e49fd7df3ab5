"""Which values the sentences of each nonterminal need, and how alternatives that say nothing pass them on.

A nonterminal has a value when one of its alternatives gives it or has a part with it. An alternative that does
not say how the value is composed takes that of its only part that has it; without such a part, or with several,
it has to say. Only what is asked for counts: the values of the start, and whatever their patterns name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import attrs

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_grammar.grammar import TEXT, Alternative, Grammar, Pattern, Ref

Carried = Mapping[str, Sequence[str]]
Complain = Callable[..., Problem]
"""``complain(message, *key, suggestion=...)``: a problem at a key, with its place if there is a file."""


def composed(grammar: Grammar, values: Sequence[str] | None, complain: Complain) -> Grammar:
    """The grammar with a pattern for every column that is asked for.

    Args:
        grammar: As written.
        values: The values of the start; all that it can have if ``None``.
        complain: Makes a problem at a key.

    Raises:
        RecipeError: with every alternative that leaves a value open, and every value that nothing asks for.
    """
    asking = _Asking(grammar, _carried(grammar), complain)
    problems = list(asking.unknown(values or ()))
    if not problems:
        asked = asking.asked((TEXT, *(asking.carried[grammar.start] if values is None else values)))
        problems = list(asking.idle(asked)) + asking.problems
    if problems:
        raise RecipeError(problems)
    rules = {
        symbol: tuple(asking.filled(each, asked.get(symbol, {})) for each in found)
        for symbol, found in grammar.rules.items()
    }
    return Grammar(grammar.start, rules, {symbol: tuple(columns) for symbol, columns in asked.items()})


def _carried(grammar: Grammar) -> Carried:
    """The columns of each nonterminal: the smallest sets that hold what is given and what is passed on."""
    given = {
        symbol: dict.fromkeys(column for each in found for column in each.columns)
        for symbol, found in grammar.rules.items()
    }
    size = 0
    while size != (size := sum(map(len, given.values()))):
        for each in grammar.alternatives():
            for part in each.parts:
                given[each.symbol] |= given[part]
    return {symbol: [column for column in found if column != TEXT] for symbol, found in given.items()}


@attrs.define
class _Asking:
    """Follows what is asked of the start down to the words."""

    grammar: Grammar
    carried: Carried
    complain: Complain
    problems: list[Problem] = attrs.field(factory=list)

    def unknown(self, values: Sequence[str]) -> Iterator[Problem]:
        """Values asked of the start that it cannot have, and places for values that parts cannot have."""
        for number, value in enumerate(values):
            if value not in self.carried[self.grammar.start]:
                hint = did_you_mean(value, self.carried[self.grammar.start])
                yield self.complain(f"no alternative gives {value!r}", "compose", number, suggestion=hint)
        for each in self.grammar.alternatives():
            for key, ref in ((key, piece) for key, found in each.columns.items() for piece in found):
                if isinstance(ref, Ref) and ref.column not in {TEXT, *self.carried[each.parts[ref.part]]}:
                    hint = did_you_mean(ref.column, self.carried[each.parts[ref.part]])
                    message = f"{each.names[ref.part]!r} has no {ref.column!r}"
                    yield self.complain(message, *each.where, key, suggestion=hint)

    def asked(self, columns: Sequence[str]) -> dict[str, dict[str, None]]:
        """The columns that each nonterminal needs."""
        found: dict[str, dict[str, None]] = {self.grammar.start: dict.fromkeys(columns)}
        waiting = [(self.grammar.start, column) for column in columns]
        while waiting:
            symbol, column = waiting.pop(0)
            for each in self.grammar.rules[symbol]:
                for ref in (piece for piece in self.pattern(each, column) if isinstance(piece, Ref)):
                    part = each.parts[ref.part]
                    if ref.column not in found.setdefault(part, {}):
                        found[part][ref.column] = None
                        waiting.append((part, ref.column))
        return found

    def pattern(self, alternative: Alternative, column: str) -> Pattern:
        """How an alternative composes a column; a problem is noted where it does not say."""
        if column in alternative.columns:
            return alternative.columns[column]
        givers = [place for place, part in enumerate(alternative.parts) if column in self.carried[part]]
        if len(givers) == 1:
            return (Ref(givers[0], column),)
        if givers:
            names = [alternative.names[place] for place in givers]
            message = f"has {column!r} from {' and '.join(names)}"
            way = f'say how they compose: {column} = "{" ".join(f"{{{{ {name} }}}}" for name in names)}"'
        else:
            message = f"gives no {column!r}, which other alternatives of {alternative.symbol!r} give"
            way = f'add {column} = "..."'
        self.problems.append(self.complain(message, *alternative.where, suggestion=way))
        return ()

    def idle(self, asked: Carried | dict[str, dict[str, None]]) -> Iterator[Problem]:
        """Values that are given and never used: most are misspelt."""
        for symbol in self.grammar.reachable:
            for each in self.grammar.rules[symbol]:
                for key in (key for key in each.columns if key not in asked.get(symbol, ())):
                    if key == TEXT:
                        continue
                    hint = did_you_mean(key, [*asked.get(symbol, ())]) or "remove it, or name it in compose"
                    yield self.complain(f"nothing asks for {key!r}", *each.where, key, suggestion=hint)

    def filled(self, alternative: Alternative, columns: Mapping[str, None]) -> Alternative:
        """The alternative with the patterns that are needed."""
        return attrs.evolve(alternative, columns={column: self.pattern(alternative, column) for column in columns})
