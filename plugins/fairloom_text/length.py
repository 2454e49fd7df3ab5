"""The filter ``length``: bounds on words or characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import pyarrow.compute as pc

from fairloom.problems import RecipeError
from fairloom.task import Between
from fairloom.utf8 import characters, words
from fairloom_text.reasons import Reasons

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    import pyarrow as pa

    from fairloom.components import Tools
    from fairloom.draws import Ints

COUNTERS: dict[str, Callable[[Any], Ints]] = {"words": words, "characters": characters}


@attrs.frozen(kw_only=True)
class Length:
    """Settings of ``text.length``; a bound left out is taken from ``task.constraints``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to count in; the task's first field when left out"}
    )
    words: Between | None = attrs.field(
        default=None, metadata={"help": "fewest and most words (runs of characters between blanks)"}
    )
    characters: Between | None = attrs.field(
        default=None, metadata={"help": "fewest and most characters (Unicode code points)"}
    )


@attrs.frozen
class LengthFilter:
    """Counts what is bounded, and refuses rows outside the bounds."""

    field: str
    bounds: tuple[tuple[str, Between], ...]

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """``fewer than 4 words``, ``more than 40 words``, ``missing``, or null."""
        reasons, column = Reasons(rows.num_rows), rows.column(self.field)
        reasons.give("missing", pc.is_null(column).to_numpy(zero_copy_only=False))
        for unit, bound in self.bounds:
            counted = COUNTERS[unit](column)
            if bound.min is not None:
                reasons.give(f"fewer than {bound.min} {unit}", counted < bound.min)
            if bound.max is not None:
                reasons.give(f"more than {bound.max} {unit}", counted > bound.max)
        return reasons.array()


def build(config: Length, tools: Tools) -> LengthFilter:
    """The filter, or ``RecipeError`` where no bound is given anywhere or none can be met."""
    given = {unit: getattr(config, unit) or getattr(tools.task.constraints, unit) for unit in COUNTERS}
    bounds = tuple((unit, bound) for unit, bound in given.items() if bound is not None)
    if not bounds:
        raise RecipeError.of(
            "no bound to check: neither this step nor task.constraints gives words or characters",
            suggestion="add words = { min = 4, max = 40 } to the step or to [task.constraints]",
        )
    return LengthFilter(tools.task.field_of(config.field), bounds)
