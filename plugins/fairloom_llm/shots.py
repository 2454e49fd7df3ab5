"""Few-shot examples: seed rows drawn by address, so that every row's examples can be drawn again alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import ADDRESS, ATTEMPT, LABEL, decoded
from fairloom.components import Tools
from fairloom.draws import Draws, Ints
from fairloom.factors import Axis
from fairloom.problems import RecipeError, did_you_mean


@attrs.frozen(eq=False)
class Shots:
    """Seed rows in groups of those that agree in the columns ``same``; ``count`` of them are drawn for a row."""

    count: int
    same: tuple[str, ...]
    records: Sequence[Mapping[str, Any]]
    groups: Mapping[tuple[str, ...], Ints]
    draws: Draws

    def of_rows(self, rows: pa.RecordBatch) -> list[list[Mapping[str, Any]]]:
        """The examples of each row, different ones, fewer where a group has fewer; other ones at each attempt."""
        if not self.count:
            return [[] for _ in range(rows.num_rows)]
        columns = [decoded(rows.column(name)).cast(pa.string()).to_pylist() for name in self.same]
        keys = list(zip(*columns, strict=True)) if columns else [()] * rows.num_rows
        address, attempt = (np.asarray(rows.column(name)) for name in (ADDRESS, ATTEMPT))
        sizes = np.array([len(self.groups.get(key, ())) for key in keys], np.int64)
        picked = picks(self.draws, self.count, sizes, address, attempt)
        return [
            [self.records[self.groups[key][place]] for place in places if place >= 0]
            for key, places in zip(keys, picked.tolist(), strict=True)
        ]


def picks(draws: Draws, count: int, sizes: Ints, addresses: Ints, attempts: Ints) -> Ints:
    """``count`` different numbers below each size, shape ``(len(sizes), count)``; -1 where there are no more."""
    found = np.full((sizes.size, count), -1, np.int64)
    for turn in range(count):
        left = sizes - turn
        number = draws.below(np.maximum(left, 1), addresses, attempts, slot=turn)
        # The number counts what is still there: step over what was taken, from the smallest up.
        for taken in np.sort(found[:, :turn], axis=1).T:
            number = number + ((taken >= 0) & (number >= taken))
        found[:, turn] = np.where(left > 0, number, -1)
    return found


def shots_of(seeds: str | None, count: int, same: Sequence[str] | None, tools: Tools) -> Shots:
    """The examples that settings ask for, from ``[reference.NAME]``.

    ``same`` are columns that seeds and rows share; left out, the label where the seeds have one.

    Raises:
        RecipeError: there are no such seeds, or none for a label.
    """
    if seeds is None:
        if count:
            raise RecipeError.of(f"shots = {count} needs seed rows", "shots", suggestion='name them: seeds = "real"')
        return Shots(0, (), (), {}, tools.draws)
    table = _opened(seeds, tools)
    chosen = tuple(same) if same is not None else tuple(name for name in (LABEL,) if name in table.column_names)
    _check_columns(chosen, table, tools)
    groups = _grouped(table, chosen)
    _check_labels(chosen, groups, tools, seeds)
    return Shots(count, chosen, table.to_pylist(), groups, tools.draws.stream("shots"))


def _opened(seeds: str, tools: Tools) -> pa.Table:
    table = tools.reference(seeds, "seeds")()
    if not table.num_rows:
        raise RecipeError.of(f"[reference.{seeds}] has no rows to take examples from", "seeds")
    return table


def _check_columns(same: Sequence[str], table: pa.Table, tools: Tools) -> None:
    for index, name in enumerate(same):
        if name not in table.column_names:
            way = did_you_mean(name, table.column_names)
            raise RecipeError.of(f"the seed rows have no column {name!r}", "same", index, suggestion=way)
        if Axis.parse(name).factor not in tools.factors:
            way = did_you_mean(name, tools.factors)
            raise RecipeError.of(
                f"there is no factor {name!r} that examples could share", "same", index, suggestion=way
            )


def _grouped(table: pa.Table, same: Sequence[str]) -> dict[tuple[str, ...], Ints]:
    groups: dict[tuple[str, ...], list[int]] = {}
    columns = [table.column(name).cast(pa.string()).to_pylist() for name in same]
    for place in range(table.num_rows):
        groups.setdefault(tuple(column[place] for column in columns), []).append(place)
    return {key: np.array(places, np.int64) for key, places in groups.items()}


def _check_labels(same: Sequence[str], groups: Mapping[tuple[str, ...], Ints], tools: Tools, seeds: str) -> None:
    if LABEL not in same:
        return
    at = list(same).index(LABEL)
    known = {key[at] for key in groups}
    missing = [name for name in tools.task.labels if name not in known]
    if missing:
        raise RecipeError.of(f"[reference.{seeds}] has no row with the label {missing[0]!r}", "seeds")
