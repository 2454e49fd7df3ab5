"""``fairloom show``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairloom.cli import options, output

DETAIL = """\
DIR shows what a run
reached; plugin.component shows what it does and the keys it understands, and
of a value table also where it comes from and the sizes of its groups."""
EXAMPLE = """\
fairloom show out
fairloom show text
fairloom show text.length
fairloom show entities.people
fairloom show ./my_filters.py:shouting"""
MOST_VALUES = 20


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``show``."""
    parser.add_argument(
        "what",
        metavar="WHAT",
        help="a run folder, a plugin (text) or a component (text.length, ./my_filters.py:shouting)",
    )


def call(arguments: argparse.Namespace) -> int:
    """Show a run or a component."""
    folder = Path(arguments.what)
    if folder.is_dir() or ("/" in arguments.what and ".py:" not in arguments.what):
        return _run(options.readable_run(folder), as_json=arguments.json)
    return _component(arguments.what, as_json=arguments.json)


def _run(folder: Path, *, as_json: bool) -> int:
    from fairloom.cli import summary  # noqa: PLC0415 - components need none of this
    from fairloom.showing.papers import paper  # noqa: PLC0415

    names = ("manifest", "measurements", "certificate")
    manifest, measurements, certificate = (paper(folder, f"{name}.json") for name in names)
    (summary.document if as_json else summary.show)(manifest, measurements, certificate, folder)
    return 0


def _component(name: str, *, as_json: bool) -> int:
    import attrs  # noqa: PLC0415 - runs need none of this

    from fairloom.components import Component  # noqa: PLC0415
    from fairloom.plugging.plugins import Plugins  # noqa: PLC0415
    from fairloom.showing.reference import settings_of  # noqa: PLC0415

    plugins = Plugins(root=Path.cwd())
    if "." not in name:
        return _plugin(name, plugins.load(name).components, as_json=as_json)
    component, _ = plugins.find(Component, name)
    keys = [attrs.asdict(setting) for setting in settings_of(component)]
    table = _listed(component)
    if as_json:
        facts = {"name": name, "kind": component.kind, "summary": component.summary, "scope": component.scope}
        levels = {"table": attrs.asdict(table)} if table else {}
        output.document({**facts, "needs": component.needs, **_provenance(component), **levels, "keys": keys})
        return 0
    output.text(f"{name} ({component.kind}): {component.summary}")
    said = {"scope": component.scope, "needs": component.needs, **_provenance(component)}
    output.facts(
        [(key, ", ".join(value) or None if isinstance(value, tuple) else value) for key, value in said.items()]
    )
    if table:
        output.heading("Levels, with default settings")
        output.facts(_sizes(table))
    if keys:
        output.heading("Keys")
        output.table(tuple(keys[0]), [tuple(key.values()) for key in keys])
    return 0


def _provenance(component: Any) -> dict[str, Any]:
    """Where the levels of a value table come from."""
    named = ("version", "licence", "source", "groups")
    return {name: getattr(component, name) for name in named if getattr(component, name, None)}


def _listed(component: Any) -> Any:
    """The levels of a value table, where they can be had without settings."""
    from fairloom.components import ValueTable  # noqa: PLC0415 - runs need none of this
    from fairloom.weaving.listing import listing  # noqa: PLC0415

    return listing(component) if isinstance(component, ValueTable) else None


def _sizes(table: Any) -> list[tuple[str, output.Cell]]:
    """The size of a table, of its groups, and what identifies it."""
    each = str(table.smallest) if table.smallest == table.largest else f"{table.smallest} to {table.largest}"
    groups = f" in {table.cells:,} groups of {each}" if table.sizes else ""
    return [
        ("levels", f"{table.levels:,}{groups}"),
        *((group, _spread(sizes)) for group, sizes in table.sizes.items()),
        ("columns", ", ".join(table.columns)),
        ("digest", table.digest),
    ]


def _spread(sizes: Mapping[str, int]) -> str:
    """``3 values, 640 each: female, male, neutral``, or every value with its size."""
    some = list(sizes)[:MOST_VALUES] + (["..."] if len(sizes) > MOST_VALUES else [])
    if len(set(sizes.values())) == 1:
        return f"{len(sizes)} values, {next(iter(sizes.values())):,} each: {', '.join(some)}"
    return f"{len(sizes)} values: " + ", ".join(f"{name} {sizes[name]:,}" if name in sizes else name for name in some)


def _plugin(name: str, components: Mapping[str, Any], *, as_json: bool) -> int:
    rows = [
        {"component": f"{name}.{each.name}", "kind": each.kind, "summary": each.summary} for each in components.values()
    ]
    if as_json:
        output.document({"plugin": name, "components": rows})
    else:
        output.table(("component", "kind", "summary"), [tuple(row.values()) for row in rows])
    return 0
