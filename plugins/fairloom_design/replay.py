"""Rows again from levels that were written down: a table with the level of each factor, row for row and in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Tools
from fairloom.design import UNUSED, Codes, DesignTask
from fairloom.factors import Factor
from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.tables import read_table
from fairloom_design.listed import ListedPlan, check_rows, rules_kept
from fairloom_design.members import Members, members_of

MOST_NAMED = 5


@attrs.frozen(kw_only=True)
class ReplayConfig:
    """Settings of ``design.replay``."""

    from_: str = attrs.field(
        metadata={"key": "from", "help": "a table with one row per row, or the manifest.json of a run"}
    )
    columns: dict[str, str] = attrs.field(
        factory=dict,
        metadata={"help": "the column with the level of a factor: ours = theirs; the same name if not given"},
    )
    by: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "the attribute by which a column names the level of a factor"}
    )


def build(config: ReplayConfig, tools: Tools) -> Replay:
    """The sampler ``design.replay``; reads the table."""
    try:
        path = tools.open_path(config.from_)
        table = _run_rows(path, config.from_, tools.open_path) if path.suffix == ".json" else read_table(path)
    except RecipeError as error:
        raise RecipeError([attrs.evolve(problem, path=("from",)) for problem in error.problems]) from error
    return Replay(config, table)


def _run_rows(path: Path, named: str, open_path: Callable[[str], Path]) -> pa.Table:
    """The rows of a run in order of address, by its manifest."""
    try:
        files = [str(record["path"]) for record in json.loads(path.read_text("utf-8"))["files"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecipeError.of(f"{named!r} is not the manifest of a run") from error
    parts = [name for name in files if name.startswith("data/") and name.endswith(".parquet")]
    if not parts:
        raise RecipeError.of(f"{named!r} names no data")
    home = PurePosixPath(named).parent
    tables = [read_table(open_path(str(home / name))) for name in parts]
    return pa.concat_tables(tables).sort_by([("family", "ascending"), ("member", "ascending")])


@attrs.frozen(eq=False)
class Replay:
    """Plans the rows of a table."""

    config: ReplayConfig
    table: pa.Table

    def plan(self, task: DesignTask) -> ListedPlan:
        """One row per row of the table.

        Raises:
            RecipeError: with every column or level that does not exist, or the first row that breaks a rule.
        """
        inner = members_of(task)
        rows = self.table.num_rows
        problems = list(self._strange(task.factors))
        levels: dict[str, Codes] = {}
        for name, factor in task.factors.items() if not problems else ():
            try:
                levels[name] = self._levels(factor)
            except RecipeError as error:
                problems += error.problems
        if problems:
            raise RecipeError(problems)
        check_rows(task, rows, repr(self.config.from_))
        self._check_members(inner, levels)
        outer = {
            name: level.reshape(-1, inner.count).max(axis=1)
            for name, level in levels.items()
            if name not in inner.levels
        }
        self._check_rules(task, levels)
        return ListedPlan(task, inner, outer, rows // inner.count)

    def _strange(self, factors: Mapping[str, Factor]) -> Iterator[Problem]:
        for key in ("columns", "by"):
            for name in getattr(self.config, key):
                if name not in factors:
                    hint = did_you_mean(name, factors)
                    yield Problem(f"no factor {name!r} with levels", ("design", key, name), suggestion=hint)
        for name, column in self.config.columns.items():
            if column not in self.table.column_names:
                hint = did_you_mean(column, self.table.column_names)
                yield Problem(f"the table has no column {column!r}", ("design", "columns", name), suggestion=hint)

    def _levels(self, factor: Factor) -> Codes:
        column = self.config.columns.get(factor.name, factor.name)
        if column not in self.table.column_names:
            if factor.size == 1:
                return np.zeros(self.table.num_rows, dtype=np.int32)
            way = f'say which column holds it: columns = {{ {factor.name} = "..." }}'
            raise RecipeError.of(f"the table has no column {column!r}", "design", "columns", suggestion=way)
        known = self._known(factor)
        given = self.table.column(column).combine_chunks().cast(pa.string())
        found = pc.index_in(given, value_set=known)
        empty = pc.equal(pc.fill_null(given, ""), "").to_numpy(zero_copy_only=False)
        levels: Codes = found.fill_null(UNUSED).to_numpy(zero_copy_only=False).astype(np.int32)
        unknown = np.flatnonzero((levels == UNUSED) & ~empty)
        if unknown.size:
            raise RecipeError(list(_unknown(factor.name, column, given, unknown, known)))
        return levels

    def _known(self, factor: Factor) -> pa.Array:
        attribute = self.config.by.get(factor.name)
        if attribute is None:
            return pa.array(factor.names, pa.string())
        where = ("design", "by", factor.name)
        if attribute not in factor.attributes:
            hint = did_you_mean(attribute, factor.attributes)
            raise RecipeError.of(f"{factor.name!r} has no column {attribute!r}", *where, suggestion=hint)
        known = factor.column(attribute).cast(pa.string())
        counts = pc.value_counts(known.drop_null())
        several = counts.filter(pc.greater(counts.field("counts"), 1))
        if len(several):
            value, count = several[0]["values"].as_py(), several[0]["counts"].as_py()
            way = "name levels by an attribute that tells them apart"
            message = f"{count} levels have {attribute} = {value!r}"
            raise RecipeError.of(message, *where, suggestion=way)
        return known

    def _check_members(self, inner: Members, levels: Mapping[str, Codes]) -> None:
        rows = self.table.num_rows
        if rows % inner.count:
            message = f"{rows:,} rows are no whole families of {inner.count}"
            raise RecipeError.of(message, "design", "from", suggestion="keep families whole, or leave within out")
        for name, planned in inner.levels.items():
            wrong = np.flatnonzero(levels[name] != np.tile(planned, rows // inner.count))
            if wrong.size:
                way = "rows of a family follow each other, in the order of the levels"
                message = f"row {wrong[0] + 1:,} is not the member of its family that {name!r} asks for"
                raise RecipeError.of(message, "design", "from", suggestion=way)
        for name in (name for name in levels if name not in inner.levels):
            groups = levels[name].reshape(-1, inner.count)
            differing = (groups != groups.max(axis=1, keepdims=True)) & (groups != UNUSED)
            wrong = np.flatnonzero(differing.any(axis=1))
            if wrong.size:
                message = f"the family from row {wrong[0] * inner.count + 1:,} on has more than one level of {name!r}"
                raise RecipeError.of(
                    message, "design", "from", suggestion=f"name {name!r} in within, or split the rows"
                )

    def _check_rules(self, task: DesignTask, levels: dict[str, Codes]) -> None:
        every = Members(1, {}, task.rules)
        for text, holds in rules_kept(every, levels, self.table.num_rows):
            broken = np.flatnonzero(~holds)
            if broken.size:
                message = f"row {broken[0] + 1:,} (of {broken.size:,}) breaks {text!r}"
                raise RecipeError.of(message, "design", "from", suggestion="change the rule, or leave the row out")


def _unknown(name: str, column: str, given: pa.Array, rows: Codes, known: pa.Array) -> Iterator[Problem]:
    """The first row with each unknown level."""
    values = given.take(pa.array(rows)).to_pylist()
    first = {value: int(row) for value, row in zip(reversed(values), reversed(rows.tolist()), strict=True)}
    shown = sorted(first.items(), key=lambda entry: entry[1])
    for value, row in shown[:MOST_NAMED]:
        message = f"row {row + 1:,}: {column} = {value!r} is no level of {name!r}"
        yield Problem(message, ("design", "from"), suggestion=did_you_mean(value, known.to_pylist()))
    if len(shown) > MOST_NAMED:
        yield Problem(f"{len(shown) - MOST_NAMED} more values are no levels of {name!r}", ("design", "from"))
