"""The table of levels of a factor: from a file, a component or the recipe to the rows that the query keeps."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.expressions import ExpressionError, UnknownNameError, compile_condition
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.inputs import file_digest
from fairloom.tables import read_table, renamed, table_of

MOST_PERMUTED = 5
"""Options of which every order is a level: five have 120."""
_PLACEHOLDER = re.compile("<([^<>]+)>")


def order_table(options: Sequence[str], *, cyclic: bool = False) -> pa.Table:
    """The orders of some options as a value table: ``name`` (``a-b-c``), and per option its place from 0.

    All orders stand in lexicographic order of the options as given; with ``cyclic``, only those that begin at each
    option in turn, which put every option in every place once.

    Raises:
        RecipeError: for one option, for an option called ``name``, for too many orders.
    """
    if len(options) < 2:
        raise RecipeError.of(f"an order takes two or more options, got {len(options)}")
    if "name" in options:
        raise RecipeError.of("no option can be called 'name', which is the column that names the orders")
    if len(options) > MOST_PERMUTED and not cyclic:
        way = 'orders = "cyclic" takes one order per option, in which every option has every place once'
        message = (
            f"{len(options)} options have {math.factorial(len(options)):,} orders; at most {MOST_PERMUTED} options"
        )
        raise RecipeError.of(message, suggestion=way)
    size = len(options)
    turned = [tuple(range(start, size)) + tuple(range(start)) for start in range(size)]
    orders = turned if cyclic else list(itertools.permutations(range(size)))
    names = ["-".join(options[option] for option in order) for order in orders]
    places = {option: [order.index(number) for order in orders] for number, option in enumerate(options)}
    return pa.table({"name": pa.array(names, pa.string()), **{k: pa.array(v, pa.int32()) for k, v in places.items()}})


@attrs.define
class Reading:
    """The way from a specification to a table, with the problems met."""

    path: tuple[str, ...]
    spec: FactorSpec
    problems: list[Problem] = attrs.field(factory=list)

    def problem(self, message: str, *key: str | int, suggestion: str | None = None) -> None:
        """Note a problem at a key of the factor."""
        self.problems.append(Problem(message, path=(*self.path, *key), suggestion=suggestion))

    def table(self, open_path: Callable[[str], Path], given: pa.Table | None) -> pa.Table:
        """The values as they stand, columns renamed. Nothing else can be checked without them."""
        try:
            if given is not None:
                return renamed(given, self.spec.columns, f"the table {self.spec.table}")
            if self.spec.permute is not None:
                return order_table(self.spec.permute, cyclic=self.spec.orders == "cyclic")
            if self.spec.from_ is None:
                return renamed(self._inline(), self.spec.columns, "the table of values")
            path = open_path(self.spec.from_)
            self._check_digest(path)
            return read_table(path, self.spec.columns, self.spec.nest)
        except RecipeError as error:
            sources = {"table": self.spec.table, "permute": self.spec.permute, "from": self.spec.from_}
            key = next((key for key, value in sources.items() if value is not None), "values")
            raise RecipeError([_placed(problem, (*self.path, key)) for problem in error.problems]) from error

    def _inline(self) -> pa.Table:
        values = self.spec.values or ()
        records = [isinstance(value, Mapping) for value in values]
        if any(records) and not all(records):
            raise RecipeError([Problem("mixes plain values and tables; write every level in one form")])
        rows = values if all(records) else [{"value": value} for value in values]
        return table_of(rows, "the table of values")

    def _check_digest(self, path: Path) -> None:
        if self.spec.digest is None or not path.is_file():
            return
        found = file_digest(path)
        wanted = self.spec.digest.lower()
        if found not in {wanted, f"sha256:{wanted}"}:
            way = "the file has changed: check it, then write its new digest"
            self.problem(f"{self.spec.from_} has the digest {found}", "digest", suggestion=way)

    def indexed(self, table: pa.Table) -> pa.Table:
        """With the place of each row, if ``index`` asks for it."""
        name = self.spec.index
        if name is None:
            return table
        if name in table.column_names:
            self.problem(f"the table has a column {name!r} already", "index", suggestion="choose another name")
            return table
        return table.append_column(name, pa.array(range(table.num_rows), pa.int64()))

    def derived(self, table: pa.Table) -> pa.Table:
        """With the columns of ``derive``."""
        for name, text in self.spec.derive.items():
            if name in table.column_names:
                way = "choose another name"
                self.problem(f"the table has a column {name!r} already", "derive", name, suggestion=way)
                continue
            parts = _PLACEHOLDER.split(text)
            if all(self.known(column, table, "derive", name) for column in parts[1::2]):
                table = table.append_column(name, _filled(table, parts))
        return table

    def parted(self, table: pa.Table) -> pa.Table:
        """With one row for each value of the lists in ``split``."""
        for column, between in self.spec.split.items():
            if self.known(column, table, "split"):
                table = self._parted(table, column, between)
        return table

    def _parted(self, table: pa.Table, column: str, between: str) -> pa.Table:
        """One row for each value of a list; what surrounds the values is trimmed, and an empty one is none."""
        if not between:
            self.problem("nothing stands between the values", "split", column, suggestion='write a text, such as ", "')
            return table
        lists = pc.split_pattern(table.column(column).cast(pa.string()), between).combine_chunks()
        values = pc.utf8_trim_whitespace(lists.flatten())
        table = table.take(pc.list_parent_indices(lists))
        table = table.set_column(table.column_names.index(column), column, values)
        return table.filter(pc.not_equal(values, ""))

    def rewritten(self, table: pa.Table) -> pa.Table:
        """With the replacements of ``rewrite``, in order."""
        for number, rule in enumerate(self.spec.rewrite):
            if self.known(rule[0], table, "rewrite", number):
                table = self._replaced(table, number, *rule)
        return table

    def _replaced(self, table: pa.Table, number: int, column: str, pattern: str, replacement: str) -> pa.Table:
        place = table.column_names.index(column)
        try:
            texts = table.column(column).cast(pa.string())
            done = pc.replace_substring_regex(texts, pattern=pattern, replacement=replacement)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            self.problem(str(error).splitlines()[0], "rewrite", number)
            return table
        return table.set_column(place, column, done)

    def queried(self, table: pa.Table) -> pa.Table:
        """The rows that ``where`` keeps."""
        if self.spec.where is None:
            return table

        def resolve(column: str, attribute: str | None) -> tuple[str, pa.Array]:
            if attribute is not None:
                raise UnknownNameError(f"a query names columns of one table, not {column}.{attribute}")
            if column not in table.column_names:
                hint = did_you_mean(column, table.column_names)
                raise UnknownNameError(f"no column {column!r}" + (f"; {hint}" if hint else ""))
            return "table", table.column(column).combine_chunks()

        try:
            condition = compile_condition(self.spec.where, resolve)
        except ExpressionError as error:
            for fault in error.faults:
                self.problem(f"{fault.message} (at character {fault.column})", "where")
            return table
        kept = table.filter(pa.array(condition({"table": np.arange(table.num_rows)})))
        if kept.num_rows == 0:
            self.problem(f"no row of {table.num_rows} satisfies {self.spec.where!r}", "where")
        return kept

    def names(self, table: pa.Table) -> tuple[str, ...]:
        """The unique names of the levels."""
        key = self.spec.key
        if key is not None and not self.known(key, table, "key"):
            return ()
        column = table.column(key or table.column_names[0])
        if pa.types.is_nested(column.type):
            names: list[str | None] = []
        else:
            names = column.cast(pa.string()).to_pylist()
        unique = len(set(names)) == table.num_rows and None not in names and "" not in names
        if not unique and key is not None:
            self.problem(f"column {key!r} does not name every level once{_first_repeated(names)}", "key")
        if unique:
            return tuple(name for name in names if name is not None)
        return tuple(str(row + 1) for row in range(table.num_rows))

    def check_attributes(self, table: pa.Table) -> None:
        """Note attributes that no column has."""
        for key, attributes in (("balance", self.spec.balance), ("keep", self.spec.keep)):
            for number, attribute in enumerate(attributes):
                self.known(attribute, table, key, number)

    def known(self, column: str, table: pa.Table, *key: str | int) -> bool:
        """Whether there is such a column; noted if not."""
        if column in table.column_names:
            return True
        self.problem(f"no column {column!r}", *key, suggestion=did_you_mean(column, table.column_names))
        return False


def _filled(table: pa.Table, parts: list[str]) -> pa.Array:
    """Literals and columns in turn as one text per row; null where a column is."""
    texts = [
        table.column(part).combine_chunks().cast(pa.string()) if place % 2 else pa.scalar(part)
        for place, part in enumerate(parts)
    ]
    filled = pc.binary_join_element_wise(*texts, "")
    return filled if isinstance(filled, pa.Array) else pa.array([filled.as_py()] * table.num_rows, pa.string())


def _first_repeated(names: list[str | None]) -> str:
    seen: set[str | None] = set()
    for name in names:
        if not name or name in seen:
            return f": {name!r} repeats" if name else ": a value is missing"
        seen.add(name)
    return ""


def _placed(problem: Problem, path: tuple[str | int, ...]) -> Problem:
    """A problem of a data file, at the key that names the file: the place in the file joins the message."""
    if problem.file is None:
        return attrs.evolve(problem, path=path)
    spot = problem.file if problem.line is None else f"{problem.file}:{problem.line}"
    return Problem(f"{spot}: {problem.message}", path=path, suggestion=problem.suggestion)
