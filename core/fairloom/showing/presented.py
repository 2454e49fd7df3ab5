"""What presents a run, apart from what it presents: pages are rendered from the folder and never list each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REPORT, README, CROISSANT = "report.html", "README.md", "croissant.json"
PRESENTATION = frozenset((REPORT, README, CROISSANT))


def data_files(manifest: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The files of the manifest without report and card, so that rendering those again changes nothing."""
    return [file for file in manifest.get("files", []) if file["path"] not in PRESENTATION]
