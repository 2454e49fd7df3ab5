"""The pool of a search: changes over the original text, proposed by perturbations and freely combined.

A change is one group of edits that belong together. Because all of them are edits of the original, any set of changes
that do not touch each other can be made at once, spans stay exact, and how much was changed is known, not estimated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.attacks import Change, Options, State
from fairloom.draws import Draws, Ints
from fairloom.editing import apply
from fairloom.edits import Edits, Perturbs, Ranges


@attrs.frozen(eq=False)
class Pool:
    """The proposed edits of a batch, line by line, and the changes of each row."""

    edits: Edits
    changes: list[list[Change]]

    @classmethod
    def of(  # noqa: PLR0913, PLR0917 - what a pool is made of
        cls,
        rows: pa.RecordBatch,
        field: str,
        works: Sequence[tuple[str, Perturbs]],
        draws: Draws,
        times: int,
        protected: Ranges,
    ) -> Pool:
        """Ask every perturbation ``times`` times for edits and leave out what touches something protected."""
        texts = rows.column(field)
        parts: list[Edits] = []
        for place, (use, work) in enumerate(works):
            for turn in range(times):
                proposed = work.propose(rows, field, draws.stream(use, str(place), str(turn)))
                parts.append(apply(texts, None, proposed, protected).made)
        edits = _stacked(parts)
        return cls(edits, _changes(edits, rows.num_rows))

    def edits_for(self, states: Sequence[tuple[int, State, Options]]) -> Edits:
        """The edits that turn the text of each entry's row into its candidate; ``row`` is the place of the entry."""
        lines = [
            (place, line)
            for place, (row, state, _) in enumerate(states)
            for number in state
            if number >= 0
            for line in self.changes[row][number].lines
        ]
        probes = [
            (place, *options.words[-1 - state[0]])
            for place, (_, state, options) in enumerate(states)
            if state and state[0] < 0
        ]
        at = np.array([line for _, line in lines], dtype=np.int64)
        chosen = self.edits.take(at)
        rows = [place for place, _ in lines] + [place for place, _, _ in probes]
        gone = pa.array([""] * len(probes), pa.large_string())
        return Edits.of(
            rows,
            np.concatenate([chosen.start, [start for _, start, _ in probes]]),
            np.concatenate([chosen.end, [end for _, _, end in probes]]),
            pa.concat_arrays([chosen.new, gone]),
            pa.concat_arrays([chosen.rule, gone]),
            np.concatenate([chosen.group, np.arange(len(probes)) - len(probes)]),
        )


def _stacked(parts: Sequence[Edits]) -> Edits:
    """All parts below each other; groups of different parts stay apart. Not sorted: a pool is no set of edits."""
    groups, above = [], 0
    for part in parts:
        groups.append(part.group + above)
        above = int(groups[-1].max(initial=above - 1)) + 1
    none = Edits.none()
    whole = [none, *parts]
    return Edits(
        np.concatenate([each.row for each in whole]),
        np.concatenate([each.start for each in whole]),
        np.concatenate([each.end for each in whole]),
        pa.concat_arrays([each.new for each in whole]),
        pa.concat_arrays([each.rule for each in whole]),
        np.concatenate([none.group, *groups]),
    )


def _changes(edits: Edits, rows: int) -> list[list[Change]]:
    """The changes of each row in the order in which they were proposed, each once."""
    found: list[dict[Any, Change]] = [{} for _ in range(rows)]
    cost = np.maximum(pc.utf8_length(edits.new).to_numpy(zero_copy_only=False), edits.end - edits.start)
    new = edits.new.to_pylist()
    for lines in _grouped(edits.group):
        places = tuple((int(edits.start[line]), int(edits.end[line])) for line in lines)
        change = Change(places, int(cost[lines].sum()), tuple(lines.tolist()))
        said = (places, tuple(new[line] for line in lines))
        found[int(edits.row[lines[0]])].setdefault(said, change)
    return [list(each.values()) for each in found]


def _grouped(groups: Ints) -> Iterator[Ints]:
    """The lines of each group, groups in ascending order."""
    order = np.argsort(groups, kind="stable")
    borders = np.flatnonzero(np.diff(groups[order])) + 1
    return (lines for lines in np.split(order, borders) if lines.size)
