"""The manifest: what was made, from what, by what; enough to verify the data and to make them again."""

from __future__ import annotations

import hashlib
import platform
import unicodedata
from collections.abc import Collection, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from fairloom.draws import SCHEME
from fairloom.reading.inputs import file_digest
from fairloom.weaving.loom import Loom
from fairloom.weaving.store import MANIFEST, canonical, ordered

SELF = "manifest_digest"
_NOT_IDENTITY = ("to",)
_LIMITS = ("batch", "max_texts")


def recipe_digest(recipe: Any) -> str:
    """SHA-256 of a resolved recipe; the order of its factors decides rows, so it counts."""
    return f"sha256:{hashlib.sha256(ordered(recipe).encode()).hexdigest()}"


def digest_of(data: Any) -> str:
    """SHA-256 of plain data in canonical JSON."""
    return f"sha256:{hashlib.sha256(canonical(data).encode()).hexdigest()}"


def identity(loom: Loom) -> dict[str, Any]:
    """What decides the data: recipe as resolved, inputs, plugins, randomness scheme.

    Where the run folder lies does not count.
    """
    recipe = dict(loom.recipe.resolved)
    if "export" in recipe:
        recipe["export"] = _without(recipe["export"], _NOT_IDENTITY)
    if loom.models:
        # How a model is reached, its limits and where its answers are kept decide no answer.
        recipe = {**recipe, "models": loom.models.identities()}
        recipe.pop("journal", None)
    if "predictors" in recipe:
        # What a predictor may be asked, and how much at once, decides no answer: a run that used it up can go on.
        recipe["predictors"] = {name: _without(spec, _LIMITS) for name, spec in recipe["predictors"].items()}
    parts: dict[str, Any] = {
        "name": loom.recipe.recipe.name,
        "version": loom.recipe.recipe.version,
        "fairloom": version("fairloom"),
        "recipe_digest": recipe_digest(recipe),
        "inputs": loom.inputs.records(),
        "tables": [dict(table) for table in loom.tables],
        "plugins": loom.plugins.fingerprint(),
        "draws": SCHEME,
    }
    if packages := loom.packages.records():
        parts["packages"] = packages
    return {**parts, "digest": digest_of(parts)}


def _without(table: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if key not in keys}


def environment() -> dict[str, str]:
    """What the data should not depend on, written down in case it does."""
    return {
        "python": platform.python_version(),
        "platform": platform.system(),
        "machine": platform.machine(),
        "unicode": unicodedata.unidata_version,
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def file_records(folder: Path, rows: dict[str, int]) -> list[dict[str, Any]]:
    """Path, digest, size and (for data) rows of every file of a run folder, sorted by path."""
    records: list[dict[str, Any]] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or name == MANIFEST:
            continue
        record: dict[str, Any] = {"path": name, "sha256": file_digest(path), "bytes": path.stat().st_size}
        data = name.removeprefix("data/")
        if name != data and data in rows:
            record["rows"] = rows[data]
        records.append(record)
    return records


def sealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with a digest over the rest of itself, so that a changed byte shows."""
    body = {key: value for key, value in manifest.items() if key != SELF}
    return {**body, SELF: digest_of(body)}
