"""Counts out of a profile file, for metrics that need no more of the real rows than that."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import numpy as np

from fairloom.contingency import Floats
from fairloom.draws import Ints
from fairloom.problems import RecipeError, did_you_mean

OTHER = "(other)"
"""What ``fairloom profile`` calls values too rare to be written."""


@attrs.frozen
class ProfileFile:
    """A profile, as ``fairloom profile`` writes it."""

    name: str
    data: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> ProfileFile:
        """The profile in a file.

        Raises:
            RecipeError: The file is no profile.
        """
        try:
            data = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise RecipeError.of(f"{path.name} is no JSON: {error}", "profile") from error
        if not isinstance(data, dict) or (data.get("format"), data.get("version")) != ("fairloom-profile", 1):
            way = "make one with fairloom profile"
            raise RecipeError.of(f"{path.name} is no profile of version 1", "profile", suggestion=way)
        return cls(path.name, data)

    def table(self, axes: Sequence[str]) -> tuple[list[list[str]], Ints]:
        """The levels of each axis, and the counts with the axes in this order.

        Raises:
            RecipeError: The profile has no such axis, or no table of these axes.
        """
        known = self._part("axes")
        for axis in axes:
            if axis not in known:
                hint = did_you_mean(axis, known)
                raise RecipeError.of(f"{self.name} has no axis {axis!r}", "profile", suggestion=hint)
        try:
            levels = [[str(level) for level in known[axis]["levels"]] for axis in axes]
            counts = self._counts(axes, known)
        except (KeyError, TypeError, ValueError) as error:
            raise RecipeError.of(f"{self.name} is damaged: {error!r}", "profile") from error
        if counts.shape != tuple(map(len, levels)):
            raise RecipeError.of(f"{self.name} is damaged: the table of {', '.join(axes)} has a wrong shape", "profile")
        return levels, counts

    def _counts(self, axes: Sequence[str], known: Mapping[str, Any]) -> Ints:
        if len(axes) == 1:
            return np.asarray(known[axes[0]]["counts"], dtype=np.int64)
        for entry in self.data.get("tables", ()):
            if set(entry["axes"]) == set(axes) and len(entry["axes"]) == len(axes):
                counts = np.asarray(entry["counts"], dtype=np.int64)
                return counts.transpose([entry["axes"].index(axis) for axis in axes])
        way = f"make it with fairloom profile --joint {','.join(axes)}"
        raise RecipeError.of(f"{self.name} has no table of {', '.join(axes)}", "profile", suggestion=way)

    def lengths(self, unit: str) -> tuple[Floats, Ints, float]:
        """Edges and counts of the decile bins of lengths, and the mean length.

        Raises:
            RecipeError: The profile is of rows without a text.
        """
        found = self._part("lengths").get(unit)
        if found is None:
            way = "make it with fairloom profile --text COLUMN"
            raise RecipeError.of(f"{self.name} has no lengths of texts", "profile", suggestion=way)
        try:
            edges = np.asarray(found["edges"], dtype=np.float64)
            counts = np.asarray(found["counts"], dtype=np.int64)
            mean = float(found["mean"])
        except (KeyError, TypeError, ValueError) as error:
            raise RecipeError.of(f"{self.name} is damaged: {error!r}", "profile") from error
        if counts.shape != (edges.size + 1,) or not counts.sum():
            raise RecipeError.of(f"{self.name} is damaged: lengths need one count more than edges", "profile")
        return edges, counts, mean

    def _part(self, key: str) -> Mapping[str, Any]:
        found = self.data.get(key)
        return found if isinstance(found, Mapping) else {}
