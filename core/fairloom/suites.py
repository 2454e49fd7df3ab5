"""Behavioural suites: what rows expect of a model, whether it passes, and a table of its failures.

``fairloom probe`` and the metric ``predict.behaviour`` say the same because both count here. After Ribeiro et al.,
"Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (ACL 2020), section 2:

- ``MFT``, a minimum functionality test: the model names the label of the row;
- ``INV``, an invariance test: the model names for the row what it names for the first row of the family;
- ``DIR``, a directional test: the probability of a label moves, from the first row of the family to this one, in
  one direction only (``expect = "up spam"``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import FAMILY, LABEL, MEMBER, decoded
from fairloom.draws import Ints
from fairloom.predictors import Bools, Floats, Prediction
from fairloom.problems import RecipeError, did_you_mean

MFT, INV, DIR = "MFT", "INV", "DIR"
TESTS = (MFT, INV, DIR)
ALL = "all"
"""The capability of rows that name none."""


class HasRole(Protocol):
    """A factor, or what a recipe says of one."""

    @property
    def role(self) -> str:
        """What it is for."""

    @property
    def balance(self) -> Iterable[str]:
        """The attributes that are balanced."""


@attrs.frozen(kw_only=True)
class Columns:
    """The columns that say what a suite tests; found by their names where they are not given."""

    capability: str | None = None
    test: str | None = None
    expect: str | None = None
    by: tuple[str, ...] = ()
    field: str = "text"

    @classmethod
    def of(
        cls, names: Iterable[str], factors: Mapping[str, HasRole], field: str, by: Iterable[str] = (), key: str = "by"
    ) -> Columns:
        """Attributes called ``capability``, ``test`` and ``expect``; groups are those of the protected factors.

        Raises:
            RecipeError: A column of ``by``, which the caller calls ``key``, is not among ``names``.
        """
        there, groups = list(names), tuple(by)
        for name in groups:
            if name not in there:
                hint = did_you_mean(name, there)
                raise RecipeError.of(f"the suite has no column {name!r}", key, suggestion=hint)
        found = {word: _called(word, there) for word in ("capability", "test", "expect")}
        return cls(**found, by=groups or tuple(_protected(there, factors)), field=field)

    @property
    def all(self) -> tuple[str, ...]:
        """Every column that is read, those of the families and the label included."""
        named = [name for name in (self.capability, self.test, self.expect) if name is not None]
        return tuple(dict.fromkeys([FAMILY, MEMBER, LABEL, self.field, *named, *self.by]))


def _called(word: str, names: Iterable[str]) -> str | None:
    return next((name for name in names if name == word or name.endswith(f".{word}")), None)


def _protected(names: Iterable[str], factors: Mapping[str, HasRole]) -> Iterator[str]:
    there = list(names)
    for name, factor in factors.items():
        if factor.role == "protected":
            wanted = {name, *(f"{name}.{attribute}" for attribute in factor.balance)}
            yield from (each for each in there if each in wanted)


@attrs.frozen(kw_only=True)
class Line:
    """Failures of one test in one capability, and in one group of one column where ``by`` names one."""

    capability: str
    test: str
    by: str | None
    group: str | None
    n: int
    failed: int

    @property
    def rate(self) -> float:
        """The share of the tests that the model failed."""
        return self.failed / self.n


@attrs.frozen(eq=False)
class Checks:
    """One kind of test: the rows it is made on, and which of these the model fails."""

    test: str
    rows: Ints
    failed: Bools


@attrs.frozen(eq=False)
class Suite:
    """Rows in order of family and member, and what is expected of them.

    ``tests`` names the test of each row; without it every row is an ``MFT``, and an ``INV`` too where the first row
    of its family has the same label, or a ``DIR`` in its place where something is expected. ``expects`` says for rows
    of ``DIR`` where a probability may go. ``new`` marks the rows whose text is not that of an earlier row of their
    family: the others would test nothing again.
    """

    rows: pa.Table
    first: Ints
    tests: pa.Array | None
    expects: pa.Array | None
    new: Bools

    @classmethod
    def of(cls, rows: pa.Table, columns: Columns) -> Suite:
        """The suite in these rows: whole families, in any order.

        Raises:
            RecipeError: A column holds something that is no test or no expectation.
        """
        rows = rows.sort_by([(FAMILY, "ascending"), (MEMBER, "ascending")])
        families = rows.column(FAMILY).to_numpy()
        starts = np.flatnonzero(np.concatenate(([True], families[1:] != families[:-1])))
        first = np.repeat(starts, np.diff(np.append(starts, rows.num_rows)))
        tests = _texts(rows, columns.test) if columns.test else None
        expects = _texts(rows, columns.expect) if columns.expect else None
        suite = cls(rows, first.astype(np.int64), tests, expects, _new(families, _texts(rows, columns.field)))
        suite.check()
        return suite

    def check(self) -> None:
        """Raise for what is no test, and for a directional test that does not say where to."""
        for found in [] if self.tests is None else pc.unique(self.tests).to_pylist():
            if found not in TESTS:
                hint = did_you_mean(str(found), TESTS)
                raise RecipeError.of(f"{found!r} is no test; there are {', '.join(TESTS)}", suggestion=hint)
        if self.tests is not None and pc.any(pc.equal(self.tests, DIR)).as_py() and self.expects is None:
            way = 'give a within-factor an attribute expect, such as "up spam", and keep it'
            raise RecipeError.of("a directional test needs a column that says where to", suggestion=way)

    def checked(self, found: Prediction, tolerance: float) -> list[Checks]:
        """Every kind of test with the rows it is made on. A family's first row has nothing to be compared with."""
        later = np.arange(self.rows.num_rows) != self.first
        found_at = {
            MFT: self._marked(MFT),
            INV: self._marked(INV) & later & self._like_first(),
            DIR: self._marked(DIR) & later & self._expected(),
        }
        checks = []
        for test, marked in found_at.items():
            if marked.any():
                checks.append(_checks(test, marked, self._failed(test, found, tolerance)))
        return checks

    @property
    def wanted(self) -> frozenset[str]:
        """The tests that rows name."""
        return frozenset() if self.tests is None else frozenset(t for t in TESTS if self._marked(t).any())

    def _failed(self, test: str, found: Prediction, tolerance: float) -> Bools:
        if test == MFT:
            return np.asarray(~found.right(self._labels()))
        return self._differs(found) if test == INV else self._strays(found, tolerance)

    def _marked(self, test: str) -> Bools:
        if self.tests is None:
            directed = self._expected()
            labelled = np.full(self.new.size, LABEL in self.rows.column_names)
            kinds: dict[str, Bools] = {MFT: labelled, INV: ~directed, DIR: directed}
            return np.asarray(self.new & kinds[test])
        return np.asarray(pc.equal(self.tests, test).to_numpy(zero_copy_only=False) & self.new)

    def _labels(self) -> pa.Array:
        if LABEL not in self.rows.column_names:
            raise RecipeError.of("the suite has no labels, so it can hold no minimum functionality test")
        return _texts(self.rows, LABEL)

    def _like_first(self) -> Bools:
        """Where the tests are not named: the rows that have the label of the first row of their family."""
        if self.tests is not None or LABEL not in self.rows.column_names:
            return np.ones(self.rows.num_rows, np.bool_)
        labels = self._labels()
        same = pc.equal(labels, labels.take(pa.array(self.first)))
        return np.asarray(pc.fill_null(same, fill_value=False).to_numpy(zero_copy_only=False), dtype=np.bool_)

    def _differs(self, found: Prediction) -> Bools:
        best = np.argmax(found.probabilities, axis=1)
        return np.asarray(best != best[self.first])

    def _expected(self) -> Bools:
        if self.expects is None:
            return np.zeros(self.rows.num_rows, np.bool_)
        return np.asarray(pc.not_equal(self.expects, "").to_numpy(zero_copy_only=False), dtype=np.bool_)

    def _strays(self, found: Prediction, tolerance: float) -> Bools:
        """Whether the probability moved against the expectation by more than ``tolerance``."""
        strays = np.zeros(self.rows.num_rows, np.bool_)
        for said in pc.unique(self.expects).to_pylist():
            mine = pc.equal(self.expects, said).to_numpy(zero_copy_only=False)
            if said:
                strays |= mine & (-self._moved(said, found) > tolerance)
        return strays

    def _moved(self, said: str, found: Prediction) -> Floats:
        way, _, label = said.partition(" ")
        if way not in {"up", "down"} or label not in found.labels:
            known = ", ".join(found.labels)
            raise RecipeError.of(
                f"{said!r} is no expectation; it is up or down and one of the model's labels ({known})",
                suggestion='for example "up spam"',
            )
        chance = found.of(pa.array([label] * self.rows.num_rows, pa.string()))
        return np.asarray((chance - chance[self.first]) * (1 if way == "up" else -1), dtype=np.float64)


