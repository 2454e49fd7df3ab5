"""A template as a program: literal text, slots, and the logic around them.

Running a program under one combination of the levels its logic reads gives *pieces*: literal text,
slots that are still open (filled for many rows at once later), and values that are already known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import attrs

from fairloom_template.expressions import Expression
from fairloom_template.names import Slot
from fairloom_template.values import LogicError, Scope, Value


@attrs.frozen
class Literal:
    """Text that stands in the template."""

    text: str

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Write it."""
        scope.budget.step()
        scope.budget.spend(self.text)
        pieces.append(self)


@attrs.frozen
class Fill:
    """An open slot."""

    slot: Slot

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Leave it open: the value belongs to the row."""
        scope.budget.step()
        pieces.append(self)


@attrs.frozen
class Filled:
    """A slot whose value the logic has already found; ``None`` is a missing form."""

    text: str | None
    slot: str


@attrs.frozen
class Pick:
    """An open slot whose attribute the logic chooses: ``noun[number]``."""

    by: Slot
    forms: tuple[tuple[str, Slot], ...]

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Leave the chosen form open; where nothing is chosen, the form is missing."""
        scope.budget.step()
        chosen = scope.reads[self.by].text
        form = next((slot for name, slot in self.forms if name == chosen), None)
        pieces.append(Filled(None, f"{self.forms[0][1].factor}[{self.by}]") if form is None else Fill(form))


Piece = Literal | Fill | Filled


class Statement(Protocol):
    """Something that writes pieces."""

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Write under this scope."""


Block = tuple[Statement, ...]


def run_block(block: Iterable[Statement], scope: Scope, pieces: list[Piece]) -> None:
    """Run statements in order."""
    for statement in block:
        statement.run(scope, pieces)


@attrs.frozen
class Show:
    """``{{ expression }}`` where the value must be worked out."""

    expression: Expression

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Write the value: a slot if it came from one, literal text otherwise."""
        scope.budget.step()
        value = self.expression.evaluate(scope)
        if isinstance(value.data, tuple):
            raise LogicError(f"{value.origin or 'a list'} is a list and cannot be written; go through it with `for`")
        scope.budget.spend(value.text or "")
        if value.origin is None and value.text is not None:
            pieces.append(Literal(value.text))
        else:
            pieces.append(Filled(value.text, value.origin or "none"))


@attrs.frozen
class Assign:
    """``{% set name = expression %}``."""

    name: str
    expression: Expression

    def run(self, scope: Scope, pieces: list[Piece]) -> None:  # noqa: ARG002 # one signature for all statements
        """Set the variable."""
        scope.budget.step()
        scope.variables[self.name] = self.expression.evaluate(scope)


@attrs.frozen
class If:
    """``{% if %}`` with its ``elif`` branches, and what is written when none holds."""

    branches: tuple[tuple[Expression, Block], ...]
    otherwise: Block = ()

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Run the first branch that holds."""
        scope.budget.step()
        for test, block in self.branches:
            if test.evaluate(scope).data:
                run_block(block, scope, pieces)
                return
        run_block(self.otherwise, scope, pieces)


LOOP = ("index", "index0", "first", "last", "length")
"""What ``loop.`` knows inside ``for``."""


@attrs.frozen
class For:
    """``{% for name in items if test %}``, and what is written when there is nothing to go through."""

    name: str
    items: Expression
    test: Expression | None
    body: Block
    otherwise: Block = ()

    def run(self, scope: Scope, pieces: list[Piece]) -> None:
        """Run the body once per item; a missing list has no items."""
        scope.budget.step()
        items = self._chosen(scope)
        for place, item in enumerate(items):
            run_block(self.body, scope.inner({self.name: item, **_loop(place, len(items))}), pieces)
        if not items:
            run_block(self.otherwise, scope, pieces)

    def _chosen(self, scope: Scope) -> list[Value]:
        value = self.items.evaluate(scope)
        items = () if value.data is None else value.items()
        if self.test is None:
            return list(items)
        return [item for item in items if self.test.evaluate(scope.inner({self.name: item})).data]


def _loop(place: int, length: int) -> dict[str, Value]:
    """The ``loop.`` variables of one turn, under names no template can write."""
    known = (place + 1, place, place == 0, place == length - 1, length)
    return {f"loop.{name}": Value.constant(data) for name, data in zip(LOOP, known, strict=True)}


@attrs.frozen(eq=False)
class Program:
    """One compiled template.

    ``title`` names it in messages; ``fills`` are its open slots, ``reads`` those its logic depends on
    (without filters), ``factors`` everything it uses.
    """

    title: str
    block: Block
    fills: tuple[Slot, ...] = ()
    reads: tuple[Slot, ...] = ()
    factors: frozenset[str] = frozenset()

    @property
    def simple(self) -> bool:
        """Whether it is nothing but literals and open slots."""
        return all(isinstance(statement, (Literal, Fill)) for statement in self.block)

    def pieces(self, scope: Scope) -> list[Piece]:
        """What the template writes under this scope.

        Raises:
            LogicError: the logic fails or spends more than its budget.
        """
        pieces: list[Piece] = []
        run_block(self.block, scope, pieces)
        return pieces
