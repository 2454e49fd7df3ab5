"""The run folder: one writer, atomic files, and a journal that a killed run resumes from."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import attrs

from fairloom.modelling.journal import FILE as ANSWERS
from fairloom.problems import RecipeError, RunError

WORK = ".work"
IDENTITY = "identity.json"
JOURNAL = "journal.jsonl"
MANIFEST = "manifest.json"
OUTPUTS = (
    MANIFEST,
    "measurements.json",
    "certificate.json",
    "report.html",
    "README.md",
    "croissant.json",
    "recipe.json",
    "log.jsonl",
    "data",
    "rejected",
    "export",
)


def canonical(data: Any) -> str:
    """JSON with sorted keys and no blanks: what digests of plain data are taken over."""
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def ordered(data: Any) -> str:
    """JSON that keeps the order of keys, where order says something: factors in a recipe."""
    return json.dumps(data, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def pretty(data: Any) -> str:
    """JSON for people, with a final newline."""
    return json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


@contextlib.contextmanager
def atomic(path: Path) -> Iterator[IO[bytes]]:
    """A file that appears whole or not at all: temporary name, fsync, rename, fsync of the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically."""
    with atomic(path) as stream:
        stream.write(text.encode())


@attrs.define
class Journal:
    """What is done, one line per finished part: a checksum and JSON. A torn last line is cut off."""

    path: Path

    def read(self) -> dict[str, dict[str, Any]]:
        """Finished work by key, later lines winning; cuts what a kill left half written."""
        done: dict[str, dict[str, Any]] = {}
        if not self.path.exists():
            return done
        good = 0
        for line in self.path.read_bytes().splitlines(keepends=True):
            entry = _checked(line)
            if entry is None:
                break
            good += len(line)
            done[entry["key"]] = entry
        if good < self.path.stat().st_size:
            with self.path.open("r+b") as stream:
                stream.truncate(good)
        return done

    def append(self, key: str, entry: dict[str, Any]) -> None:
        """Record finished work durably."""
        text = canonical({"key": key, **entry}).encode()
        line = f"{zlib.crc32(text):08x} ".encode() + text + b"\n"
        with self.path.open("ab") as stream:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())


def _checked(line: bytes) -> dict[str, Any] | None:
    check, _, text = line.partition(b" ")
    if not line.endswith(b"\n") or check != f"{zlib.crc32(text[:-1]):08x}".encode():
        return None
    entry: dict[str, Any] = json.loads(text)
    return entry


@attrs.define(eq=False)
class Folder:
    """A run folder held by this process."""

    path: Path
    _lock: int | None = None

    @property
    def work(self) -> Path:
        """Where parts and the journal live until the run is complete."""
        return self.path / WORK

    @property
    def journal(self) -> Journal:
        """The journal of this run."""
        return Journal(self.work / JOURNAL)

    @property
    def complete(self) -> bool:
        """Whether a finished run lies here."""
        return (self.path / MANIFEST).is_file()

    def identity(self) -> dict[str, Any] | None:
        """The identity of the run in this folder, if there is one."""
        return _identity(self.path)

    def begin(self, identity: dict[str, Any]) -> None:
        """Write down what this run is, before any part; parts of which nobody knows the run are not gone on with."""
        if self.identity() is None:
            self.forget_work()  # a kill while it was being removed may have left a journal and no identity
        self.work.mkdir(exist_ok=True)
        write_text(self.work / IDENTITY, pretty(identity))

    def clear(self) -> None:
        """Remove what an earlier run left, and nothing else.

        Raises:
            RecipeError: Files lie among the data that no run wrote.
        """
        for name in _unknown_files(self.path):
            raise RecipeError.of(
                f"{self.path / name} was not written by the run that --fresh would replace",
                suggestion="move it, or give another folder with --to",
            )
        self.work.mkdir(exist_ok=True)  # so that what a kill leaves here is known to be ours
        self.clear_outputs()
        self.forget_work()

    def clear_outputs(self) -> None:
        """Remove finished files; the manifest first, so that half a run never looks whole."""
        for name in OUTPUTS:
            _remove(self.path / name)

    def forget_work(self) -> None:
        """Remove parts and journal."""
        _remove(self.work)

    def close(self) -> None:
        """Let the folder go."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _identity(path: Path) -> dict[str, Any] | None:
    """What the run in a folder says it is; ``None`` where nothing there says that it is a run of ours."""
    for place, inside in ((path / WORK / IDENTITY, False), (path / MANIFEST, True)):
        if place.is_file():
            try:
                data = json.loads(place.read_text(encoding="utf-8"))
            except (OSError, ValueError, RecursionError) as error:
                raise RunError(
                    f"{place} cannot be read ({error}); nothing was changed. "
                    "Give another folder with --to, or delete this one"
                ) from error
            found = data.get("identity") if inside and isinstance(data, dict) else data
            return found if isinstance(found, dict) and "digest" in found else None
    return None


def _unknown_files(path: Path) -> Iterator[str]:
    """Files in the folders of a finished run that its manifest does not list, in order."""
    if not (path / MANIFEST).is_file():
        return
    try:
        listed = {record["path"] for record in json.loads((path / MANIFEST).read_text(encoding="utf-8"))["files"]}
    except (ValueError, KeyError, TypeError) as error:
        raise RunError(
            f"{path / MANIFEST} does not say which files the run wrote; nothing was changed. "
            "Give another folder with --to, or delete this one"
        ) from error
    for name in ("data", "rejected", "export"):
        for file in sorted((path / name).rglob("*")):
            if not file.is_dir() and (found := file.relative_to(path).as_posix()) not in listed:
                yield found


def _remove(target: Path) -> None:
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    else:
        target.unlink(missing_ok=True)


def open_folder(path: Path) -> Folder:
    """Make and lock a run folder.

    Raises:
        RecipeError: It holds something that is not a run.
        RunError: It cannot be written, or another process is using it.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        lock = os.open(path, os.O_RDONLY)
    except FileExistsError as error:
        raise RecipeError.of(f"{path} is not a folder", suggestion="give a new or empty folder with --to") from error
    except OSError as error:
        raise RunError(f"cannot write to {path}: {error.strerror}; nothing was changed") from error
    try:
        # The folder itself is locked: there is no lock file to go stale or to be swept away.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _refuse_strangers(path)
    except BlockingIOError as error:
        os.close(lock)
        raise RunError(
            f"{path} is in use by another run; wait for it to end, or give another folder with --to"
        ) from error
    except BaseException:
        os.close(lock)
        raise
    return Folder(path, lock)


def _refuse_strangers(path: Path) -> None:
    strange = sorted(entry.name for entry in path.iterdir() if not entry.name.startswith(ANSWERS))
    if strange and not (path / WORK).is_dir() and _identity(path) is None:
        raise RecipeError.of(
            f"the folder {path} is not empty and holds no run (found {strange[0]!r})",
            suggestion="give an empty or new folder with --to",
        )
    if not os.access(path, os.W_OK):
        raise RunError(f"cannot write to {path}: the folder is read-only; nothing was changed")
