"""The language of conditions: ``where`` over the columns of a table, rules over the levels of factors.

A condition is a Python expression cut down to comparisons (``== != < <= > >= in not in``), ``and``,
``or``, ``not``, names, ``name.attribute`` and literals. It is parsed by ``ast``, never executed, and
compiled to lookups over the few values that exist, so that a million rows cost a few array reads.

How values compare: with a number, as numbers (an empty cell is never equal to, below or above
anything); with true or false, as ``true`` and ``false``; otherwise as text by code point. ``<`` and its
kin between two columns compare numbers where both columns hold only numbers. A missing text is ``""``.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.draws import Ints
from fairloom.problems import did_you_mean

Bools = npt.NDArray[np.bool_]
Test = Callable[[Mapping[str, Ints]], Bools]
Resolve = Callable[[str, str | None], tuple[str, pa.Array]]
"""Finds ``name`` or ``name.attribute``: the source whose index picks a value, and the values.
Raises ``UnknownNameError`` with what is wrong."""

MAX_LENGTH = 2_000

_COMPARE: dict[type[ast.cmpop], Any] = {
    ast.Eq: np.equal,
    ast.NotEq: np.not_equal,
    ast.Lt: np.less,
    ast.LtE: np.less_equal,
    ast.Gt: np.greater,
    ast.GtE: np.greater_equal,
}
_ASSIGNED = re.compile(r"(?<![=!<>])=(?!=)")
_SIGNS = "== != < <= > >= in, not in"


class UnknownNameError(Exception):
    """A name that the condition may not use; the message says why and what would do."""


@attrs.frozen
class Fault:
    """One thing wrong in a condition; ``column`` counts from 1."""

    message: str
    column: int


class ExpressionError(Exception):
    """A condition that cannot be used, with every fault found in it."""

    def __init__(self, text: str, faults: list[Fault]) -> None:
        """Keep the faults in order of place."""
        self.faults = tuple(sorted(faults, key=lambda fault: fault.column))
        super().__init__("; ".join(f"{fault.message} (at {fault.column} of {text!r})" for fault in self.faults))


@attrs.frozen
class Condition:
    """A compiled condition. ``sources`` are the tables or factors it reads, in order of appearance."""

    text: str
    sources: tuple[str, ...]
    test: Test

    def __call__(self, indices: Mapping[str, Ints]) -> Bools:
        """Where it holds; ``indices`` gives equally long row numbers by source."""
        return self.test(indices)


@attrs.frozen
class _Term:
    """One side of a comparison: a column with its source, or a literal."""

    source: str | None
    value: Any
    column: int
    name: str = ""


def compile_condition(text: str, resolve: Resolve) -> Condition:
    """Compile ``text``.

    Raises:
        ExpressionError: with every fault, each with its column.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(text[:40] + "...", [Fault(f"longer than {MAX_LENGTH} characters", 1)])
    compiler = _Compiler(resolve)
    test = compiler.boolean(_parse(text))
    if compiler.faults:
        raise ExpressionError(text, compiler.faults)
    return Condition(text, tuple(compiler.sources), test)


def _parse(text: str) -> ast.expr:
    stripped = text.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's advice about code says nothing about a recipe
            return ast.parse(stripped, mode="eval").body
    except SyntaxError as error:
        hint = "; to compare write ==" if _ASSIGNED.search(stripped) else ""
        fault = Fault(f"not a condition: {error.msg}{hint}", error.offset or 1)
    except (ValueError, RecursionError, MemoryError):
        fault = Fault("not a condition: nested too deeply or with a null character", 1)
    raise ExpressionError(text, [fault])


