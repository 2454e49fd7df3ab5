"""Grammars that would never end, say nothing new, or hold what nothing uses: found before anything is counted."""

from __future__ import annotations

from collections.abc import Iterator

from fairloom.problems import Problem, RecipeError
from fairloom_grammar.counting import Counts, natural_height, productive
from fairloom_grammar.grammar import Grammar
from fairloom_grammar.values import Complain


def height_of(grammar: Grammar, max_depth: int | None, complain: Complain) -> int:
    """The height up to which the sentences of a sound grammar are made.

    Raises:
        RecipeError: with everything that is wrong with the grammar, or a missing or too small ``max_depth``.
    """
    problems = list(_problems(grammar, complain))
    if problems:
        raise RecipeError(problems)
    cycle = grammar.cycle()
    if cycle and max_depth is None:
        way = "give max_depth, the greatest height of a derivation (a rule without parts has 1)"
        raise RecipeError.of(f"the rules are recursive without end: {' > '.join(cycle)}", "max_depth", suggestion=way)
    height = max_depth if cycle else min(max_depth or 1 << 30, natural_height(grammar))
    assert height is not None
    if not Counts.of(grammar, height).within[grammar.start][-1]:
        shortest = _shortest(grammar)
        message = f"no sentence ends within {height}; the least depth of one is {shortest}"
        raise RecipeError.of(message, "max_depth", suggestion=f"give {shortest} or more")
    return height


def _problems(grammar: Grammar, complain: Complain) -> Iterator[Problem]:
    ending = productive(grammar)
    for symbol in grammar.rules:
        if symbol not in grammar.reachable:
            way = "remove it, or name it in an alternative"
            yield complain(f"{grammar.start!r} never leads to {symbol!r}", "rules", symbol, suggestion=way)
        elif symbol not in ending:
            way = "add an alternative without it"
            yield complain(f"{symbol!r} never ends: each alternative leads back to it", "rules", symbol, suggestion=way)
    cycle = grammar.cycle(unit=True)
    if cycle:
        way = "the same sentences would come up at every depth; remove one of these alternatives"
        yield complain(f"{cycle[0]!r} may be itself: {' > '.join(cycle)}", "rules", cycle[0], suggestion=way)


def _shortest(grammar: Grammar) -> int:
    """The least height of a sentence: a derivation of least height repeats no nonterminal on a path."""
    counted = Counts.of(grammar, len(grammar.reachable)).within[grammar.start]
    return next(height for height, count in enumerate(counted) if count)
