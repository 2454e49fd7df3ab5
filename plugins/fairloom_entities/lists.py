"""The lists of this package: files beside this module, and in ``sources.toml`` what stands behind each."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pyarrow as pa

from fairloom.components import Tools, ValueTable
from fairloom.tables import read_table

FOLDER = Path(__file__).with_name("lists")


@attrs.frozen(kw_only=True)
class Source:
    """One list: its file, who made it from what, under which licence, and the SHA-256 of its bytes."""

    file: str
    summary: str
    groups: tuple[str, ...] = ()
    source: str
    licence: str
    version: str
    sha256: str


def sources() -> dict[str, Source]:
    """Every list by name, in the order of ``sources.toml``."""
    tree = tomllib.loads((FOLDER / "sources.toml").read_text("utf-8"))
    common = tree.pop("all")
    return {name: Source(**{**common, **each, "groups": tuple(each.get("groups", ()))}) for name, each in tree.items()}


def read_list(name: str) -> pa.Table:
    """The list as it is shipped; every column is text."""
    return read_table(FOLDER / f"{name}.tsv")


@attrs.frozen
class NoSettings:
    """A list as it is shipped: ``where`` in the recipe chooses from it."""


@attrs.frozen
class Listed:
    """A value table that is a list as it stands."""

    name: str

    def table(self) -> pa.Table:
        """The list, in the order of its file."""
        return read_list(self.name)


def as_shipped(name: str, source: Source) -> ValueTable:
    """The component that offers a list as it stands."""

    def build(config: NoSettings, tools: Tools) -> Listed:  # noqa: ARG001 - the signature of every builder
        return Listed(name)

    return offered(name, source, NoSettings, build)


def offered(name: str, source: Source, config: type, build: Callable[[Any, Tools], Any]) -> ValueTable:
    """The component ``name`` with what is known of its list."""
    return ValueTable(
        name=name,
        summary=source.summary,
        config=config,
        build=build,
        groups=source.groups,
        source=source.source,
        licence=source.licence,
        version=source.version,
    )
