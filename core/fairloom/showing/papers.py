"""What a finished run says of itself, read with care: people edit, cut and copy these files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fairloom.problems import RunError

MANIFEST = "manifest.json"
_NEEDED = {
    "asked",
    "content_digest",
    "counts",
    "fairloom",
    "families",
    "files",
    "identity",
    "members",
    "recipe",
    "rows",
    "seed",
    "shortfall",
    "status",
}
"""The keys of every manifest that somebody reads."""


def paper(folder: Path, name: str, *, optional: bool = False) -> dict[str, Any]:
    """One of ``manifest.json``, ``measurements.json`` and ``certificate.json``; ``{}`` for an optional one not there.

    Raises:
        RunError: It cannot be read, or is not what a run writes there.
    """
    place = folder / name
    if optional and not place.is_file():
        return {}
    try:
        found = json.loads(place.read_text(encoding="utf-8"))
    except OSError as error:
        raise _damaged(folder, f"{place} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise _damaged(folder, f"{place} cannot be read: {error}") from error
    if not isinstance(found, dict):
        raise _damaged(folder, f"{place} is not what a run writes there")
    missing = sorted(_NEEDED - found.keys()) if name == MANIFEST else []
    if missing:
        raise _damaged(folder, f"{place} is not the manifest of a run: it has no {missing[0]!r}")
    return found


def files(folder: Path, manifest: Mapping[str, Any], below: str = "data") -> list[Path]:
    """The files with the final rows (or below ``rejected``), in order; what else lies there is not the run's.

    Raises:
        RunError: One is missing, or has not the size it was written with.
    """
    listed = [record for record in manifest["files"] if record["path"].startswith(f"{below}/")]
    sizes = {folder / record["path"]: record["bytes"] for record in listed}
    for place, size in sizes.items():
        if not place.is_file():
            raise _lost(f"{place} is missing", folder)
        if place.stat().st_size != size:
            raise _lost(f"{place} is not as the run wrote it", folder)
    return sorted(sizes)


@contextmanager
def rows_read(folder: Path) -> Iterator[None]:
    """Whatever keeps Parquet from reading the rows of a run is said as damage to its folder."""
    try:
        yield
    except (ValueError, OSError) as error:  # Arrow's own errors are among them
        raise _lost(f"rows in {folder} cannot be read: {str(error).splitlines()[0]}", folder) from error


def _damaged(folder: Path, what: str) -> RunError:
    return RunError(f"{what}; `fairloom verify {folder}` says what was changed, a run in another folder makes it again")


def _lost(what: str, folder: Path) -> RunError:
    return RunError(f"{what}; `fairloom verify {folder}` says what was changed, `run` with --fresh makes it again")
