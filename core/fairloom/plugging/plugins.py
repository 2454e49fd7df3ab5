"""From the name in a recipe to the component behind it.

Installed is not active: what no recipe names is never imported.

    plugins = Plugins(root=recipe.root)
    component, origin = plugins.find(Filter, "text.length", "step", 1, "filter")
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal, TypeVar

import attrs

from fairloom.components import Component
from fairloom.plugging import loading, localfile
from fairloom.plugging.descriptors import faults, kind_of
from fairloom.plugging.installed import Installed, by_name, installed, remedy
from fairloom.plugging.loading import LoadedPlugin
from fairloom.plugging.localfile import LocalFile, Where
from fairloom.plugging.observers import Observers, Report
from fairloom.problems import PluginError, RecipeError, did_you_mean

C = TypeVar("C", bound=Component)
Plans = Literal["design", "value"]


@attrs.frozen(kw_only=True)
class Origin:
    """Where a component comes from: a plugin of a distribution, or a file beside the recipe.

    For a file, ``plugin`` is its path below the recipe's folder, ``digest`` its SHA-256, and there is
    neither distribution nor version.
    """

    plugin: str
    distribution: str = ""
    version: str = ""
    digest: str | None = None

    def __str__(self) -> str:
        """``text (fairloom 0.1.0)`` or ``./my_filters.py (sha256 0f3a21bc44d1)``."""
        source = f"sha256 {self.digest[:12]}" if self.digest else f"{self.distribution} {self.version}"
        return f"{self.plugin} ({source})"

    def record(self) -> dict[str, str]:
        """Plain data for the manifest."""
        if self.digest:
            return {"name": self.plugin, "sha256": self.digest}
        return {"name": self.plugin, "distribution": self.distribution, "version": self.version}


_DECORATED = frozenset(["filter", "generator", "metric", "predictor", "sampler", "value table"])
"""What a decorator makes of a function."""


class Plugins:
    """The plugins of one run, loaded when they are first asked for.

    A name that stands for nothing installed is the recipe's mistake (``RecipeError`` at ``path``); a
    plugin that is broken, in conflict or too new is a ``PluginError``.

    Args:
        names: plugins to load at once, for those that only observe and so are named by no component.
        root: the recipe's folder, to which local files are relative.
    """

    def __init__(self, names: Iterable[str] = (), root: Path | None = None) -> None:
        """Read what is installed; import only ``names``."""
        self._root = root
        self._claims = by_name(installed())
        self._loaded: dict[str, LoadedPlugin] = {}
        self._files: dict[Path, LocalFile] = {}
        for name in names:
            self.load(name)

    def find(self, kind: type[C], use: str, *path: str | int, plans: Plans | None = None) -> tuple[C, Origin]:
        """The component that ``use`` names, and where it comes from.

        Args:
            kind: the class of descriptor that the recipe's key takes.
            use: ``"text.length"``, ``"template"`` (the component of that name in the plugin of that
                name) or ``"./my_filters.py:shouting"``.
            path: the key path of ``use`` in the recipe, for messages.
            plans: for samplers, which sort is wanted.
        """
        component, origin = self._local(kind, use, path) if ":" in use else self._named(kind, use, path)
        if isinstance(component, kind) and _fits(component, kind, plans):
            return component, origin
        wanted = f"{plans} {kind.kind}" if plans else kind.kind
        raise RecipeError.of(
            f"{use} is a {kind_of(component)}; this key needs a {wanted}",
            *path,
            suggestion=self._others(kind, origin.plugin, plans),
        )

    def load(self, name: str, *path: str | int) -> LoadedPlugin:
        """The plugin called ``name``, imported on the first call."""
        if name not in self._loaded:
            self._loaded[name] = loading.load(self._claim(name, path))
        return self._loaded[name]

    def offered(self, kind: type[C]) -> dict[str, C]:
        """The components of one kind that the plugins loaded so far offer, by ``plugin.component``."""
        return {
            f"{plugin}.{component.name}": component
            for plugin, loaded in sorted(self._loaded.items())
            for component in loaded.components.values()
            if isinstance(component, kind)
        }

    def observers(self, report: Report) -> Observers:
        """The observer hooks of the plugins loaded so far."""
        return Observers({name: plugin.observers for name, plugin in self._loaded.items()}, report)

    def fingerprint(self) -> list[dict[str, str]]:
        """What the manifest says of the plugins and local files used, sorted by name."""
        origins = [_origin(plugin.claim) for plugin in self._loaded.values()]
        origins += [Origin(plugin=file.name, digest=file.digest) for file in self._files.values()]
        return [origin.record() for origin in sorted(origins, key=lambda origin: origin.plugin)]

    def _named(self, kind: type[Component], use: str, path: Where) -> tuple[Component, Origin]:
        plugin, _, name = use.partition(".")
        wanted = name or plugin
        if not plugin or not wanted or use.endswith(".") or "." in wanted:
            raise RecipeError.of(f"{use!r} names no component", *path, suggestion="write plugin.component")
        whole = [each for each in self.offered(kind) if not name and each.endswith(f".{wanted}")]
        if whole and plugin not in self._claims:
            raise RecipeError.of(f"no plugin {plugin!r} is installed", *path, suggestion=f"did you mean {whole[0]!r}?")
        loaded = self.load(plugin, *path)
        if wanted in loaded.components:
            return loaded.components[wanted], _origin(loaded.claim)
        offered = {f"{plugin}.{each.name}" for each in loaded.components.values() if isinstance(each, kind)}
        near = did_you_mean(f"{plugin}.{wanted}", offered)
        raise RecipeError.of(f"plugin {plugin!r} has no {kind.kind} {wanted!r}", *path, suggestion=near)

    def _claim(self, name: str, path: Where) -> Installed:
        claims = self._claims.get(name, ())
        if len(claims) > 1:
            both = " and ".join(str(claim) for claim in claims)
            msg = f"plugin name {name!r} is claimed by {both}; uninstall all but one of them"
            raise PluginError(msg)
        if claims:
            return claims[0]
        line = remedy(name)
        suggestion = f"install it with: {line}" if line else did_you_mean(name, self._claims)
        raise RecipeError.of(f"no plugin {name!r} is installed", *path, suggestion=suggestion)

    def _local(self, kind: type[Component], use: str, path: Where) -> tuple[Component, Origin]:
        file, attribute = localfile.split(use, path)
        if self._root is None:
            raise RecipeError.of(f"{file!r} is relative to a recipe's folder, and there is none", *path)
        place = localfile.resolve(self._root, file, path)
        if place not in self._files:
            self._files[place] = localfile.load(self._root, place)
        loaded = self._files[place]
        found = loaded.attribute(attribute, path)
        if not isinstance(found, Component):
            raise RecipeError.of(
                f"{attribute!r} in {loaded.name} is a {type(found).__name__}, not a component",
                *path,
                suggestion=f"put @fairloom.{kind.kind.replace(' ', '_')} above it" if kind.kind in _DECORATED else None,
            )
        for fault in faults(found):
            msg = f"{loaded.name} offers a {found.kind} {found.name!r} that {fault}"
            raise PluginError(msg)
        return found, Origin(plugin=loaded.name, digest=loaded.digest)

    def _others(self, kind: type[Component], plugin: str, plans: Plans | None) -> str | None:
        """The components of the wanted kind in the same plugin."""
        if plugin not in self._loaded:
            return None
        offered = self._loaded[plugin].components.values()
        names = sorted(each.name for each in offered if _fits(each, kind, plans))
        return f"{plugin} offers {', '.join(names)}" if names else None


def _fits(component: Component, kind: type[Component], plans: Plans | None) -> bool:
    return isinstance(component, kind) and (plans is None or getattr(component, "plans", None) == plans)


def _origin(claim: Installed) -> Origin:
    return Origin(plugin=claim.name, distribution=claim.distribution, version=claim.version)


__all__ = ["Installed", "Origin", "Plugins", "installed"]
