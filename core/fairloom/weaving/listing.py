"""A value table as it stands without settings: how many levels, how they fall into groups, and the digest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.components import Tools, ValueTable
from fairloom.draws import Draws
from fairloom.problems import RecipeError
from fairloom.reading.structure import keys, structure
from fairloom.task import Task
from fairloom.weaving.guard import blamed, built
from fairloom.weaving.tabulated import table_digest, tabulated


@attrs.frozen
class Listing:
    """What ``fairloom show`` says of a table. ``sizes`` holds the levels per value of each group column.

    ``cells`` counts the combinations of the groups, and ``smallest`` and ``largest`` the levels in one of them.
    """

    levels: int
    columns: tuple[str, ...]
    sizes: dict[str, dict[str, int]]
    cells: int
    smallest: int
    largest: int
    digest: str


def listing(component: ValueTable) -> Listing | None:
    """The table with default settings, or ``None`` where it cannot be had without any.

    Raises:
        PluginError: the component is broken.
    """
    if any(field.default is attrs.NOTHING for field in keys(component.config).values()):
        return None
    tools = Tools(task=Task(), factors={}, draws=Draws(0), open_path=_no_files)
    try:
        config: Any = structure(component.config, {})
        work = built(component, config, tools, "table")
        with blamed(f"the value table {component.name}"):
            return _listing(tabulated(work), component.groups)
    except RecipeError:
        return None


def _no_files(path: str) -> Path:
    raise RecipeError.of(f"there is no recipe whose folder could hold {path}")


def _listing(table: pa.Table, groups: tuple[str, ...]) -> Listing:
    cells = _cells(table, groups)
    return Listing(
        levels=table.num_rows,
        columns=tuple(table.column_names),
        sizes={group: _sizes(table.column(group)) for group in groups},
        cells=len(cells),
        smallest=int(cells.min()),
        largest=int(cells.max()),
        digest=table_digest(table),
    )


def _cells(table: pa.Table, groups: tuple[str, ...]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The levels in each combination of the groups that there is; all in one without groups."""
    if not groups:
        return np.array([table.num_rows])
    counts = table.select(groups).group_by(list(groups)).aggregate([([], "count_all")])
    return np.asarray(counts.column("count_all"))


def _sizes(column: pa.ChunkedArray) -> dict[str, int]:
    """How often each value is there, in order of first appearance."""
    return {str(each["values"]): each["counts"] for each in pc.value_counts(column).to_pylist()}
