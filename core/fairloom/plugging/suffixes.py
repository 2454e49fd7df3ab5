"""The reader for a file, by the ending of its name: the one place where every installed plugin is asked."""

from __future__ import annotations

from pathlib import Path

from fairloom.components import Reader
from fairloom.plugging.plugins import Plugins, installed
from fairloom.problems import PluginError, RecipeError

_WAY = "name the reader, for example --reader read.csv"


def reader_name(path: Path, plugins: Plugins) -> str:
    """The reader, as ``plugin.component``, whose ``suffixes`` the name of the file ends in.

    Plugins that cannot be loaded have no readers, and are named only where none is found.

    Raises:
        RecipeError: No reader knows the ending, or more than one does.
    """
    known, broken = _readers(plugins)
    ending = path.suffix.lower()
    found = sorted(use for use, reader in known.items() if ending and ending in reader.suffixes)
    if len(found) == 1:
        return found[0]
    if found:
        raise RecipeError.of(f"{' and '.join(found)} both read {ending}", suggestion=_WAY)
    endings = sorted({suffix for reader in known.values() for suffix in reader.suffixes})
    said = f"no reader is known for {path.name}: readers know {', '.join(endings) or 'no endings'}"
    raise RecipeError.of("; ".join([said, *broken]), suggestion=_WAY)


def _readers(plugins: Plugins) -> tuple[dict[str, Reader], list[str]]:
    known: dict[str, Reader] = {}
    broken: list[str] = []
    for name in dict.fromkeys(claim.name for claim in installed()):
        try:
            offered = plugins.load(name).components.values()
        except PluginError as error:
            broken.append(str(error))
            continue
        known.update({f"{name}.{each.name}": each for each in offered if isinstance(each, Reader)})
    return known, broken
