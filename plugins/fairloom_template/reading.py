"""Reading a template: Jinja's own parser, then an allow-list of nodes into a program of ours.

Nothing of Jinja runs a template. What is not listed here cannot be said, so there is nothing to escape
from and nothing to exhaust: no calls, no arithmetic, no attribute chains, no macros, no includes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import attrs
from jinja2 import nodes

from fairloom.problems import Problem, did_you_mean
from fairloom_template.expressions import (
    TESTS,
    Choice,
    Compare,
    Comparison,
    Constant,
    Expression,
    Filtered,
    Is,
    Items,
    Joined,
    Logic,
    Not,
    Read,
    Variable,
)
from fairloom_template.filters import Call, as_text
from fairloom_template.names import Names, Slot, texts
from fairloom_template.program import LOOP, Assign, Block, Fill, For, If, Literal, Pick, Program, Show, Statement
from fairloom_template.syntax import (
    MAX_DEPTH,
    RefusedError,
    Source,
    argument_of,
    attribute_of,
    check_filter,
    has_named_arguments,
    not_allowed,
    parsed,
    plain_value,
    unknown,
)
from fairloom_template.values import Value

MOST_FORM = 200
"""The longest name of a form, in characters."""


def read_template(source: Source, names: Names, bound: int) -> tuple[Program | None, list[Problem]]:
    """The program of a template, or everything that is wrong with it.

    ``bound`` is the longest template accepted, in characters.
    """
    try:
        tree = parsed(source.text, bound)
    except RefusedError as refused:
        return None, [_problem(source, refused)]
    reader = _Reader(names)
    block = reader.block(tree.body)
    if reader.refused:
        return None, [_problem(source, refused) for refused in reader.refused]
    return Program(source.title, block, tuple(reader.fills), tuple(reader.reads), frozenset(reader.factors)), []


def unfiltered(node: nodes.Node) -> tuple[nodes.Node | None, tuple[Call, ...]]:
    """What a chain of filters stands on, and the chain; ``None`` where an argument is worked out per row."""
    calls: list[Call] = []
    while isinstance(node, nodes.Filter) and node.node is not None:
        check_filter(node)
        if not all(isinstance(argument, nodes.Const) for argument in node.args):
            return None, ()
        calls.append(Call(node.name, tuple(argument_of(argument) for argument in node.args)))
        node = node.node
    return node, tuple(reversed(calls))


def merged(block: Iterable[Statement]) -> Block:
    """Neighbouring literals as one, empty ones gone."""
    result: list[Statement] = []
    for statement in block:
        if isinstance(statement, Literal) and result and isinstance(result[-1], Literal):
            result[-1] = Literal(result[-1].text + statement.text)
        elif not (isinstance(statement, Literal) and not statement.text):
            result.append(statement)
    return tuple(result)


def _problem(source: Source, refused: RefusedError) -> Problem:
    return Problem(
        f"{source.title}, line {refused.line}: {refused.message}", path=source.path, suggestion=refused.suggestion
    )


class _Reader:
    """Turns the nodes of one template into statements and expressions, noting all that is refused."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.refused: list[RefusedError] = []
        self.fills: dict[Slot, None] = {}
        self.reads: dict[Slot, None] = {}
        self.factors: set[str] = set()
        self.scope: tuple[str, ...] = ()
        self.depth = 0

    # Statements -------------------------------------------------------------------------------

    def block(self, body: Iterable[nodes.Node]) -> Block:
        """A list of nodes as statements."""
        return merged(statement for node in body for statement in self.statements(node))

    def statements(self, node: nodes.Node) -> Sequence[Statement]:
        """One node as statements; a refused one is noted and left out."""
        read = _STATEMENTS.get(type(node))
        try:
            if read is None:
                raise not_allowed(node)
            statements: Sequence[Statement] = self.nested(read, node)
        except RefusedError as refused:
            self.refused.append(refused)
            return ()
        return statements

    def nested(self, read: Callable[..., Any], node: nodes.Node) -> Any:
        """One level deeper."""
        if self.depth >= MAX_DEPTH:
            raise RefusedError(f"nested more than {MAX_DEPTH} deep", node.lineno)
        self.depth += 1
        try:
            return read(self, node)
        finally:
            self.depth -= 1

    def output(self, node: nodes.Output) -> list[Statement]:
        """Text and ``{{ }}``, in order."""
        return [statement for part in node.nodes for statement in self.shown(part)]

    def shown(self, node: nodes.Expr) -> Sequence[Statement]:
        """What one ``{{ }}`` writes; parts that are plain slots stay open."""
        try:
            statements: Sequence[Statement] = self.nested(_Reader.showing, node)
        except RefusedError as refused:
            self.refused.append(refused)
            return ()
        return statements

    def showing(self, node: nodes.Expr) -> Sequence[Statement]:
        """One expression to be written."""
        if isinstance(node, nodes.TemplateData):
            return [Literal(node.data)]
        if isinstance(node, nodes.Const) and node.value is not None:
            return [Literal(as_text(self.constant(node).value.data))]
        if isinstance(node, nodes.Concat):
            return [statement for part in node.nodes for statement in self.shown(part)]
        if isinstance(node, nodes.CondExpr):
            otherwise = self.shown(node.expr2) if node.expr2 is not None else ()
            return [If(((self.expression(node.test), tuple(self.shown(node.expr1))),), tuple(otherwise))]
        return [self.pick(node) or self.filled(node)]

    def filled(self, node: nodes.Expr) -> Statement:
        """A slot that stays open, or a value to be worked out."""
        slot = self.slot(node)
        if slot is None:
            return Show(self.expression(node))
        self.fills[slot] = None
        return Fill(slot)

    def condition(self, node: nodes.If) -> list[Statement]:
        """``{% if %}``: variables set in a branch are known after it, as in Jinja."""
        branches = tuple((self.expression(each.test), self.block(each.body)) for each in (node, *node.elif_))
        return [If(branches, self.block(node.else_))]

    def loop(self, node: nodes.For) -> list[Statement]:
        """``{% for %}``: its name, ``loop.`` and what the body sets are known inside only."""
        if node.recursive:
            raise RefusedError("a recursive `for` is not allowed", node.lineno)
        items, name, outer = self.expression(node.iter), self.new_name(node.target), self.scope
        self.scope = (*outer, name)
        test = self.expression(node.test) if node.test is not None else None
        self.scope = (*outer, name, *(f"loop.{known}" for known in LOOP))
        body = self.block(node.body)
        self.scope = outer
        return [For(name, items, test, body, self.block(node.else_))]

    def assignment(self, node: nodes.Assign) -> list[Statement]:
        """``{% set name = expression %}``."""
        expression, name = self.expression(node.node), self.new_name(node.target)
        self.scope = (*self.scope, name)
        return [Assign(name, expression)]

    def new_name(self, target: nodes.Node) -> str:
        """The name that ``set`` or ``for`` makes."""
        if not isinstance(target, nodes.Name):
            raise RefusedError("`set` and `for` make one plain name each", target.lineno)
        if target.name in self.names.factors or target.name == "loop":
            raise RefusedError(f"{target.name!r} is taken; choose another name", target.lineno)
        return target.name

    # Expressions ------------------------------------------------------------------------------

    def expression(self, node: nodes.Node) -> Expression:
        """One node as an expression."""
        read = _EXPRESSIONS.get(type(node))
        if read is None:
            raise not_allowed(node)
        expression: Expression = self.nested(read, node)
        return expression

    def expressions(self, each: Iterable[nodes.Node]) -> tuple[Expression, ...]:
        """Several nodes."""
        return tuple(self.expression(node) for node in each)

    def slot(self, node: nodes.Node) -> Slot | None:
        """A factor or attribute with filters of constant arguments; ``None`` for anything else."""
        inner, calls = unfiltered(node)
        bare = None if inner is None else self.named(inner)
        return None if bare is None else self.open(attrs.evolve(bare, calls=calls), node)

    def open(self, slot: Slot, node: nodes.Node) -> Slot:
        """The slot, which must be one that can be written."""
        if not self.names.is_text(slot):
            raise RefusedError(f"{slot} is a list or record, not a text; go through a list with `for`", node.lineno)
        return slot

    def pick(self, node: nodes.Node) -> Pick | None:
        """``noun[number]``: the attribute is the value of another slot; ``None`` for anything else."""
        inner, calls = unfiltered(node)
        if not isinstance(inner, nodes.Getitem) or not isinstance(inner.node, nodes.Name):
            return None
        if isinstance(inner.arg, nodes.Const) or inner.node.name in self.scope:
            return None
        by = self.named(inner.arg)
        if by is None:
            raise RefusedError("a form is chosen by an attribute, `noun[number]`, `noun[template.case]`", node.lineno)
        factor = self.factor(inner.node).factor
        slots = [Slot(factor, form, calls) for form in self.forms(factor, by, node)]
        self.reads[by] = None
        self.fills |= dict.fromkeys(self.open(slot, node) for slot in slots)
        return Pick(by, tuple((str(slot.attribute), slot) for slot in slots))

    def forms(self, factor: str, by: Slot, node: nodes.Node) -> list[str]:
        """The attributes that ``by`` can choose, each of which the factor must have."""
        for name in (factor, by.factor):
            if self.names.drawn(name):
                raise RefusedError(f"factor {name!r} draws its values and has no forms", node.lineno)
        known = self.names.attributes(factor)
        chosen = [form for form in texts(self.names.column(by), (), MOST_FORM).unique().to_pylist() if form is not None]
        for form in chosen:
            if form not in known:
                message = f"{by} asks for the form {form!r}, which factor {factor!r} does not have"
                raise RefusedError(
                    f"{message}; its columns: {', '.join(known)}", node.lineno, did_you_mean(form, known)
                )
        if not chosen:
            raise RefusedError(f"{by} names no form at all", node.lineno)
        return chosen

    def named(self, node: nodes.Node) -> Slot | None:
        """``person`` or ``person.given`` (also ``person["given"]``); ``None`` for anything else."""
        if isinstance(node, nodes.Name) and node.name not in self.scope:
            return self.factor(node)
        attribute = attribute_of(node)
        if attribute is None or attribute[0].name in self.scope or self.is_loop(attribute[0]):
            return None
        factor = self.factor(attribute[0])
        known = self.names.attributes(factor.factor)
        if attribute[1] not in known:
            raise unknown(f"factor {factor.factor!r} has no attribute {attribute[1]!r}", attribute[1], known, node)
        return Slot(factor.factor, attribute[1])

    def factor(self, node: nodes.Name) -> Slot:
        """A factor by its name."""
        known = (*self.names.factors, *(name for name in self.scope if "." not in name))
        if node.name not in self.names.factors:
            raise unknown(f"there is no factor {node.name!r}", node.name, known, node)
        self.factors.add(node.name)
        return Slot(node.name)

    def is_loop(self, node: nodes.Name) -> bool:
        """Whether a name is the ``loop`` of a surrounding ``for``."""
        return node.name == "loop" and "loop.index" in self.scope

    def name(self, node: nodes.Node) -> Expression:
        """A variable, a property of the loop, or a slot that the logic reads."""
        if isinstance(node, nodes.Name) and node.name in self.scope:
            return Variable(node.name)
        slot = self.named(node)
        if slot is None:
            return self.property(node)
        self.reads[slot] = None
        return Read(slot)

    def property(self, node: nodes.Node) -> Expression:
        """``loop.index``; nothing else has properties."""
        attribute = attribute_of(node)
        if attribute is None:
            raise RefusedError("only `factor.attribute` is known, nothing beyond it", node.lineno)
        if not self.is_loop(attribute[0]):
            raise RefusedError(f"{attribute[0].name!r} is not a factor, so it has no attributes", node.lineno)
        if attribute[1] not in LOOP:
            raise unknown(f"`loop` has no {attribute[1]!r}", attribute[1], LOOP, node)
        return Variable(f"loop.{attribute[1]}")

    def constant(self, node: nodes.Const) -> Constant:
        """A text, number, truth value or none."""
        return Constant(Value.constant(plain_value(node)))

    def negative(self, node: nodes.Neg) -> Constant:
        """A negative number."""
        value = plain_value(node.node) if isinstance(node.node, nodes.Const) else None
        if not isinstance(value, (int, float)):
            raise not_allowed(node)
        return Constant(Value.constant(-value))

    def filtered(self, node: nodes.Filter) -> Expression:
        """An expression through a filter."""
        check_filter(node)
        if node.node is None:
            raise not_allowed(node)
        return Filtered(self.expression(node.node), node.name, self.expressions(node.args))

    def choice(self, node: nodes.CondExpr) -> Expression:
        """``a if b else c``; nothing where there is no ``else``."""
        otherwise = self.expression(node.expr2) if node.expr2 is not None else Constant(Value.constant(""))
        return Choice(self.expression(node.test), self.expression(node.expr1), otherwise)

    def comparison(self, node: nodes.Compare) -> Expression:
        """A chain of comparisons."""
        rest = tuple((cast("Comparison", operand.op), self.expression(operand.expr)) for operand in node.ops)
        return Compare(self.expression(node.expr), rest)

    def tested(self, node: nodes.Test) -> Expression:
        """``a is defined``."""
        if node.name not in TESTS:
            raise unknown(f"there is no test {node.name!r}", node.name, TESTS, node)
        if len(node.args) != TESTS[node.name] or has_named_arguments(node):
            raise RefusedError(f"the test {node.name} takes {TESTS[node.name]} arguments", node.lineno)
        argument = self.expression(node.args[0]) if node.args else None
        return Is(self.expression(node.node), node.name, argument)


