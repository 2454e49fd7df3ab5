"""The files a recipe reads: opened only inside its folder or an allowed one, and digested once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import attrs

from fairloom.problems import RecipeError, did_you_mean

Item = TypeVar("Item")


def file_digest(path: Path) -> str:
    """``sha256:`` and the hexadecimal digest of a file's bytes."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"


@attrs.define
class Inputs:
    """The door to the file system for everything a recipe names.

    ``root`` is the recipe's folder; ``allow`` further folders the caller permits. Paths that resolve
    outside of these, by ``..`` or by a symbolic link, are refused.
    """

    root: Path
    allow: tuple[Path, ...] = ()
    _seen: dict[str, Path] = attrs.field(factory=dict, init=False)

    def place(self, text: str) -> Path:
        """The absolute path of a file that need not exist yet, and is no input of the run."""
        if "://" in text or "\x00" in text:
            raise RecipeError.of(f"{text!r} is not a file path; fairloom opens local files only")
        try:
            path = (self.root / text).resolve()
            path.exists()
        except (OSError, RuntimeError) as error:  # a name too long, links that go round in a circle
            said = getattr(error, "strerror", None) or "its links go round in a circle"
            raise RecipeError.of(f"{text[:80]!r} cannot be opened: {said}") from error
        homes = [folder.resolve() for folder in (self.root, *self.allow)]
        if any(path.is_relative_to(home) for home in homes):
            return path
        raise RecipeError.of(
            f"{text!r} leaves the recipe's folder",
            suggestion=f"copy the file beside the recipe, or allow its folder with --allow {path.parent}",
        )

    def open_path(self, text: str) -> Path:
        """The absolute path of a file of the recipe; records it as an input of the run."""
        path = self.place(text)
        if not path.exists():
            raise RecipeError.of(f"there is no file {text!r} in {self.root}", suggestion=_beside(path))
        if not path.is_file():
            raise RecipeError.of(f"{text!r} is not a regular file")
        self._seen[text] = path
        return path

    def records(self) -> list[dict[str, str | int]]:
        """Path as the recipe names it, digest and size of every input, sorted by path."""
        return [
            {"path": name, "sha256": file_digest(path), "bytes": path.stat().st_size}
            for name, path in sorted(self._seen.items())
        ]


def _beside(path: Path) -> str | None:
    """A file in the same folder with nearly the same name."""
    names = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    near = did_you_mean(path.name, names)
    return near if near and near.startswith("did") else None


def inputs_for(root: Path, allow: Iterable[str | Path] = ()) -> Inputs:
    """Inputs below ``root`` and below each folder of ``allow``."""
    return Inputs(root, tuple(Path(folder) for folder in several("allow", allow)))


def several(name: str, values: Iterable[Item]) -> tuple[Item, ...]:
    """The values of an argument that takes several.

    Raises:
        RecipeError: It is one text, whose letters would be taken for values: of ``allow="/data"`` the first is ``/``.
    """
    if isinstance(values, str | Path):
        raise RecipeError.of(f"{name} takes a list, got {str(values)!r}", suggestion=f"write [{str(values)!r}]")
    return tuple(values)
