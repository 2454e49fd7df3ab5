"""The reference rows a setting names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import attrs
import pyarrow as pa

from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen
class Reference:
    """A named table of real rows, opened when it is needed."""

    name: str
    open: Callable[[], pa.Table]

    def column(self, name: str) -> pa.Array:
        """One column as one array; ``KeyError`` says which are there."""
        table = self.open()
        if name not in table.column_names:
            here = ", ".join(table.column_names)
            raise KeyError(f"reference {self.name!r} has no column {name!r} (it has {here}); map it in columns")
        return table.column(name).combine_chunks()


def named(against: str, tools: Tools) -> Reference:
    """The reference, or ``RecipeError`` where the recipe has none of this name."""
    return Reference(against, tools.reference(against))


def one_of(against: str | None, profile: str | None) -> None:
    """Refuse settings that name both reference rows and a profile, or neither.

    Raises:
        RecipeError: They do.
    """
    if (against is None) == (profile is None):
        got = "both" if against is not None else "neither"
        raise RecipeError.of(f"needs against, the name of reference rows, or profile, a file; got {got}", "against")
