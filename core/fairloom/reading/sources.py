"""From recipe files to one tree of plain values, in which every value remembers where it came from.

The layers, later over earlier: the file named by ``extends`` (and what that extends), the recipe, the chosen
``[profile.NAME]``, ``--set``. Tables merge; arrays and values replace. Nothing is evaluated or interpolated.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import tomli

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.locate import KeyPath, locate
from fairloom.reading.origins import Layer, Origin, Source, place
from fairloom.reading.overrides import override
from fairloom.reading.plain import MAX_DEPTH, plain, too_deep

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

MAX_BYTES = 1_000_000
MAX_EXTENDS = 5


def read_source(
    path: str | Path, *, profile: str | None = None, overrides: Iterable[str] = (), allow: Sequence[Path] = ()
) -> Source:
    """Read a recipe file with what it extends, choose a profile and apply ``--set`` overrides.

    Args:
        path: The TOML file.
        profile: The name of a ``[profile.NAME]`` table to lay over the recipe.
        overrides: ``KEY=VALUE`` texts, in order.
        allow: Folders outside the recipe's own that ``extends`` may reach.

    Raises:
        RecipeError: With file, line and column as far as they exist.
    """
    main = Path(path)
    reader = _Reader(folders=(main.parent, *allow))
    layer = _with_profile(reader.read(main), profile, str(main))
    layer = override(layer, overrides)
    root = Origin(str(main), 1, 1)
    return Source(layer.tree, {(): root, **layer.origins}, main.parent, tuple(reader.files))


@attrs.define
class _Reader:
    """Reads a file and, first, the file it extends."""

    folders: tuple[Path, ...]
    files: list[Path] = attrs.field(factory=list)

    def read(self, path: Path, asked: Problem | None = None) -> Layer:
        layer = _parsed(path, _text(path, asked))
        self.files.append(path)
        base = self._base(path, layer)
        return layer if base is None else _without(layer, ("recipe", "extends")).over(base)

    def _base(self, path: Path, layer: Layer) -> Layer | None:
        about = layer.tree.get("recipe")
        if not isinstance(about, dict) or "extends" not in about:
            return None
        at = layer.origins["recipe", "extends"]
        asked = Problem("", ("recipe", "extends"), at.file, at.line, at.column)
        named = about["extends"]
        if not isinstance(named, str) or not named or "\0" in named:
            raise _fault(asked, f"must be the path of a recipe file, got {named!r}")
        base = path.parent / named
        self._check(base, asked)
        return self.read(base, asked)

    def _check(self, base: Path, asked: Problem) -> None:
        resolved = base.resolve()
        chain = [file.resolve() for file in self.files]
        if resolved in chain:
            round_trip = " -> ".join(file.name for file in [*chain[chain.index(resolved) :], resolved])
            raise _fault(asked, f"recipes extend each other in a circle: {round_trip}")
        if len(chain) > MAX_EXTENDS:
            raise _fault(asked, f"more than {MAX_EXTENDS} files extend one another; put what they share in one")
        if not any(resolved.is_relative_to(folder.resolve()) for folder in self.folders):
            way = f"move the file, or allow its folder: --allow {base.parent}"
            raise _fault(asked, f"{str(base)!r} lies outside of the recipe's folder", way)


def _fault(asked: Problem, message: str, suggestion: str | None = None) -> RecipeError:
    return RecipeError([attrs.evolve(asked, message=message, suggestion=suggestion)])


def _text(path: Path, asked: Problem | None) -> str:
    """The text of a recipe file; a byte order mark, as some editors leave it, is passed over."""
    asked = asked or Problem("", file=str(path))
    try:
        if path.exists() and not path.is_file():
            raise _fault(asked, f"{str(path)!r} is not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise _fault(asked, f"cannot read {str(path)!r}: {reason}") from error
    if len(data) > MAX_BYTES:
        way = "keep values in tables of their own and name them with from = ..."
        raise _fault(asked, f"{path.name!r} is larger than {MAX_BYTES:,} bytes", way)
    return _decoded(data, path)


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, len(before.rpartition(b"\n")[2].decode(errors="replace")) + 1
        said = f"is not UTF-8 text: byte {data[error.start]:#04x}"
        raise RecipeError([Problem(said, (), str(path), line, column, "save the file as UTF-8")]) from error


def _parsed(path: Path, text: str) -> Layer:
    name = str(path)
    try:
        tree = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise RecipeError([_syntax(error, name)]) from error
    except (ValueError, RecursionError) as error:  # an endless number; nesting beyond tomli's bounds
        raise RecipeError([Problem(f"not readable as TOML: {error}", file=name)]) from error
    if too_deep(tree):
        raise RecipeError([Problem(f"tables and arrays are nested more than {MAX_DEPTH} deep", file=name)])
    places = {key: Origin(name, line, column) for key, (line, column) in locate(text).items()}
    problems: list[Problem] = []
    layer = Layer(plain(tree, (), problems), places)
    if problems:
        raise RecipeError(place(problems, Source(tree, {(): Origin(name, 1, 1), **places}, path.parent, (path,))))
    return layer


def _syntax(error: tomli.TOMLDecodeError, name: str) -> Problem:
    way = next((way for said, way in _SYNTAX_WAYS.items() if said in error.msg), None)
    return Problem(f"not valid TOML: {error.msg}", (), name, error.lineno, error.colno, way)


_SYNTAX_WAYS = {
    "Unescaped '\\'": "write patterns in single quotes: '\\d+'",
    "Cannot overwrite a value": "write every key of a table once",
    "twice": "write every table once; what is repeated has double brackets: [[step]]",
}


def _with_profile(layer: Layer, name: str | None, file: str) -> Layer:
    profiles = layer.tree.get("profile", {})
    wrong = list(_profile_problems(profiles, layer))
    if wrong:
        raise RecipeError(wrong)
    rest = _without(layer, ("profile",))
    if name is None:
        return rest
    if name not in profiles:
        way = did_you_mean(name, profiles) or "it has no [profile.NAME] table"
        raise RecipeError([Problem(f"the recipe has no profile {name!r}", file=file, suggestion=way)])
    own = {path[2:]: origin for path, origin in layer.origins.items() if path[:2] == ("profile", name)}
    notes = {path: attrs.evolve(origin, note=f"profile {name}") for path, origin in own.items()}
    return Layer(profiles[name], notes).over(rest)


def _profile_problems(profiles: Any, layer: Layer) -> Iterator[Problem]:
    """What is wrong with the profile tables, chosen or not."""
    named: dict[KeyPath, Any] = {("profile",): profiles}
    if isinstance(profiles, dict):
        named |= {("profile", name): profile for name, profile in profiles.items()}
    for path, table in named.items():
        if not isinstance(table, dict):
            yield _at(layer, path, f"must be a table, got {table!r}")
        elif len(path) == 2 and "profile" in table:
            yield _at(layer, (*path, "profile"), "a profile holds no profiles")
        elif len(path) == 2 and isinstance(about := table.get("recipe"), dict) and "extends" in about:
            yield _at(layer, (*path, "recipe", "extends"), "a profile extends nothing; say it in [recipe]")


def _at(layer: Layer, path: KeyPath, message: str) -> Problem:
    origin = layer.origins[path]
    return Problem(message, path, origin.file, origin.line, origin.column)


def _without(layer: Layer, path: KeyPath) -> Layer:
    """The layer with one key taken out."""
    tree = dict(layer.tree)
    table = tree
    for key in path[:-1]:
        table[str(key)] = table = dict(table[str(key)])
    table.pop(str(path[-1]), None)
    return Layer(tree, {key: origin for key, origin in layer.origins.items() if key[: len(path)] != path})
