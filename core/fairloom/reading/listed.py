"""Where the levels of a factor are written: the line of a level in the recipe or in the file of its list."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa
import tomli

from fairloom.factors import Factor
from fairloom.problems import Problem
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.inputs import Inputs
from fairloom.reading.locate import KeyPath, locate
from fairloom.reading.recipespec import RecipeSpec
from fairloom.tables import read_table


@attrs.frozen(eq=False)
class Lists:
    """Finds the place of a level. Files are read again when the first place in them is asked for."""

    recipe: RecipeSpec
    factors: Mapping[str, Factor]
    inputs: Inputs
    _files: dict[str, _File] = attrs.field(factory=dict, init=False)

    def placed(self, problem: Problem, factor: str, level: int, attribute: str | None) -> Problem:
        """``problem`` at the level: file, line and column as far as they can be told."""
        spec = self.recipe.factors.get(factor)
        if spec is None or spec.from_ is None:
            key = self._inline(spec, factor, level, attribute)
            return self.recipe.place([attrs.evolve(problem, path=key)])[0]
        if factor not in self._files:
            path = self.inputs.open_path(spec.from_)
            self._files[factor] = _File(path, spec, self.factors[factor])
        line, column = self._files[factor].place(level, attribute)
        at = attrs.evolve(problem, path=problem.path or ("factors", factor))
        return attrs.evolve(at, file=str(self._shown(self._files[factor].path)), line=line, column=column)

    def _inline(self, spec: FactorSpec | None, factor: str, level: int, attribute: str | None) -> KeyPath:
        """The key path of a level that stands in the recipe itself."""
        if spec is None or spec.values is None or spec.where is not None:
            return ("factors", factor)
        record = isinstance(spec.values[level], Mapping)
        theirs = spec.columns.get(str(attribute), attribute)
        return ("factors", factor, "values", level, *([theirs] if record and theirs else []))

    def _shown(self, path: Path) -> Path:
        """The file as places in the recipe are shown: beside the recipe's own path."""
        home = self.recipe.path.parent if self.recipe.path else self.recipe.root
        root = self.recipe.root.resolve()
        return home / path.relative_to(root) if path.is_relative_to(root) else path


@attrs.define(eq=False)
class _File:
    """The file of one list, its rows and their lines."""

    path: Path
    spec: FactorSpec
    factor: Factor

    def place(self, level: int, attribute: str | None) -> tuple[int | None, int | None]:
        row = self.rows[level] if level < len(self.rows) else None
        if row is None:
            return None, None
        theirs = self.spec.columns.get(str(attribute), attribute)
        if self.path.suffix.lower() != ".toml":
            return (self.lines[row] if row < len(self.lines) else None), None
        cell: KeyPath = (self._array, row, str(theirs))
        return self._located.get(cell) or self._located.get(cell[:2]) or (None, None)

    @cached_property
    def rows(self) -> list[int | None]:
        """The row of the file behind each level: a query leaves some out, and rows that look alike are left open."""
        if self.spec.where is None:
            return list(range(self.factor.size))
        kept = [name for name in self.factor.attributes if name not in {rule[0] for rule in self.spec.rewrite}]
        seen: dict[tuple[Any, ...], list[int]] = {}
        for row, values in enumerate(_records(read_table(self.path, self.spec.columns).select(kept))):
            seen.setdefault(values, []).append(row)
        places = (seen.get(values, []) for values in _records(self.factor.table.select(kept)))
        return [found[0] if len(found) == 1 else None for found in places]

    @cached_property
    def lines(self) -> list[int]:
        """The first line of each row of a delimited file or of JSON lines; none for other files."""
        suffix = self.path.suffix.lower()
        if suffix == ".jsonl":
            text = self.path.read_text(encoding="utf-8-sig")
            return [number for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
        if suffix not in {".csv", ".tsv"}:
            return []
        starts, start = [], 1
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file, delimiter="," if suffix == ".csv" else "\t")
            for row in rows:
                starts += [start] if row else []
                start = rows.line_num + 1
        return starts[1:]

    @cached_property
    def _text(self) -> str:
        return self.path.read_text(encoding="utf-8-sig")

    @cached_property
    def _array(self) -> str:
        return next(iter(tomli.loads(self._text)))

    @cached_property
    def _located(self) -> dict[KeyPath, tuple[int, int]]:
        return locate(self._text)


def _records(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(map(repr, row.values())) for row in table.to_pylist()]
