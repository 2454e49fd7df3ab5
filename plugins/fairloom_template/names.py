"""What a template may name: the factors, their attributes, and the values behind them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.factors import Factor
from fairloom_template.filters import Call, filtered


@attrs.frozen
class Slot:
    """A place that is filled from one factor: ``person.given`` with a chain of filters.

    ``attribute`` is ``None`` where the template names the factor alone.
    """

    factor: str
    attribute: str | None = None
    calls: tuple[Call, ...] = ()

    def __str__(self) -> str:
        """As the template wrote it, without the filters: what spans show."""
        return f"{self.factor}.{self.attribute}" if self.attribute else self.factor


@attrs.frozen(eq=False)
class Names:
    """The factors a template can refer to."""

    factors: Mapping[str, Factor]
    missing: tuple[str, ...] = ()
    """Texts in value tables that stand for a form that does not exist."""

    def drawn(self, factor: str) -> bool:
        """Whether the factor has no levels: a value sampler draws a value for every row."""
        return self.factors[factor].table.num_columns == 0 or self.factors[factor].sampler is not None

    def attributes(self, factor: str) -> tuple[str, ...]:
        """The attributes of a factor's levels; none for a factor that draws values."""
        return () if self.drawn(factor) else self.factors[factor].attributes

    def column(self, slot: Slot) -> Any:
        """The raw values of a slot (filters aside) for every level; ``{{ city }}`` is the first column."""
        factor = self.factors[slot.factor]
        column = factor.column(slot.attribute or factor.attributes[0])
        if not self.missing or not pa.types.is_string(column.type):
            return column
        return pc.if_else(pc.is_in(column, value_set=pa.array(self.missing, pa.string())), None, column)

    def is_text(self, slot: Slot) -> bool:
        """Whether the slot's values can be written as text."""
        return self.drawn(slot.factor) or _castable(self.column(slot).type)


def texts(column: Any, calls: tuple[Call, ...], bound: int) -> Any:
    """A column of any plain type as the strings templates write, filtered; nulls are missing forms.

    Raises:
        TooLongError: a filter made a text of more than ``bound`` characters.
    """
    plain = pc.cast(column, pa.string())
    if not calls:
        return plain
    coded = plain.dictionary_encode(null_encoding="encode")
    return pa.array(filtered(coded.dictionary.to_pylist(), calls, bound), pa.string()).take(coded.indices)


def _castable(kind: Any) -> bool:
    try:
        pa.array([], kind).cast(pa.string())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return False
    return True
