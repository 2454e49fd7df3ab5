"""Two profiles side by side: the certificate of each, and how far their shares and joint tables are apart."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from fairloom import contingency
from fairloom.draws import Ints
from fairloom.problems import RecipeError, did_you_mean
from fairloom.profiling.choice import Request
from fairloom.profiling.profile import FORMAT, Profile, profiled
from fairloom.profiling.source import RunSource, opened
from fairloom.results import Run


def is_profile(path: Path) -> bool:
    """Whether the file is a profile rather than rows."""
    if path.suffix.lower() != ".json" or not path.is_file():
        return False
    try:
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(data, dict) and data.get("format") == FORMAT


def other_profile(real: Profile, other: Path, match: Mapping[str, str]) -> Profile:
    """The profile of a run, of a file of rows, or as it is written in a file, over the axes of ``real``.

    Args:
        real: the profile to stand beside.
        other: a run folder, a profile, or a file of rows.
        match: axes of ``real`` and what the other calls them. For a run made by ``design.profile`` what its recipe
            says is known without.

    Raises:
        RecipeError: No axis is in both.
    """
    if is_profile(other):
        return _written(real, Profile.read(other), other, match)
    source = RunSource(Run.open(other)) if other.is_dir() else opened(other, None, {})
    known = _designed(source.run) if isinstance(source, RunSource) else {}
    names = set(next(iter(source.batches())).schema.names)
    axes = {axis: known.get(axis, axis) for axis in real.data["axes"]} | dict(match)
    _check(match, real, names)
    taken = {axis: column for axis, column in axes.items() if column in names}
    if not taken:
        raise RecipeError.of(
            f"{source.name} has no column called like an axis of the profile ({', '.join(axes)})",
            suggestion="say which is which: --match income=label",
        )
    # Rows that fairloom wrote, or that stay in this process: nothing in them needs to be merged.
    return profiled(source, Request(axes=taken, joint=_joints(real, taken), min_count=1))


def beside(real: Profile, other: Profile) -> dict[str, Any]:
    """What both say of each axis and each joint table that both have, as plain data."""
    both = [axis for axis in real.data["axes"] if axis in other.data["axes"]]
    axes = [{"axis": axis, **_distances(*_aligned(real, other, (axis,)))} for axis in both]
    groups = [tuple(entry["axes"]) for entry in real.data["tables"] if set(entry["axes"]) <= set(both)]
    joint = [
        {"axes": list(group), **_certificates(*tables), **_distances(*tables)}
        for group in groups
        if (tables := _aligned(real, other, group))[1].any()
    ]
    rows = {"n": real.data["rows"], "n_other": other.data["rows"]}
    return {**rows, "axes": axes, "tables": joint, "missing": [axis for axis in real.data["axes"] if axis not in both]}


def _written(real: Profile, other: Profile, path: Path, match: Mapping[str, str]) -> Profile:
    """Another profile, which already has names for its axes."""
    if match:
        way = "make the other profile again with --axes income=label"
        raise RecipeError.of(f"--match is for rows, and {path} is a profile, which names its own axes", suggestion=way)
    if not set(real.data["axes"]) & set(other.data["axes"]):
        names = ", ".join(other.data["axes"])
        raise RecipeError.of(f"the profiles have no axis in common: {path} has {names}", suggestion="name them alike")
    return other


def _designed(run: Run) -> dict[str, str]:
    """Axes of the profile that a run was designed by, and the columns they became."""
    design = run.manifest["recipe"].get("design", {})
    return {theirs: ours for ours, theirs in (design.get("axes") or {}).items()}


def _check(match: Mapping[str, str], real: Profile, names: set[str]) -> None:
    for axis, column in match.items():
        if axis not in real.data["axes"]:
            way = did_you_mean(axis, real.data["axes"])
            raise RecipeError.of(f"--match: the profile has no axis {axis!r}", suggestion=way)
        if column not in names:
            raise RecipeError.of(f"--match: there is no column {column!r}", suggestion=did_you_mean(column, names))


def _joints(real: Profile, taken: Mapping[str, str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(entry["axes"]) for entry in real.data["tables"] if set(entry["axes"]) <= set(taken))


def _aligned(real: Profile, other: Profile, group: tuple[str, ...]) -> tuple[Ints, Ints]:
    """The two tables over the levels of both, in one order."""
    levels = {
        axis: list(dict.fromkeys([*real.data["axes"][axis]["levels"], *other.data["axes"][axis]["levels"]]))
        for axis in group
    }
    return _spread(real, group, levels), _spread(other, group, levels)


def _spread(profile: Profile, group: tuple[str, ...], levels: Mapping[str, list[str]]) -> Ints:
    found = np.zeros([len(names) for names in levels.values()], dtype=np.int64)
    axes, counts = _table(profile, group)
    if counts is None:
        return found
    places = [[levels[axis].index(name) for name in profile.data["axes"][axis]["levels"]] for axis in axes]
    arranged = np.transpose(counts, [axes.index(axis) for axis in group])
    found[np.ix_(*(places[axes.index(axis)] for axis in group))] = arranged
    return found


def _table(profile: Profile, group: tuple[str, ...]) -> tuple[list[str], Ints | None]:
    if len(group) == 1:
        return list(group), np.asarray(profile.data["axes"][group[0]]["counts"], dtype=np.int64)
    for entry in profile.data["tables"]:
        if set(entry["axes"]) == set(group):
            return list(entry["axes"]), np.asarray(entry["counts"], dtype=np.int64)
    return list(group), None


def _distances(ours: Ints, theirs: Ints) -> dict[str, float]:
    p, q = theirs.ravel(), ours.ravel()
    seen = (p + q) > 0
    p, q = p[seen], q[seen]
    noise = 1 / p.sum() + 1 / q.sum()
    return {
        "tv": contingency.total_variation(p, q),
        "js": contingency.js_divergence(p, q),
        "psi": contingency.stability_index(p, q),
        "psi_expected": float((p.size - 1) * noise),
    }


_FIGURES: Mapping[str, Callable[[Ints], float]] = {
    "gap": contingency.gap,
    "v": contingency.cramers_v,
    "mi": contingency.mutual_information,
}


def _certificates(ours: Ints, theirs: Ints) -> dict[str, float]:
    if ours.ndim != 2:
        return {}
    sides = (("", ours), ("_other", theirs))
    return {f"{name}{side}": figure(table) for name, figure in _FIGURES.items() for side, table in sides}
