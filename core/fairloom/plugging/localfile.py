"""Components from a Python file beside the recipe: ``"./my_filters.py:shouting"``.

The bytes that are run are the bytes whose digest goes to the manifest: the file is read once, and no
byte code is written or trusted. The file must stand alone; its folder is not put on the import path,
since modules found there would be run but not recorded.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from types import ModuleType

import attrs

from fairloom.problems import PluginError, RecipeError, did_you_mean

Where = tuple[str | int, ...]


@attrs.frozen
class LocalFile:
    """A loaded file: its name as the recipe's folder sees it, its module, and its SHA-256."""

    name: str
    module: ModuleType
    digest: str

    def attribute(self, name: str, where: Where) -> object:
        """What the file calls ``name``."""
        found = getattr(self.module, name, None)
        if found is None:
            known = [word for word in vars(self.module) if not word.startswith("_")]
            raise RecipeError.of(f"{self.name} defines no {name!r}", *where, suggestion=did_you_mean(name, known))
        return found


def split(use: str, where: Where) -> tuple[str, str]:
    """``./my_filters.py:shouting`` as file and attribute."""
    file, _, attribute = use.rpartition(":")
    if not file.endswith(".py") or not attribute.isidentifier():
        raise RecipeError.of(
            f"{use!r} names no component of a file", *where, suggestion="write ./my_filters.py:my_filter"
        )
    return file, attribute


def resolve(root: Path, file: str, where: Where) -> Path:
    """The file below the recipe's folder, or a ``RecipeError``."""
    base = root.resolve()
    path = (base / file).resolve()
    if not path.is_relative_to(base):
        raise RecipeError.of(
            f"{file!r} leaves the recipe's folder", *where, suggestion="move the file beside the recipe"
        )
    if not path.is_file():
        near = [f"./{other.relative_to(base).as_posix()}" for other in sorted(path.parent.glob("*.py"))]
        raise RecipeError.of(f"there is no file {file!r}", *where, suggestion=did_you_mean(file, near))
    return path


def load(root: Path, path: Path) -> LocalFile:
    """Run the file ``path``, found by ``resolve``, under a private module name."""
    source = path.read_bytes()
    digest = hashlib.sha256(source).hexdigest()
    name = f"./{path.relative_to(root.resolve()).as_posix()}"
    place = hashlib.sha256(str(path).encode()).hexdigest()
    module = ModuleType(f"_fairloom_local_{place[:12]}_{digest[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # annotations are resolved through it
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
        exec(code, vars(module))  # noqa: S102 - running the file that the recipe names is the point
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        del sys.modules[module.__name__]
        msg = f"{name} could not be run: {type(error).__name__}: {error}"
        raise PluginError(msg) from error
    return LocalFile(name, module, digest)
