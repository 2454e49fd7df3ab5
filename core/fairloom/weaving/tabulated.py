"""Value tables of plugins: asked for once, checked, and written down with their digest."""

from __future__ import annotations

from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import ValueTable
from fairloom.problems import PluginError, RecipeError
from fairloom.reading.factorspec import FactorSpec
from fairloom.weaving.digest import ContentDigest


def tabulated(work: Any) -> pa.Table:
    """The levels a built value table answers.

    Raises:
        PluginError: it answers something that cannot be the levels of a factor.
    """
    table = work.table()
    if not isinstance(table, pa.Table):
        raise PluginError(f"must answer an Arrow table, got {type(table).__name__}")
    if not table.num_rows or not table.num_columns:
        raise PluginError("answers a table without levels")
    return table


def table_record(name: str, spec: FactorSpec, component: ValueTable, table: pa.Table) -> dict[str, str]:
    """What the manifest says of the table of factor ``name``.

    Raises:
        RecipeError: the recipe records another digest.
    """
    found = table_digest(table)
    if spec.digest is not None and found not in {spec.digest.lower(), f"sha256:{spec.digest.lower()}"}:
        way = "the list has changed: check it, then write its new digest"
        raise RecipeError.of(f"{spec.table} has the digest {found}", "digest", suggestion=way)
    return {
        "factor": name,
        "table": str(spec.table),
        "version": component.version,
        "source": component.source,
        "licence": component.licence,
        "sha256": found,
    }


def table_digest(table: pa.Table) -> str:
    """The content digest of a value table; its order counts, its types and chunks do not."""
    digest = ContentDigest()
    for batch in table.combine_chunks().to_batches():
        digest.add(batch)
    return digest.hexdigest()


def grouped(spec: FactorSpec, groups: tuple[str, ...]) -> FactorSpec:
    """A factor whose list is drawn by group first, unless the recipe says what is balanced."""
    left = tuple(group for group in groups if group not in spec.columns.values())
    return attrs.evolve(spec, balance=left) if left and not spec.balance else spec
