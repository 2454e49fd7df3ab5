"""The levels of a profile as value tables, so that a recipe need not spell them out."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

from fairloom.problems import RecipeError
from fairloom.profiling.profile import Profile
from fairloom.weaving.store import atomic


def write_levels(profile: Profile, folder: Path, *, force: bool = False) -> list[Path]:
    """One CSV file per axis, ``name`` first, with ``min`` and ``max`` for bins; a factor reads it with ``from``.

    Raises:
        RecipeError: A file is there already, and ``force`` is not given.
    """
    targets = {axis: folder / f"{re.sub(r'[^A-Za-z0-9._-]', '_', axis)}.csv" for axis in profile.data["axes"]}
    there = [target for target in targets.values() if target.exists()]
    if there and not force:
        raise RecipeError.of(f"{there[0]} is there already", suggestion="write elsewhere, or add --force")
    folder.mkdir(parents=True, exist_ok=True)
    for axis, target in targets.items():
        with atomic(target) as file:
            file.write(_table(profile, axis).encode())
    return list(targets.values())


def _table(profile: Profile, axis: str) -> str:
    entry = profile.data["axes"][axis]
    bounds = {value["name"]: (value["min"], value["max"]) for value in entry.get("values", ())}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["name", "min", "max"] if bounds else ["name"])
    writer.writerows([name, *(bounds.get(name, ("", "")) if bounds else ())] for name in entry["levels"])
    return text.getvalue()
