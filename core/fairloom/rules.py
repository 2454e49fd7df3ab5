"""Rules between factors: ``require``, ``forbid`` and ``match`` of a recipe as tests over level arrays.

A rule names factors (their level names) and attributes of factors. It holds for a row that does not use one of
its factors: a condition on a city says nothing about a text without a city.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa

from fairloom.design import Rule
from fairloom.draws import Ints
from fairloom.factors import LABEL, Factor
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.expressions import Bools, Condition, ExpressionError, UnknownNameError, compile_condition

if TYPE_CHECKING:
    from fairloom.reading.factorspec import FactorSpec
    from fairloom.reading.recipespec import DesignSpec


def rules_of(design: DesignSpec, specs: Mapping[str, FactorSpec], factors: Mapping[str, Factor]) -> tuple[Rule, ...]:
    """Every rule of a recipe: ``match`` of its factors, then ``require``, then ``forbid``.

    Raises:
        RecipeError: with every fault in every rule, at its key.
    """
    rules: list[Rule] = []
    problems: list[Problem] = []
    for text, negate, where in _written(design, specs):
        try:
            rules.append(compile_rule(text, factors, negate=negate, where=where))
        except RecipeError as error:
            problems.extend(error.problems)
    if problems:
        raise RecipeError(problems)
    strangers = [
        problem
        for name, spec in specs.items()
        for column, other in spec.match.items()
        if other == LABEL
        for problem in _no_labels(factors, name, column)
    ]
    if strangers:
        raise RecipeError(strangers)
    return tuple(rules)


def _no_labels(factors: Mapping[str, Factor], name: str, column: str) -> Iterator[Problem]:
    """Levels tied to a label that the task does not have: no row would ever use them. An empty cell is on purpose."""
    labels = factors[LABEL].names
    found = factors[name].column(column).cast(pa.string()).to_pylist()
    for value in dict.fromkeys(value for value in found if value and value not in labels):
        level = factors[name].names[found.index(value)]
        message = f"level {level!r} has {column} = {value!r}, which is no label of the task"
        hint = did_you_mean(value, labels) or "leave it out with where"
        yield Problem(message, path=("factors", name, "match", column), suggestion=hint)


def _written(design: DesignSpec, specs: Mapping[str, FactorSpec]) -> list[tuple[str, bool, tuple[str | int, ...]]]:
    """The text of each rule, whether it forbids, and its key path."""
    matches = [
        (f"{name}.{column} == {other}", False, ("factors", name, "match", column))
        for name, spec in specs.items()
        for column, other in spec.match.items()
    ]
    required = [(text, False, ("design", "require", place)) for place, text in enumerate(design.require)]
    forbidden = [(text, True, ("design", "forbid", place)) for place, text in enumerate(design.forbid)]
    return [*matches, *required, *forbidden]


def compile_rule(
    text: str,
    factors: Mapping[str, Factor],
    *,
    negate: bool = False,
    where: tuple[str | int, ...] = (),
) -> Rule:
    """The rule that ``text`` says; with ``negate``, rows for which it is true are forbidden.

    Raises:
        RecipeError: with every fault, at the key path ``where``.
    """

    def resolve(name: str, attribute: str | None) -> tuple[str, pa.Array]:
        return name, _values(factors, name, attribute)

    try:
        condition = compile_condition(text, resolve)
    except ExpressionError as error:
        raise RecipeError(
            [
                Problem(f"{fault.message} (at character {fault.column} of {text!r})", path=where)
                for fault in error.faults
            ]
        ) from error
    said = f"not ({text})" if negate else text
    return Rule(said, condition.sources, _Holds(condition, negate), where)


@attrs.frozen
class _Holds:
    """Where a rule holds, given the levels of its factors; a level below 0 is not used."""

    condition: Condition
    negate: bool

    def __call__(self, levels: Mapping[str, Ints]) -> Bools:
        mine = {name: np.asarray(levels[name]) for name in self.condition.sources}
        unused = np.logical_or.reduce([level < 0 for level in mine.values()])
        return np.asarray((self.condition(mine) != self.negate) | unused, dtype=np.bool_)


def _values(factors: Mapping[str, Factor], name: str, attribute: str | None) -> pa.Array:
    factor = factors.get(name)
    if factor is None:
        hint = did_you_mean(name, factors)
        quoted = f"; text is written in quotes: {name!r}" if attribute is None else ""
        raise UnknownNameError(f"no factor {name!r}" + (f"; {hint}" if hint else "") + quoted)
    if factor.size == 0:
        raise UnknownNameError(f"factor {name!r} draws its values, so no rule can name it")
    if attribute is None:
        return pa.array(factor.names, pa.string())
    if attribute not in factor.attributes:
        hint = did_you_mean(attribute, factor.attributes)
        raise UnknownNameError(f"factor {name!r} has no column {attribute!r}" + (f"; {hint}" if hint else ""))
    return factor.column(attribute)