def _texts(rows: pa.Table, name: str) -> pa.Array:
    """A column as strings, nulls as nothing."""
    column = decoded(rows.column(name).combine_chunks()).cast(pa.string())
    return pc.fill_null(column, "")


def _new(families: Ints, texts: pa.Array) -> Bools:
    """Whether a text is not one that its family had before."""
    codes = texts.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    _, places = np.unique(families * (int(codes.max(initial=0)) + 1) + codes, return_index=True)
    new = np.zeros(len(texts), np.bool_)
    new[places] = True
    return new


def _checks(test: str, marked: Bools, failed: Any) -> Checks:
    rows = np.flatnonzero(marked).astype(np.int64)
    return Checks(test, rows, np.asarray(failed, dtype=np.bool_)[rows])


@attrs.define(eq=False)
class Tally:
    """Failures counted over whole families, however many of them come at once.

    ``rows`` and ``families`` count what was seen, ``whole`` the families that pass every test of theirs (contrast
    consistency, Gardner et al. 2020).
    """

    columns: Columns
    tolerance: float = 0.0
    rows: int = attrs.field(default=0, init=False)
    families: int = attrs.field(default=0, init=False)
    whole: int = attrs.field(default=0, init=False)
    _order: dict[str, int] = attrs.field(factory=dict, init=False)
    _counts: dict[tuple[str, str, str, str], list[int]] = attrs.field(factory=dict, init=False)
    _wanted: set[str] = attrs.field(factory=set, init=False)

    def take(self, suite: Suite, found: Prediction) -> list[Checks]:
        """Count what the model said of the rows of a suite, ``suite.rows`` in their order."""
        checks = suite.checked(found, self.tolerance)
        named = self.capabilities(suite.rows)
        for capability in pc.unique(named).to_pylist():
            self._order.setdefault(capability, len(self._order))
        for each in checks:
            self._count(each, named, suite.rows)
        self._wanted |= suite.wanted
        self.rows += suite.rows.num_rows
        self.families += int(np.unique(suite.first).size)
        self.whole += _whole(suite, checks)
        return checks

    def capabilities(self, rows: pa.Table) -> pa.Array:
        """The capability of each row."""
        if self.columns.capability is None:
            return pa.array([ALL] * rows.num_rows, pa.string())
        return _plain(rows, self.columns.capability, ALL)

    def lines(self) -> tuple[Line, ...]:
        """One line per capability and test, and one per group of every column; capabilities in order of appearance.

        Raises:
            RecipeError: The suite names a test that nothing could be held against.
        """
        self._check_held()
        lines = [
            Line(capability=capability, test=test, by=by or None, group=group if by else None, n=n, failed=failed)
            for (capability, test, by, group), (n, failed) in self._counts.items()
        ]
        return tuple(
            sorted(lines, key=lambda line: (self._order[line.capability], line.test, line.by or "", line.group or ""))
        )

    def _check_held(self) -> None:
        held = {test for _, test, _, _ in self._counts}
        for test in (each for each in TESTS if each in self._wanted - held):
            lacks = "no row expects anything" if test == DIR else "every family has one row"
            way = "name a factor in within of [design]" if test == INV else 'write expect = "up spam" or the like'
            raise RecipeError.of(f"the suite has {test} tests, and {lacks}", suggestion=way)

    def _count(self, checks: Checks, named: pa.Array, rows: pa.Table) -> None:
        at = pa.array(checks.rows)
        none = pa.array([""] * checks.rows.size, pa.string())
        groupings = [("", none), *((name, _plain(rows, name, "-").take(at)) for name in self.columns.by)]
        for by, groups in groupings:
            table = pa.table({"capability": named.take(at), "group": groups, "failed": checks.failed.astype(np.int64)})
            counted = table.group_by(["capability", "group"]).aggregate([("failed", "count"), ("failed", "sum")])
            for each in counted.to_pylist():
                sums = self._counts.setdefault((each["capability"], checks.test, by, each["group"]), [0, 0])
                sums[0] += each["failed_count"]
                sums[1] += each["failed_sum"]


def _plain(rows: pa.Table, name: str, missing: str) -> pa.Array:
    return pc.fill_null(decoded(rows.column(name).combine_chunks()).cast(pa.string()), missing)


def _whole(suite: Suite, checks: Iterable[Checks]) -> int:
    """Families that pass every test of theirs."""
    families = suite.rows.column(FAMILY).to_numpy()
    failed = [families[each.rows[each.failed]] for each in checks]
    return int(np.unique(families).size - np.unique(np.concatenate([families[:0], *failed])).size)


__all__ = ["ALL", "DIR", "INV", "MFT", "TESTS", "Checks", "Columns", "Line", "Suite", "Tally"]