_STATEMENTS: dict[type[nodes.Node], Callable[..., Any]] = {
    nodes.Output: _Reader.output,
    nodes.If: _Reader.condition,
    nodes.For: _Reader.loop,
    nodes.Assign: _Reader.assignment,
}
_EXPRESSIONS: dict[type[nodes.Node], Callable[..., Any]] = {
    nodes.Name: _Reader.name,
    nodes.Getattr: _Reader.name,
    nodes.Getitem: _Reader.name,
    nodes.Const: _Reader.constant,
    nodes.TemplateData: lambda _, node: Constant(Value.constant(node.data)),
    nodes.Neg: _Reader.negative,
    nodes.List: lambda reader, node: Items(reader.expressions(node.items)),
    nodes.Tuple: lambda reader, node: Items(reader.expressions(node.items)),
    nodes.Concat: lambda reader, node: Joined(reader.expressions(node.nodes)),
    nodes.CondExpr: _Reader.choice,
    nodes.And: lambda reader, node: Logic(
        stop=False, left=reader.expression(node.left), right=reader.expression(node.right)
    ),
    nodes.Or: lambda reader, node: Logic(
        stop=True, left=reader.expression(node.left), right=reader.expression(node.right)
    ),
    nodes.Not: lambda reader, node: Not(reader.expression(node.node)),
    nodes.Compare: _Reader.comparison,
    nodes.Filter: _Reader.filtered,
    nodes.Test: _Reader.tested,
}
