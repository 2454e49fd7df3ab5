"""Factors and their levels: a level is one row of a value table, so it carries forms and attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs
import numpy as np
import numpy.typing as npt
import pyarrow as pa

Role = Literal["label", "protected", "nuisance", "surface"]


@attrs.frozen(eq=False)
class Factor:
    """Something that varies from row to row.

    ``table`` holds one row per level, in documented order; ``names`` the unique name of each level
    (what the data column shows). A factor without levels (``table.num_rows == 0`` and ``sampler``
    set) draws its values by address instead and takes no part in the design.
    """

    name: str
    role: Role
    table: pa.Table
    names: tuple[str, ...]
    balance: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    within: bool = False
    sampler: Any = None

    @property
    def size(self) -> int:
        """How many levels there are."""
        return len(self.names)

    @property
    def attributes(self) -> tuple[str, ...]:
        """The columns of the value table."""
        return tuple(self.table.column_names)

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