class _Compiler:
    """Turns the syntax tree into one function, and collects every fault on the way."""

    def __init__(self, resolve: Resolve) -> None:
        self.resolve = resolve
        self.faults: list[Fault] = []
        self.sources: dict[str, None] = {}

    def fault(self, message: str, node: ast.expr) -> None:
        self.faults.append(Fault(message, node.col_offset + 1))

    def boolean(self, node: ast.expr) -> Test:
        if isinstance(node, ast.BoolOp):
            return self._joined(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = self.boolean(node.operand)
            return lambda at: ~inner(at)
        if isinstance(node, ast.Compare):
            return self._compared(node)
        self.fault(f"{ast.unparse(node)!r} is no comparison; use {_SIGNS}, joined by and, or, not", node)
        return _never

    def _joined(self, node: ast.BoolOp) -> Test:
        parts = [self.boolean(value) for value in node.values]
        join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or

        def test(at: Mapping[str, Ints]) -> Bools:
            result = parts[0](at)
            for part in parts[1:]:
                result = join(result, part(at))
            return result

        return test

    def _compared(self, node: ast.Compare) -> Test:
        sides = [node.left, *node.comparators]
        tests = [
            self._pair(left, sign, right) for left, sign, right in zip(sides[:-1], node.ops, sides[1:], strict=True)
        ]
        if len(tests) == 1:
            return tests[0]
        return lambda at: np.logical_and.reduce([test(at) for test in tests])

    def _pair(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Test:
        if isinstance(sign, ast.In | ast.NotIn):
            return self._member(left, right, negate=isinstance(sign, ast.NotIn))
        compare = _COMPARE.get(type(sign))
        if compare is None:
            self.fault(f"only the signs {_SIGNS} can be used", left)
            return _never
        one, two = self._term(left), self._term(right)
        if one is None or two is None:
            return _never
        if one.source is None and two.source is None:
            self.fault("compares two constants; name a column or a factor", left)
            return _never
        return self._comparison(one, two, compare)

    def _member(self, left: ast.expr, right: ast.expr, *, negate: bool) -> Test:
        if not isinstance(right, ast.List | ast.Tuple | ast.Set) or not right.elts:
            self.fault('the right side of "in" must be a list of constants, such as ["a", "b"]', right)
            return _never
        item = self._term(left)
        options = [self._term(option) for option in right.elts]
        if item is None or item.source is None or any(option is None or option.source for option in options):
            if item is not None:
                self.fault('"in" asks whether a column or factor is in a list of constants', left)
            return _never
        tests = [self._comparison(item, option, np.equal) for option in options if option is not None]

        def test(at: Mapping[str, Ints]) -> Bools:
            found: Bools = np.logical_or.reduce([one(at) for one in tests])
            return ~found if negate else found

        return test

    def _term(self, node: ast.expr) -> _Term | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str | int | float | bool):
            return _Term(None, node.value, node.col_offset + 1)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            value = node.operand.value
            if isinstance(value, int | float) and not isinstance(value, bool):
                return _Term(None, -value, node.col_offset + 1)
        if isinstance(node, ast.Name):
            return self._named(node, node.id, None)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            return self._named(node, node.value.id, node.attr)
        self.fault(f"{ast.unparse(node)!r} cannot be used here; use names, name.attribute, text and numbers", node)
        return None

    def _named(self, node: ast.expr, name: str, attribute: str | None) -> _Term | None:
        try:
            source, values = self.resolve(name, attribute)
        except UnknownNameError as unknown:
            self.fault(str(unknown), node)
            return None
        written = f"{name}.{attribute}" if attribute else name
        if pa.types.is_nested(values.type):
            self.fault(f"{written!r} holds lists or tables, which cannot be compared", node)
            return None
        self.sources[source] = None
        return _Term(source, values, node.col_offset + 1, written)

    def _comparison(self, one: _Term, two: _Term, compare: Any) -> Test:
        if compare in {np.equal, np.not_equal}:
            self._check_spelling(one, two)
            self._check_spelling(two, one)
        try:
            left, right = _comparable(one, two, ordered=compare not in {np.equal, np.not_equal})
        except ValueError as error:
            self.faults.append(Fault(str(error), min(one.column, two.column)))
            return _never
        pick_left, pick_right = _picker(one.source, left), _picker(two.source, right)
        return lambda at: np.asarray(compare(pick_left(at), pick_right(at)), dtype=np.bool_)

    def _check_spelling(self, column: _Term, literal: _Term) -> None:
        """A text that no value is, so that the comparison is the same for every row, is a slip; ``""`` is not."""
        text = literal.value
        if column.source is None or literal.source is not None or not isinstance(text, str) or not text:
            return
        known = list(dict.fromkeys(_texts(column)))
        if text not in known:
            way = did_you_mean(text, filter(None, known))
            message = f"no value of {column.name!r} is {text!r}" + (f"; {way}" if way else "")
            self.faults.append(Fault(message, literal.column))


def _never(at: Mapping[str, Ints]) -> Bools:  # noqa: ARG001 -- stands in for a part that has a fault
    return np.zeros(0, dtype=np.bool_)


def _picker(source: str | None, values: Any) -> Callable[[Mapping[str, Ints]], Any]:
    if source is None:
        return lambda _at: values[0]
    return lambda at: values[at[source]]


def _comparable(one: _Term, two: _Term, *, ordered: bool) -> tuple[Any, Any]:
    """Both sides as numbers whose order and equality are those of the values."""
    if _is_number(one) or _is_number(two):
        return _numbers(one, strict=True), _numbers(two, strict=True)
    if ordered:
        if _numeric_column(one) != _numeric_column(two) and (one.source is None or two.source is None):
            column, text = (one, two) if one.source else (two, one)
            raise ValueError(f"{column.name!r} holds numbers; compare it with a number, not with {text.value!r}")
        left, right = _numbers(one, strict=False), _numbers(two, strict=False)
        if left is not None and right is not None:
            return left, right
    return _ranks(_texts(one), _texts(two))


def _is_number(term: _Term) -> bool:
    return term.source is None and isinstance(term.value, int | float) and not isinstance(term.value, bool)


def _numeric_column(term: _Term) -> bool:
    return term.source is not None and (pa.types.is_integer(term.value.type) or pa.types.is_floating(term.value.type))


def _numbers(term: _Term, *, strict: bool) -> npt.NDArray[np.float64] | None:
    """The term as floats, NaN where empty. Not castable: an error when ``strict``, else ``None``."""
    if term.source is None:
        if _is_number(term):
            return np.array([term.value], dtype=np.float64)
        if not strict:
            return None
        raise ValueError(f"{term.value!r} is not a number")
    values = term.value
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        values = pc.if_else(pc.equal(pc.utf8_trim_whitespace(values), ""), None, values)
    try:
        return np.asarray(pc.cast(values, pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        if not strict:
            return None
    raise ValueError(f"{term.name!r} is compared with a number but holds {_first_text(values)!r}")


def _first_text(values: pa.Array) -> str:
    for value in values.cast(pa.string()).drop_null().unique().to_pylist():
        try:
            float(value)
        except ValueError:
            return str(value)
    return "something else"


def _texts(term: _Term) -> list[str]:
    if term.source is None:
        value = term.value
        return [str(value).lower() if isinstance(value, bool) else str(value)]
    return [str(text) for text in term.value.cast(pa.string()).fill_null("").to_pylist()]


def _ranks(left: list[str], right: list[str]) -> tuple[Ints, Ints]:
    """Each text as its place in the sorted union of both sides."""
    place = {text: rank for rank, text in enumerate(sorted({*left, *right}))}
    return (
        np.array([place[text] for text in left], dtype=np.int64),
        np.array([place[text] for text in right], dtype=np.int64),
    )
