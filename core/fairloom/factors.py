"""Factors and their levels: a level is one row of a value table, so it carries forms and attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.factorspec import FactorSpec
from fairloom.reading.factorspec import Role as Role  # noqa: PLC0414 - public here
from fairloom.reading.levels import Reading
from fairloom.reading.levels import order_table as order_table  # noqa: PLC0414 - public here
from fairloom.task import Task

LABEL = "label"


@attrs.frozen(eq=False)
class Factor:
    """Something that varies from row to row.

    ``table`` holds one row per level, in documented order; ``names`` the unique name of each level
    (what the data column shows). A factor without levels (``table.num_rows == 0`` and ``sampler``
    set) draws its values by address instead and takes no part in the design. ``match`` names the columns
    that must equal another factor or an attribute of one, as the recipe says. ``left_out`` is how many rows of the
    table the query ``where`` left out.
    """

    name: str
    role: Role
    table: pa.Table
    names: tuple[str, ...]
    balance: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    within: bool = False
    sampler: Any = None
    match: Mapping[str, str] = attrs.field(factory=dict)
    left_out: int = 0

    @property
    def size(self) -> int:
        """How many levels there are."""
        return len(self.names)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns of the value table."""
        return tuple(self.table.column_names)

    @property
    def forms(self) -> pa.Array:
        """What ``{{ city }}`` writes for each level: the first column of the table, as text.

        The *name* of a level identifies it and may be another column (``key``) or a row number.
        """
        return self.column(self.attributes[0]).cast(pa.string())

    def column(self, attribute: str) -> pa.Array:
        """One attribute of every level, length ``size``, as one contiguous Arrow array."""
        return self.table.column(attribute).combine_chunks()

    def codes(self, attribute: str | None) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
        """The attribute as ``(code per level, names)``, names in order of first appearance.

        ``None`` asks for the levels themselves.
        """
        if attribute is None:
            return np.arange(self.size, dtype=np.int32), self.names
        encoded = self.column(attribute).cast(pa.string()).fill_null("").dictionary_encode()
        codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int32)
        return codes, tuple(encoded.dictionary.to_pylist())


@attrs.frozen(order=True)
class Axis:
    """A factor, or one attribute of it, as the recipe writes it: ``label``, ``person.gender``."""

    factor: str
    attribute: str | None = None

    @classmethod
    def parse(cls, text: str) -> Axis:
        """``"person.gender"`` to an axis."""
        factor, _, attribute = text.partition(".")
        return cls(factor, attribute or None)

    def __str__(self) -> str:
        """As the recipe writes it."""
        return f"{self.factor}.{self.attribute}" if self.attribute else self.factor

    def codes(self, factors: Mapping[str, Factor]) -> tuple[npt.NDArray[np.int32], tuple[str, ...]]:
        """Code of the axis for each level of its factor, and the names of the codes."""
        return factors[self.factor].codes(self.attribute)

    def check(self, factors: Mapping[str, Factor], *key: str | int) -> Axis:
        """The axis itself. Another column of the data, which is no factor, passes.

        Raises:
            RecipeError: Its factor has no such attribute; at ``key``.
        """
        factor = factors.get(self.factor)
        if factor is not None and self.attribute is not None and self.attribute not in factor.attributes:
            hint = did_you_mean(self.attribute, factor.attributes)
            raise RecipeError.of(f"factor {self.factor!r} has no attribute {self.attribute!r}", *key, suggestion=hint)
        return self


def compared_groups(factors: Mapping[str, Factor]) -> tuple[str, ...]:
    """The columns whose groups are compared: the label, and what is balanced of every protected factor with levels."""
    axes = [LABEL] if LABEL in factors else []
    for name, factor in factors.items():
        if factor.role == "protected" and factor.sampler is None:
            axes += [f"{name}.{attribute}" for attribute in factor.balance] or [name]
    return tuple(axes)


def load_factors(
    specs: Mapping[str, FactorSpec],
    task: Task,
    open_path: Callable[[str], Path],
    *,
    within: Iterable[str] = (),
    given: Mapping[str, Any] | None = None,
) -> dict[str, Factor]:
    """Every factor of a recipe in its order, before them the factor ``label`` if the task has labels.

    ``given`` holds what components gave: a value sampler, or the table of a value table.

    Raises:
        RecipeError: with the problems of all factors.
    """
    factors: dict[str, Factor] = {}
    problems: list[Problem] = []
    label = label_factor(task)
    crossed = frozenset(within)
    if label is not None:
        factors[LABEL] = attrs.evolve(label, within=LABEL in crossed)
        if LABEL in specs:
            problems.append(Problem("the labels of the task already are the factor 'label'", path=("factors", LABEL)))
    for name, spec in specs.items():
        try:
            made = (given or {}).get(name)
            factors.setdefault(name, load_factor(name, spec, open_path, within=name in crossed, given=made))
        except RecipeError as error:
            problems.extend(error.problems)
    if problems:
        raise RecipeError(problems)
    return factors


def label_factor(task: Task, *, planned: bool = False) -> Factor | None:
    """The labels of the task as a factor with the columns ``name`` and ``definition``, or ``None``.

    With ``planned``, only those that the design allocates.
    """
    if not task.labels:
        return None
    names = task.planned_labels if planned else tuple(task.labels)
    definitions = [task.labels[name].definition for name in names]
    table = pa.table({"name": pa.array(names, pa.string()), "definition": pa.array(definitions, pa.string())})
    return Factor(LABEL, "label", table, names)


def load_factor(
    name: str,
    spec: FactorSpec,
    open_path: Callable[[str], Path],
    *,
    within: bool = False,
    given: Any = None,
) -> Factor:
    """The factor that ``[factors.NAME]`` describes.

    In this order: read or take the values, rename ``columns``, add the ``index``, ``derive`` columns, apply
    ``rewrite``, ``split`` a row into one for each value of a list, keep the rows that ``where`` allows, name the
    levels. The name of a level is its value in the column ``key``; without ``key`` its value in the first column where
    those are unique, and else its row number from 1.

    Raises:
        RecipeError: with every problem found, at its key.
    """
    if spec.sample is not None:
        return Factor(name, spec.role, pa.table({}), (), within=within, keep=spec.keep, sampler=given)
    reading = Reading(("factors", name), spec)
    table = reading.derived(reading.indexed(reading.table(open_path, given)))
    parted = reading.parted(reading.rewritten(table))
    table = reading.queried(parted)
    names = reading.names(table)
    reading.check_attributes(table)
    if reading.problems:
        raise RecipeError(reading.problems)
    return Factor(
        name,
        spec.role,
        table,
        names,
        balance=spec.balance,
        keep=spec.keep,
        within=within,
        match=dict(spec.match),
        left_out=parted.num_rows - table.num_rows,
    )
