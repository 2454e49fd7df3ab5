"""Installed packages that decide what components do: their versions are a part of the run's identity."""

from __future__ import annotations

from importlib.metadata import version

import attrs


@attrs.define
class Packages:
    """What components of a run said they depend on."""

    _found: dict[str, str] = attrs.field(factory=dict, init=False)

    def version_of(self, distribution: str) -> str:
        """The installed version, or ``importlib.metadata.PackageNotFoundError``; records it."""
        self._found[distribution] = version(distribution)
        return self._found[distribution]

    def records(self) -> dict[str, str]:
        """Versions by name, sorted."""
        return dict(sorted(self._found.items()))
