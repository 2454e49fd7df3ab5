"""Ours and theirs: counts of the combinations of some columns on both sides, in one order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import attrs
import numpy as np
import pyarrow as pa

from fairloom.batch import decoded
from fairloom.components import Tools
from fairloom.draws import Ints
from fairloom.problems import RecipeError
from fairloom_compare.halves import halves
from fairloom_compare.profiled import OTHER, ProfileFile
from fairloom_compare.reference import Reference, named, one_of

Combination = tuple[str, ...]


def counted(columns: Sequence[Any]) -> Counter[Combination]:
    """How often each combination of values comes."""
    texts = [decoded(column).cast(pa.string()) for column in columns]
    names = [str(place) for place in range(len(texts))]
    table = pa.table(dict(zip(names, texts, strict=True))).drop_null()
    grouped = table.group_by(names).aggregate([([], "count_all")])
    keys = zip(*(grouped.column(name).to_pylist() for name in names), strict=True)
    return Counter(dict(zip(keys, grouped.column("count_all").to_pylist(), strict=True)))


class Theirs(Protocol):
    """The real side of a comparison."""

    @property
    def name(self) -> str:
        """What messages call it."""

    def counts(self) -> Counter[Combination]:
        """How often each combination comes; ``KeyError`` says what is missing."""

    def folded(self, ours: Counter[Combination]) -> Counter[Combination]:
        """Our counts, with what the other side does not tell apart taken together."""

    def split(self) -> tuple[Counter[Combination], Counter[Combination]] | None:
        """The counts of two halves of the real rows, where they are there and enough."""


@attrs.frozen
class ReferenceSide:
    """Counts of reference rows."""

    reference: Reference
    columns: tuple[str, ...]

    @property
    def name(self) -> str:
        """The name of the reference."""
        return f"reference {self.reference.name!r}"

    def counts(self) -> Counter[Combination]:
        """Count the reference rows."""
        return counted(self._columns())

    def folded(self, ours: Counter[Combination]) -> Counter[Combination]:
        """Reference rows name every value, so ours stay as they are."""
        return ours

    def split(self) -> tuple[Counter[Combination], Counter[Combination]] | None:
        """Count the halves of the reference rows."""
        columns = self._columns()
        parts = halves(len(columns[0]))
        if parts is None:
            return None
        one, two = ([column.take(pa.array(part)) for column in columns] for part in parts)
        return counted(one), counted(two)

    def _columns(self) -> list[Any]:
        return [self.reference.column(name) for name in self.columns]


@attrs.frozen
class ProfileSide:
    """Counts out of a profile."""

    file: ProfileFile
    axes: tuple[str, ...]
    levels: Sequence[Sequence[str]]
    table: Ints

    @property
    def name(self) -> str:
        """The name of the file."""
        return f"profile {self.file.name}"

    def counts(self) -> Counter[Combination]:
        """The cells of the profile's table that hold rows."""
        return Counter(dict(self._cells()))

    def _cells(self) -> Iterator[tuple[Combination, int]]:
        for spot in zip(*(places.tolist() for places in np.nonzero(self.table)), strict=True):
            names = tuple(levels[place] for levels, place in zip(self.levels, spot, strict=True))
            yield names, int(self.table[spot])

    def folded(self, ours: Counter[Combination]) -> Counter[Combination]:
        """Values of ours that the profile took together as too rare are taken together too."""
        found: Counter[Combination] = Counter()
        for names, count in ours.items():
            kept = tuple(
                OTHER if name not in levels and OTHER in levels else name
                for name, levels in zip(names, self.levels, strict=True)
            )
            found[kept] += count
        return found

    def split(self) -> None:
        """A profile holds no rows that could be split."""
        return


def theirs(against: str | None, profile: str | None, columns: Sequence[str], tools: Tools) -> Theirs:
    """The real side that the settings name.

    Raises:
        RecipeError: Both ``against`` and ``profile`` are given, or neither, or there is no such thing.
    """
    one_of(against, profile)
    if profile is None:
        return ReferenceSide(named(str(against), tools), tuple(columns))
    file = ProfileFile.read(tools.open_path(profile))
    levels, table = file.table(columns)
    return ProfileSide(file, tuple(columns), levels, table)


def renamed(columns: Sequence[str], names: Mapping[str, str]) -> tuple[str, ...]:
    """What the other side calls our columns.

    Raises:
        RecipeError: ``names`` speaks of a column that is not compared.
    """
    strange = [name for name in names if name not in columns]
    if strange:
        raise RecipeError.of(
            f"{strange[0]!r} is not compared", "names", strange[0], suggestion="name a compared column"
        )
    return tuple(names.get(column, column) for column in columns)
