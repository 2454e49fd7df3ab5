"""Expressions in the logic of a template: a closed set, each bounded, none of which can call anything."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Literal, Protocol

import attrs

from fairloom_template.filters import Argument, Call, TooLongError, applied
from fairloom_template.names import Slot
from fairloom_template.values import MISSING, LogicError, Scope, Value

SEARCHED_PER_STEP = 16
"""How many items `in` looks through for the price of one step."""


class Expression(Protocol):
    """Something with a value."""

    def evaluate(self, scope: Scope) -> Value:
        """The value under this scope."""


@attrs.frozen
class Constant:
    """A text, number, truth value or ``none``."""

    value: Value

    def evaluate(self, scope: Scope) -> Value:
        """The constant."""
        scope.budget.step()
        return self.value


@attrs.frozen
class Read:
    """An attribute of a factor's level."""

    slot: Slot

    def evaluate(self, scope: Scope) -> Value:
        """The value for the levels at hand."""
        scope.budget.step()
        return scope.reads[self.slot]


@attrs.frozen
class Variable:
    """A name made by ``set`` or ``for``; missing where no branch has set it."""

    name: str

    def evaluate(self, scope: Scope) -> Value:
        """The variable's value."""
        scope.budget.step()
        return scope.variables.get(self.name, MISSING)


@attrs.frozen
class Items:
    """A list written in the template."""

    items: tuple[Expression, ...]

    def evaluate(self, scope: Scope) -> Value:
        """The list of values."""
        scope.budget.step()
        return Value(tuple(item.evaluate(scope) for item in self.items), None)


@attrs.frozen
class Filtered:
    """An expression through one filter."""

    expression: Expression
    name: str
    arguments: tuple[Expression, ...]

    def evaluate(self, scope: Scope) -> Value:
        """The filtered text."""
        scope.budget.step()
        value = self.expression.evaluate(scope)
        call = Call(self.name, tuple(_argument(item.evaluate(scope), self.name) for item in self.arguments))
        try:
            text = applied(_text(value), call, max(scope.budget.characters, 0))
        except TooLongError:
            raise LogicError(f"makes a text of more than {scope.budget.bound:,} characters by {self.name}") from None
        scope.budget.spend(text or "")
        return value.renamed(text)


@attrs.frozen
class Joined:
    """``a ~ b``: texts one after the other; missing as soon as one is."""

    parts: tuple[Expression, ...]

    def evaluate(self, scope: Scope) -> Value:
        """The whole text, named after all its slots."""
        scope.budget.step()
        values = [part.evaluate(scope) for part in self.parts]
        origin = " ~ ".join(value.origin for value in values if value.origin) or None
        written = [text for value in values if (text := _text(value)) is not None]
        if len(written) < len(values):
            return Value(None, None, origin)
        for text in written:
            scope.budget.spend(text)
        joined = "".join(written)
        return Value(joined, joined, origin)


@attrs.frozen
class Choice:
    """``a if test else b``."""

    test: Expression
    then: Expression
    otherwise: Expression

    def evaluate(self, scope: Scope) -> Value:
        """The chosen side."""
        scope.budget.step()
        return (self.then if self.test.evaluate(scope).data else self.otherwise).evaluate(scope)


@attrs.frozen
class Logic:
    """``and``, ``or``: the operand that decides, as in Python."""

    stop: bool
    left: Expression
    right: Expression

    def evaluate(self, scope: Scope) -> Value:
        """The left side where it decides, else the right one."""
        scope.budget.step()
        left = self.left.evaluate(scope)
        return left if bool(left.data) is self.stop else self.right.evaluate(scope)


@attrs.frozen
class Not:
    """``not a``."""

    operand: Expression

    def evaluate(self, scope: Scope) -> Value:
        """The opposite truth value."""
        scope.budget.step()
        return Value.constant(not self.operand.evaluate(scope).data)


Comparison = Literal["eq", "ne", "gt", "gteq", "lt", "lteq", "in", "notin"]


@attrs.frozen
class Compare:
    """``a < b <= c``, ``a in b``: every neighbouring pair must hold."""

    first: Expression
    rest: tuple[tuple[Comparison, Expression], ...]

    def evaluate(self, scope: Scope) -> Value:
        """Whether all comparisons hold."""
        scope.budget.step()
        left = self.first.evaluate(scope)
        for name, expression in self.rest:
            right = expression.evaluate(scope)
            if isinstance(right.data, tuple):
                scope.budget.step(len(right.data) // SEARCHED_PER_STEP)
            if not COMPARISONS[name](left, right):
                return Value.constant(data=False)
            left = right
        return Value.constant(data=True)


@attrs.frozen
class Is:
    """``a is defined``, ``a is none``, ``a is equalto b``."""

    expression: Expression
    test: str
    argument: Expression | None = None

    def evaluate(self, scope: Scope) -> Value:
        """Whether the test holds."""
        scope.budget.step()
        value = self.expression.evaluate(scope)
        if self.argument is not None:
            return Value.constant(_equal(value, self.argument.evaluate(scope)))
        return Value.constant((value.data is None) is (self.test != "defined"))


def _text(value: Value) -> str | None:
    if isinstance(value.data, tuple):
        raise LogicError(
            f"{value.origin or 'a list'} is a list and cannot be written as text; go through it with `for`"
        )
    return value.text


def _argument(value: Value, name: str) -> Argument:
    if value.data is None:
        raise LogicError(f"an argument of {name} is missing: {value.described()}")
    return value.data if isinstance(value.data, bool) else _text(value) or ""


def _equal(left: Value, right: Value) -> bool:
    """Equality that does not let ``"3" == 3`` pass as a quiet no."""
    if isinstance(left.data, tuple) or isinstance(right.data, tuple):
        raise LogicError("lists cannot be compared, only searched with `in`")
    if None not in (left.data, right.data) and isinstance(left.data, str) is not isinstance(right.data, str):
        raise LogicError(f"compares a text with something else: {left.described()} and {right.described()}")
    return bool(left.data == right.data)


def _contains(left: Value, right: Value) -> bool:
    if isinstance(right.data, str) and isinstance(left.data, str):
        return left.data in right.data
    return any(_equal(left, item) for item in right.items())


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Value, Value], bool]:
    def holds(left: Value, right: Value) -> bool:
        try:
            return bool(compare(left.data, right.data))
        except TypeError:
            raise LogicError(f"cannot order {left.described()} and {right.described()}") from None

    return holds


COMPARISONS: dict[Comparison, Callable[[Value, Value], bool]] = {
    "eq": _equal,
    "ne": lambda left, right: not _equal(left, right),
    "gt": _ordered(operator.gt),
    "gteq": _ordered(operator.ge),
    "lt": _ordered(operator.lt),
    "lteq": _ordered(operator.le),
    "in": _contains,
    "notin": lambda left, right: not _contains(left, right),
}
TESTS = {"defined": 0, "undefined": 0, "none": 0, "equalto": 1, "eq": 1}
"""The tests after ``is``, with the number of their arguments."""
