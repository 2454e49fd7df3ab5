"""What a run left out on purpose: combinations that rules forbid, levels that queries drop, forms that do not exist."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Line = tuple[str, str, int | None]
"""By what (``rule``, ``where``, ``template``), what it says or is for, and how many rows (of ``where``: levels)."""


def lines(manifest: Mapping[str, Any]) -> Iterator[Line]:
    """Everything that a manifest counts as left out."""
    excluded = manifest.get("excluded") or {}
    for rule, count in excluded.get("rows", {}).items():
        yield "rule", rule, count
    for factor, count in excluded.get("levels", {}).items():
        yield "where", f"levels of {factor}", count
    unwritable = (manifest.get("unwritable") or {}).get("rows")
    if unwritable:
        yield "template", "combinations with a missing form", unwritable
