"""Profile files: the counts of real data, one axis at a time and together, without any of its rows.

A profile is JSON::

    {
      "format": "fairloom-profile",
      "version": 1,
      "rows": 32561,
      "axes": {
        "income": {"levels": ["<=50K", ">50K"], "counts": [24720, 7841]},
        "sex": {"levels": ["Female", "Male"], "counts": [10771, 21790]}
      },
      "tables": [{"axes": ["income", "sex"], "counts": [[9592, 15128], [1179, 6662]]}]
    }

``levels`` and ``counts`` of an axis go together; a table holds counts nested once per axis, in the order of the
levels. Other keys may stand beside these and are left alone.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom_design.demands import Floats

FORMAT, VERSION = "fairloom-profile", 1


@attrs.frozen(eq=False)
class ProfiledTable:
    """Counts over some axes of the profile, shape by their levels."""

    axes: tuple[str, ...]
    counts: Floats


@attrs.frozen(eq=False)
class Profile:
    """What a profile file says: the levels of each axis, and every table, single axes first."""

    levels: Mapping[str, tuple[str, ...]]
    tables: tuple[ProfiledTable, ...]


def read_profile(path: Path) -> Profile:
    """The profile in a file.

    Raises:
        RecipeError: with everything in it that is not as it should be.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError) as error:
        raise RecipeError([Problem(f"is no JSON: {error}", file=path.name)]) from error
    reading = _Reading(path.name)
    found = reading.profile(data)
    if reading.problems or found is None:
        raise RecipeError(reading.problems[:20])
    return found


@attrs.define
class _Reading:
    """Checks a profile and collects what is wrong."""

    file: str
    problems: list[Problem] = attrs.field(factory=list)

    def wrong(self, message: str, way: str | None = None) -> None:
        self.problems.append(Problem(message, file=self.file, suggestion=way))

    def profile(self, data: Any) -> Profile | None:
        if not isinstance(data, Mapping) or data.get("format") != FORMAT:
            self.wrong(f'is no profile: it needs "format": "{FORMAT}"', "make one with fairloom profile")
            return None
        if data.get("version") != VERSION:
            self.wrong(f"has version {data.get('version')!r}; this fairloom reads version {VERSION}")
            return None
        axes, tables = data.get("axes"), data.get("tables", [])
        if not isinstance(axes, Mapping) or not axes or not isinstance(tables, Sequence):
            self.wrong('needs "axes", an object, and may have "tables", a list')
            return None
        singles = [found for name, entry in axes.items() if (found := self.axis(name, entry)) is not None]
        levels = {table.axes[0]: names for table, names in singles}
        read = [self.table(place, entry, levels) for place, entry in enumerate(tables)]
        joint = [table for table in read if table is not None]
        return Profile(levels, (*(table for table, _ in singles), *joint))

    def axis(self, name: str, entry: Any) -> tuple[ProfiledTable, tuple[str, ...]] | None:
        levels = entry.get("levels") if isinstance(entry, Mapping) else None
        if not isinstance(levels, list) or not levels or not all(isinstance(level, str) for level in levels):
            self.wrong(f"axes.{name} needs levels, a list of texts")
            return None
        if len(set(levels)) != len(levels):
            self.wrong(f"axes.{name} has a level twice")
            return None
        counts = self.counts(entry.get("counts"), (len(levels),), f"axes.{name}")
        return None if counts is None else (ProfiledTable((name,), counts), tuple(levels))

    def table(self, place: int, entry: Any, levels: Mapping[str, Sequence[str]]) -> ProfiledTable | None:
        axes = entry.get("axes") if isinstance(entry, Mapping) else None
        if not isinstance(axes, list) or not axes or len(set(map(str, axes))) != len(axes):
            self.wrong(f"tables[{place}] needs axes, a list of different axes")
            return None
        unknown = [axis for axis in axes if axis not in levels]
        if unknown:
            self.wrong(f"tables[{place}] names {unknown[0]!r}, which is no axis", did_you_mean(str(unknown[0]), levels))
            return None
        shape = tuple(len(levels[axis]) for axis in axes)
        counts = self.counts(entry.get("counts"), shape, f"tables[{place}]")
        return None if counts is None else ProfiledTable(tuple(axes), counts)

    def counts(self, value: Any, shape: tuple[int, ...], where: str) -> Floats | None:
        try:
            counts = np.array(value, dtype=np.float64)
        except (ValueError, TypeError):
            counts = np.zeros(())
        if counts.shape != shape or not np.isfinite(counts).all() or (counts < 0).any() or not counts.any():
            size = " x ".join(map(str, shape))
            self.wrong(f"{where} needs counts, {size} numbers from 0 and not all 0")
            return None
        return counts
