"""Another level of a factor in all spans of it: another city, another person with the pronouns that agree."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import decoded
from fairloom.components import Tools
from fairloom.draws import Ints
from fairloom.edits import Edits, FlatSpans, named
from fairloom.factors import Factor
from fairloom.problems import RecipeError, did_you_mean
from fairloom_edits.sites import Addresses


@attrs.frozen(eq=False)
class Swapped:
    """All spans of a factor take the forms of another of its levels, which agrees and differs as asked.

    The forms are those of the value table, column by column, so pronouns agree with names by construction. A span that
    says something else than its column (an inflected form) leaves the whole row alone: nothing is guessed.
    """

    name: str
    factor: Factor
    others: tuple[Ints, ...]

    @classmethod
    def of(cls, name: str, factor_name: str, same: tuple[str, ...], differ: tuple[str, ...], tools: Tools) -> Swapped:
        """The swap, or ``RecipeError`` for unknown factors and columns, and levels that no other can stand in for."""
        factor = tools.factors.get(factor_name)
        if factor is None or factor.size == 0:
            hint = did_you_mean(factor_name, [each for each, known in tools.factors.items() if known.size])
            raise RecipeError.of(f"no factor {factor_name!r} with a table", "factor", suggestion=hint)
        for key, columns in (("same", same), ("differ", differ)):
            for column in columns:
                if column not in factor.attributes:
                    hint = did_you_mean(column, factor.attributes)
                    raise RecipeError.of(f"factor {factor_name!r} has no column {column!r}", key, suggestion=hint)
        others = tuple(_others(factor, level, same, differ) for level in range(factor.size))
        alone = [factor.names[level] for level, others_of in enumerate(others) if not others_of.size]
        if len(alone) == factor.size:
            raise RecipeError.of("no level can stand in for another", "factor", suggestion="loosen same and differ")
        return cls(name, factor, others)

    def propose(self, rows: pa.RecordBatch, field: str, spans: Any | None, addresses: Addresses) -> Edits:  # noqa: ARG002 - one signature for all
        """One edit per span, those of a row in one group."""
        if spans is None:
            return Edits.none()
        flat = FlatSpans.of(spans)
        at = np.flatnonzero(named(flat.slots, [self.factor.name]))
        levels = self._levels(rows)
        drawn, _ = addresses.words(np.arange(rows.num_rows), np.zeros(rows.num_rows, np.int64))
        slots, values = decoded(flat.slots).to_pylist(), decoded(flat.values).to_pylist()
        found: list[tuple[int, int, int, str]] = []
        unknown: set[int] = set()
        for place in at.tolist():
            owner = int(flat.row[place])
            new = self._form(levels[owner], int(drawn[owner]), slots[place], values[place])
            if new is None:
                unknown.add(owner)
            elif new != values[place]:
                found.append((owner, int(flat.start[place]), int(flat.end[place]), new))
        kept = [each for each in found if each[0] not in unknown]
        row, start, end = np.array([each[:3] for each in kept], np.int64).reshape(-1, 3).T
        return Edits.of(row, start, end, [each[3] for each in kept], self.name, row)

    def _levels(self, rows: pa.RecordBatch) -> list[int]:
        numbers = {name: number for number, name in enumerate(self.factor.names)}
        return [numbers.get(name, -1) for name in decoded(rows.column(self.factor.name)).to_pylist()]

    def _form(self, level: int, drawn: int, slot: str, said: str) -> str | None:
        """What the other level says in place of ``said``; ``None`` where that cannot be known."""
        if level < 0 or not self.others[level].size:
            return None
        column = slot.partition(".")[2] or self.factor.attributes[0]
        if column not in self.factor.attributes:
            return None
        other = int(self.others[level][drawn * self.others[level].size >> 32])
        old, new = (self.factor.column(column)[each].as_py() for each in (level, other))
        if new is None or not str(new):
            return None
        return {str(old): str(new), _capital(str(old)): _capital(str(new))}.get(said)


def _others(factor: Factor, level: int, same: tuple[str, ...], differ: tuple[str, ...]) -> Ints:
    fits = np.arange(factor.size) != level
    for columns, equal in ((same, True), (differ, False)):
        for column in columns:
            codes, _ = factor.codes(column)
            fits &= (codes == codes[level]) == equal
    return np.flatnonzero(fits)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
