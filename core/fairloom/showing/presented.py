"""What presents a run, apart from what it presents: pages are rendered from the folder and never list each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

REPORT, README, CROISSANT = "report.html", "README.md", "croissant.json"
PRESENTATION = frozenset((REPORT, README, CROISSANT))


def data_files(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of the manifest without report and card, so that rendering those again changes nothing."""
    return [file for file in manifest.get("files", []) if file["path"] not in PRESENTATION]


def documents(folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """The manifest, the measurements and the certificate of a run; what the run has none of is empty."""
    further = (folder / f"{name}.json" for name in ("measurements", "certificate"))
    measurements, certificate = (_read(path) if path.is_file() else {} for path in further)
    return _read(folder / "manifest.json"), measurements, certificate


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data
