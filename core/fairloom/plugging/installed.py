"""Which plugins are installed: read from package metadata, without importing any of them."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

import attrs

GROUP = "fairloom"
"""The entry-point group. The name of an entry point is the first part of ``plugin.component``."""


@attrs.frozen(kw_only=True)
class Installed:
    """One claim on a plugin name: the entry point and the distribution that makes it."""

    name: str
    module: str
    distribution: str
    version: str
    entry: metadata.EntryPoint = attrs.field(repr=False, eq=False)
    extras: tuple[str, ...] = ()

    def __str__(self) -> str:
        """``fairloom 0.1.0``: what messages call the distribution."""
        return f"{self.distribution} {self.version}"

    @property
    def remedy(self) -> str | None:
        """The pip line for the extra that bears the plugin's name, where its distribution has one."""
        return pip_line(self.distribution, self.name) if self.name in self.extras else None


def installed() -> tuple[Installed, ...]:
    """Every claim on a plugin name, by name and then by distribution.

    A name that appears twice is in conflict: using it is an error, listing it is not.
    """
    entries = metadata.entry_points(group=GROUP)
    # Metadata hold a whole README, parsed at every look: once per distribution, not thrice per entry point.
    distributions = {id(entry.dist): entry.dist for entry in entries}
    said = {key: each.metadata for key, each in distributions.items() if each}
    claims = (_claim(entry, said.get(id(entry.dist))) for entry in entries)
    return tuple(sorted(claims, key=lambda claim: (claim.name, claim.distribution)))


def by_name(claims: Iterable[Installed]) -> dict[str, tuple[Installed, ...]]:
    """The claims on each name, in the order given."""
    grouped: dict[str, tuple[Installed, ...]] = {}
    for claim in claims:
        grouped[claim.name] = (*grouped.get(claim.name, ()), claim)
    return grouped


def remedy(plugin: str) -> str | None:
    """The pip line that brings a plugin which is not installed, where fairloom has an extra of its name."""
    try:
        extras = metadata.metadata("fairloom").get_all("Provides-Extra") or ()
    except metadata.PackageNotFoundError:  # a source tree on the path, never installed
        return None
    return pip_line("fairloom", plugin) if plugin in extras else None


def pip_line(distribution: str, extra: str) -> str:
    """What to type to get an extra."""
    return f'pip install "{distribution}[{extra}]"'


def _claim(entry: metadata.EntryPoint, said: metadata.PackageMetadata | None) -> Installed:
    return Installed(
        name=entry.name,
        module=entry.value,
        distribution=said["Name"] if said else "unknown",
        version=said["Version"] if said else "unknown",
        entry=entry,
        extras=tuple(said.get_all("Provides-Extra") or ()) if said else (),
    )
