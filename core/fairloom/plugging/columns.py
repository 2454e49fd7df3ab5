"""The columns of a batch by name, with the attributes of every factor's level beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fairloom.batch import decoded
from fairloom.factors import Factor
from fairloom.problems import PluginError, did_you_mean


class UnknownColumn(PluginError, KeyError):  # noqa: N818 - a KeyError to mappings, a PluginError to users
    """A component asked for a column that the rows do not have."""

    def __str__(self) -> str:
        """The message as it is; ``KeyError`` would quote it."""
        return str(self.args[0])


class Columns:
    """The columns of ``rows``, and ``factor.attribute`` of each row's level whether shown or not.

    Columns are decoded when they are first asked for, each once.
    """

    def __init__(self, rows: pa.RecordBatch, factors: Mapping[str, Factor], title: str) -> None:
        """``title`` is the component in messages."""
        self._rows, self._factors, self._title = rows, factors, title
        self._arrays: dict[str, pa.Array] = {}
        self._lists: dict[str, list[Any]] = {}

    @property
    def names(self) -> list[str]:
        """Every column that can be asked for: those of the rows, then the attributes of levels."""
        shown = list(self._rows.schema.names)
        hidden = [f"{name}.{each}" for name, factor in self._factors.items() for each in factor.attributes]
        return shown + [name for name in hidden if name not in shown and name.partition(".")[0] in shown]

    def __len__(self) -> int:
        """The number of rows."""
        return int(self._rows.num_rows)

    def array(self, name: str) -> pa.Array:
        """A column as plain values, length ``len(self)``."""
        if name not in self._arrays:
            self._arrays[name] = self._found(name)
        return self._arrays[name]

    def values(self, name: str) -> list[Any]:
        """A column as Python objects."""
        if name not in self._lists:
            self._lists[name] = self.array(name).to_pylist()
        return self._lists[name]

    def _found(self, name: str) -> pa.Array:
        if name in self._rows.schema.names:
            return decoded(self._rows.column(name))
        if name in self.names:
            factor, _, attribute = name.partition(".")
            return self._attribute(self._factors[factor], attribute)
        near = did_you_mean(name, self.names)
        close = f"; {near}" if near and near.startswith("did") else ""
        msg = f"{self._title} reads the column {name!r}, which these rows do not have{close}"
        raise UnknownColumn(f"{msg}; available: {', '.join(self.names)}")

    def _attribute(self, factor: Factor, attribute: str) -> pa.Array:
        level = pc.index_in(decoded(self._rows.column(factor.name)), value_set=pa.array(factor.names, pa.string()))
        return decoded(factor.column(attribute)).take(level)


class Row(Mapping[str, Any]):
    """One row as a read-only mapping from column name to value."""

    __slots__ = ("_columns", "_index")

    def __init__(self, columns: Columns, index: int) -> None:
        """Row ``index`` of ``columns``."""
        self._columns, self._index = columns, index

    def __getitem__(self, name: str) -> Any:
        return self._columns.values(name)[self._index]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns.names)

    def __len__(self) -> int:
        return len(self._columns.names)
