"""Verifying a run folder: every file against the manifest, the rows against the content digest."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq

from fairloom.modelling.journal import FILE as JOURNAL
from fairloom.problems import Problem, RunError
from fairloom.reading.inputs import file_digest
from fairloom.reading.load import recipe_of
from fairloom.run import run
from fairloom.weaving.digest import ContentDigest
from fairloom.weaving.manifest import SELF, digest_of
from fairloom.weaving.store import MANIFEST


def verify(folder: str | Path) -> list[Problem]:
    """What is wrong with a finished run; empty when every byte is as it was written.

    Raises:
        RunError: There is no finished run in the folder.
    """
    path = Path(folder)
    manifest, problems = _manifest(path)
    if manifest is None:
        return problems
    problems += _files(path, manifest)
    if not problems:
        problems += _content(path, manifest)
    return problems


def _manifest(path: Path) -> tuple[dict[str, Any] | None, list[Problem]]:
    place = path / MANIFEST
    if not place.is_file():
        raise RunError(f"{path} holds no finished run (there is no {MANIFEST})")
    try:
        manifest: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
        claimed = manifest[SELF]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        return None, [Problem(f"the manifest cannot be read: {error}", file=MANIFEST)]
    if digest_of({key: value for key, value in manifest.items() if key != SELF}) != claimed:
        return None, [Problem("the manifest was changed after it was written", file=MANIFEST)]
    return manifest, []


def _files(path: Path, manifest: dict[str, Any]) -> list[Problem]:
    problems: list[Problem] = []
    listed = {record["path"] for record in manifest["files"]}
    for record in manifest["files"]:
        target = path / record["path"]
        if not target.is_file():
            problems.append(Problem("missing", file=record["path"]))
        elif target.stat().st_size != record["bytes"] or file_digest(target) != record["sha256"]:
            problems.append(Problem("its bytes differ from what the run wrote", file=record["path"]))
    for folder in ("data", "rejected"):
        for target in sorted((path / folder).rglob("*")):
            name = target.relative_to(path).as_posix()
            if target.is_file() and name not in listed:
                problems.append(Problem("not written by the run", file=name))
    return problems


def _content(path: Path, manifest: dict[str, Any]) -> list[Problem]:
    digest = content_digest(path)
    if digest == manifest["content_digest"]:
        return []
    return [Problem(f"the rows have digest {digest}, the manifest says {manifest['content_digest']}", file="data")]


def content_digest(path: Path) -> str:
    """The content digest of the rows in a run folder, in order of address."""
    digest = ContentDigest()
    for table in _parts(path / "data"):
        for batch in table.to_batches():
            digest.add(batch)
    return digest.hexdigest()


def _parts(data: Path) -> Iterator[pa.Table]:
    """The rows part by part; the splits of one part are put back in order of address."""
    by_name: dict[str, list[Path]] = {}
    for file in data.rglob("*.parquet"):
        by_name.setdefault(file.name, []).append(file)
    for name in sorted(by_name):
        tables = [pq.read_table(file, partitioning=None) for file in sorted(by_name[name])]
        table = pa.concat_tables(tables).combine_chunks()
        if len(tables) > 1:
            table = table.sort_by([("family", "ascending"), ("member", "ascending")])
        yield table


def rebuild(
    folder: str | Path,
    *,
    recipe: str | Path | None = None,
    allow: Iterable[str | Path] = (),
    workers: int = 1,
) -> list[Problem]:
    """Make the data again from the recipe in the manifest and compare; empty when they are the same.

    Inputs are read from beside the recipe file the manifest names, or beside ``recipe``.

    Raises:
        RunError: There is no finished run, or the recipe's folder cannot be found.
    """
    path = Path(folder).resolve()
    manifest, problems = _manifest(path)
    if manifest is None:
        return problems
    root = recipe_root(path, manifest, recipe)
    again = recipe_of(manifest["recipe"], root)
    with tempfile.TemporaryDirectory(prefix="fairloom-rebuild-") as place:
        journal, replay = _answers(path, manifest, Path(place))
        made = run(again, Path(place) / "run", workers=workers, allow=allow, journal=journal, replay=replay)
        return _compare(manifest, made.manifest)


def _answers(path: Path, manifest: dict[str, Any], place: Path) -> tuple[Path | None, Literal["only"] | None]:
    """A copy of the journal of a run that asked models; ``None`` where the recipe says where it is."""
    if "journal" not in manifest:
        return None, None
    if not (path / JOURNAL).is_file():
        return None, "only"
    return Path(shutil.copy(path / JOURNAL, place / JOURNAL)), "only"


def recipe_root(path: Path, manifest: dict[str, Any], recipe: str | Path | None) -> Path:
    """The folder that the paths of a run's recipe are relative to; any will do for a recipe that reads no file.

    Raises:
        RunError: The recipe is no longer where it was, or not where ``recipe`` says.
    """
    if recipe is not None:
        place = Path(recipe).resolve()
        if not place.exists():
            raise RunError(f"there is no recipe at {place}")
        return place if place.is_dir() else place.parent
    if not _reads(manifest):
        return path
    if manifest.get("recipe_file") is None:
        raise RunError("the manifest names no recipe file; say where its inputs are with --recipe")
    place = (path / str(manifest["recipe_file"])).resolve()
    if not place.is_file():
        raise RunError(f"the recipe is no longer at {place}; say where it is now with --recipe")
    return place.parent


def _reads(manifest: dict[str, Any]) -> bool:
    """Whether the recipe has tables, texts or components in files beside it; the recipe itself is in the manifest."""
    return bool(manifest["inputs"]) or any(plugin.get("sha256") for plugin in manifest["plugins"])


def _compare(was: dict[str, Any], now: dict[str, Any]) -> list[Problem]:
    if was["content_digest"] == now["content_digest"]:
        return []
    problems = [
        Problem(
            f"made again, the rows have digest {now['content_digest']}, the manifest says {was['content_digest']}",
            file="data",
        )
    ]
    then = {record["path"]: record["sha256"] for record in was["inputs"]}
    problems += [
        Problem("this input changed since the run", file=record["path"])
        for record in now["inputs"]
        if then.get(record["path"]) != record["sha256"]
    ]
    for old, new in zip(was["plugins"], now["plugins"], strict=False):
        if old != new:
            problems.append(Problem(f"this plugin changed since the run: {old} became {new}", file=new["name"]))
    if was["fairloom"] != now["fairloom"]:
        problems.append(Problem(f"fairloom {was['fairloom']} made the run, this is {now['fairloom']}"))
    return problems
