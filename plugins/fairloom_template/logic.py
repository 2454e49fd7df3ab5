"""Logic by combinations: each distinct combination of what a template's logic reads is worked out once.

A condition usually depends on an attribute with few values (a gender, a number), so a batch of 65,536
rows needs a handful of evaluations. Their results join the layout as further, purely columnar templates.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.problems import RunError
from fairloom_template.assembly import Sheet
from fairloom_template.layout import Layout, Linker, Segment
from fairloom_template.names import Slot
from fairloom_template.pool import Ids, Index
from fairloom_template.program import Program
from fairloom_template.values import Budget, LogicError, Scope, Value

_LARGEST = 2**62


@attrs.frozen(eq=False)
class Reading:
    """What logic can find in one slot: a code per level (0: none), and the distinct values behind the codes."""

    slot: Slot
    source: int
    codes: Index
    distinct: Any

    @classmethod
    def of(cls, slot: Slot, source: int, column: Any) -> Reading:
        """The distinct values of a column with one entry per level; level 0 and nulls have code 0."""
        coded = _coded(column)
        codes = coded.indices.fill_null(-1).to_numpy().astype(np.int64) + 1
        return cls(slot, source, np.concatenate([np.zeros(1, dtype=np.int64), codes]), coded.dictionary)

    def value(self, code: int) -> Value:
        """The value behind a code."""
        return _value(self.distinct[code - 1] if code else None, str(self.slot))


@attrs.frozen(eq=False)
class Logic:
    """The programs of one column that are not simple, by their template, with the slots they read."""

    programs: Mapping[int, Program]
    max_characters: int

    def expanded(self, sheet: Sheet, readings: Mapping[Slot, Reading], levels: Ids, linker: Linker) -> Sheet:
        """The sheet with every row of a logical template pointing at the outcome for its combination.

        Raises:
            RunError: a template's logic fails or spends more than its budget.
        """
        rows = np.flatnonzero(np.isin(sheet.template, list(self.programs)))
        if not len(rows):
            return sheet
        codes = self._codes(sheet.template[rows], rows, readings, levels)
        firsts, which = _distinct(codes)
        outcomes = [self._outcome(codes[:, first], readings, linker) for first in firsts]
        template = sheet.template.copy()
        template[rows] = len(sheet.layout.first) + which
        return Sheet(sheet.layout.joined(Layout.of(outcomes)), template)

    def _codes(self, template: Index, rows: Index, readings: Mapping[Slot, Reading], levels: Ids) -> Index:
        """One line per thing a row depends on: its template, then the code of every slot it reads."""
        lines = [template]
        for place in range(max(len(program.reads) for program in self.programs.values())):
            reads = {key: program.reads[place] for key, program in self.programs.items() if place < len(program.reads)}
            line = np.zeros(len(rows), dtype=np.int64)
            for slot in dict.fromkeys(reads.values()):
                here = np.isin(template, [key for key, read in reads.items() if read == slot])
                line[here] = readings[slot].codes[levels[readings[slot].source, rows[here]]]
            lines.append(line)
        return np.stack(lines)

    def _outcome(self, codes: Index, readings: Mapping[Slot, Reading], linker: Linker) -> list[Segment]:
        program = self.programs[int(codes[0])]
        found = {slot: readings[slot].value(int(code)) for slot, code in zip(program.reads, codes[1:], strict=False)}
        try:
            return linker.segments(program.pieces(Scope(found, Budget(self.max_characters))))
        except LogicError as error:
            raise RunError(f"{program.title}: {error}") from None


def _distinct(codes: Index) -> tuple[Index, Index]:
    """First column of every distinct column, and for each column the number of its like."""
    key, bound = codes[0], int(codes[0].max()) + 1
    for line in codes[1:]:
        width = int(line.max()) + 1
        if bound * width > _LARGEST:
            key = np.unique(key, return_inverse=True)[1]
            bound = int(key.max()) + 1
        key, bound = key * width + line, bound * width
    _, firsts, which = np.unique(key, return_index=True, return_inverse=True)
    return firsts, which


def _coded(column: Any) -> Any:
    """A column by its distinct values; of lists, which Arrow cannot encode, every one counts as distinct."""
    try:
        return column.dictionary_encode()
    except pa.ArrowNotImplementedError:
        return pa.DictionaryArray.from_arrays(np.arange(len(column), dtype=np.int32), column)


def _value(scalar: Any, origin: str) -> Value:
    if scalar is None or not scalar.is_valid:
        return Value(None, None, origin)
    if isinstance(scalar, pa.ListScalar):  # also large and fixed-size lists
        return Value(tuple(_value(item, origin) for item in scalar.values), None, origin)
    return Value(scalar.as_py(), pc.cast(scalar, pa.string()).as_py(), origin)
