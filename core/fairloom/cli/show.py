"""``fairloom show``."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fairloom.cli import options, output

DETAIL = """\
DIR shows what a run
reached; plugin.component shows what it does and the keys it understands."""
EXAMPLE = """\
fairloom show out
fairloom show text
fairloom show text.length"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``show``."""
    parser.add_argument("what", metavar="WHAT", help="a run folder, a plugin (text) or a component (text.length)")


def call(arguments: argparse.Namespace) -> int:
    """Show a run or a component."""
    folder = Path(arguments.what)
    if folder.is_dir() or "/" in arguments.what:
        return _run(options.run_folder(folder), as_json=arguments.json)
    return _component(arguments.what, as_json=arguments.json)


def _run(folder: Path, *, as_json: bool) -> int:
    from fairloom.cli import summary  # noqa: PLC0415 - components need none of this

    names = ("manifest", "measurements", "certificate")
    manifest, measurements, certificate = (json.loads((folder / f"{name}.json").read_text("utf-8")) for name in names)
    (summary.document if as_json else summary.show)(manifest, measurements, certificate, folder)
    return 0


def _component(name: str, *, as_json: bool) -> int:
    from fairloom.components import Component  # noqa: PLC0415 - runs need none of this
    from fairloom.plugins import Plugins  # noqa: PLC0415

    plugins = Plugins()
    if "." not in name:
        return _plugin(name, plugins.load(name).components, as_json=as_json)
    component, _ = plugins.find(Component, name)
    keys = _keys(component.config)
    if as_json:
        facts = {"name": name, "kind": component.kind, "summary": component.summary, "scope": component.scope}
        output.document({**facts, "needs": list(component.needs), "keys": keys})
        return 0
    output.text(f"{name} ({component.kind}): {component.summary}")
    output.facts([("scope", component.scope), ("needs", ", ".join(component.needs) or None)])
    if keys:
        output.heading("Keys")
        columns = ("key", "type", "default", "help")
        output.table(columns, [tuple(key[column] for column in columns) for key in keys])
    return 0


def _plugin(name: str, components: Mapping[str, Any], *, as_json: bool) -> int:
    rows = [
        {"component": f"{name}.{each.name}", "kind": each.kind, "summary": each.summary} for each in components.values()
    ]
    if as_json:
        output.document({"plugin": name, "components": rows})
    else:
        output.table(("component", "kind", "summary"), [tuple(row.values()) for row in rows])
    return 0


def _keys(config: type) -> list[dict[str, Any]]:
    import attrs  # noqa: PLC0415 - the parser needs none of this

    return [
        {
            "key": field.metadata.get("key", field.name.rstrip("_")),
            "type": _type_name(field.type),
            "default": _default(field),
            "help": field.metadata.get("help"),
        }
        for field in attrs.fields(attrs.resolve_types(config))
        if not field.metadata.get("internal")
    ]


def _type_name(kind: Any) -> str:
    if isinstance(kind, type) and not hasattr(kind, "__args__"):
        return kind.__name__
    return re.sub(r"\b(?:\w+\.)+(?=\w)", "", str(kind))


def _default(field: Any) -> str:
    import attrs  # noqa: PLC0415 - the parser needs none of this

    if field.default is attrs.NOTHING:
        return "required"
    made = getattr(field.default, "factory", None)
    return json.dumps(made() if made else field.default, ensure_ascii=False, default=str)
