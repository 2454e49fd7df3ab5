"""What a suite expects of a model, row by row: the test of each row, and whether the model passes it.

After Ribeiro et al., "Beyond Accuracy: Behavioral Testing of NLP Models with CheckList" (ACL 2020), section 2:

- ``MFT``, a minimum functionality test: the model names the label of the row;
- ``INV``, an invariance test: the model names for the row what it names for the first row of the family;
- ``DIR``, a directional test: the probability of a label moves, from the first row of the family to this one, in
  one direction only (``expect = "up spam"``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    of its family has the same label. ``expects`` says for rows of ``DIR`` where a probability may go. ``new`` marks
    the rows whose text is not that of an earlier row of their family: the others would test nothing again.
    """

    rows: pa.Table
    first: Ints
    tests: pa.Array | None
    expects: pa.Array | None
    new: Bools

    @classmethod
    def of(cls, rows: pa.Table, field: str, test: str | None, expect: str | None) -> Suite:
        """The suite in these rows; ``field``, ``test`` and ``expect`` are columns.

        Raises:
            RecipeError: A column holds something that is no test or no expectation.
        """
        rows = rows.sort_by([(FAMILY, "ascending"), (MEMBER, "ascending")])
        families = rows.column(FAMILY).to_numpy()
        starts = np.flatnonzero(np.concatenate(([True], families[1:] != families[:-1])))
        first = np.repeat(starts, np.diff(np.append(starts, rows.num_rows)))
        tests = _texts(rows, test) if test else None
        expects = _texts(rows, expect) if expect else None
        suite = cls(rows, first.astype(np.int64), tests, expects, _new(families, _texts(rows, field)))
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
        self._check_used(found_at)
        checks = []
        for test, marked in found_at.items():
            if marked.any():
                checks.append(_checks(test, marked, self._failed(test, found, tolerance)))
        return checks

    def _check_used(self, found_at: Mapping[str, Bools]) -> None:
        """Raise for tests that the suite names and that nothing can be held against."""
        for test, marked in found_at.items():
            if self.tests is not None and self._marked(test).any() and not marked.any():
                lacks = "no row expects anything" if test == DIR else "every family has one row"
                way = "name a factor in within of [design]" if test == INV else 'write expect = "up spam" or the like'
                raise RecipeError.of(f"the suite has {test} tests, and {lacks}", suggestion=way)

    def _failed(self, test: str, found: Prediction, tolerance: float) -> Bools:
        if test == MFT:
            return np.asarray(~found.right(self._labels()))
        return self._differs(found) if test == INV else self._strays(found, tolerance)

    def _marked(self, test: str) -> Bools:
        if self.tests is None:
            return self.new & (test != DIR and (test != MFT or LABEL in self.rows.column_names))
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
