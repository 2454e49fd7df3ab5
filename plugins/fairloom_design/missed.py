"""What a plan could not give: declared pairs that are further from independence than promised.

Everything is counted once more in the rows as planned, so that a demand which is not met is said and never
silently missed. What rules force is expected, and no miss.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping

from fairloom.design import Codes
from fairloom.draws import Ints
from fairloom_design.evening import columns_of
from fairloom_design.polish import UNIT, excess_of
from fairloom_design.space import Space
from fairloom_design.windows import Windows

BOUND = 4
"""The gap that declared pairs are promised."""
MOST_ENTRIES = 20_000_000


def missed(space: Space, windows: Mapping[str, Windows], cell: Ints, parts: Mapping[str, Codes]) -> Iterator[str]:
    """A note for every declared pair whose gap is above ``BOUND``, given the cell and levels of all places."""
    if not space.task.independent:
        return
    columns = {column.name: column for column in columns_of(space, windows, cell, parts, every=True)}
    pairs = dict.fromkeys(
        pair for group in space.task.independent for pair in itertools.combinations(map(str, group), 2)
    )
    for one, two in pairs:
        if one not in columns or two not in columns or not (columns[one].nest or columns[two].nest):
            continue
        if columns[one].size * columns[two].size > MOST_ENTRIES:
            yield f"{one} x {two} have too many combinations to check that they are independent"
            continue
        excess = excess_of(columns[one], columns[two])
        gap = int(excess.max() - excess.min()) // UNIT
        if gap > BOUND:
            yield (
                f"{one} x {two} are declared independent, but their table is uneven by {gap} rows (more than {BOUND}): "
                "ask for more rows, or declare or cross less that ties them"
            )
