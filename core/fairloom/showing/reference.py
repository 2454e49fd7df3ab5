"""What the components understand, in the words of a recipe.

``python -m fairloom.showing.reference`` prints docs/reference/components.md; ``fairloom show`` describes
one component.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from fairloom.components import Component
from fairloom.plugging.plugins import Plugins, installed
from fairloom.reading.inline import toml_inline
from fairloom.reading.keys import keys
from fairloom.reading.shapes import NAMES, WHENS, is_array, is_fixed_tuple, is_literal, is_table, is_union, parts
from fairloom.showing import printable

REQUIRED = "required"
_DISTRIBUTION = "fairloom"
_INTRODUCTION = """\
# Components

This page is made from the components by `python -m fairloom.showing.reference > docs/reference/components.md`.
`fairloom show PLUGIN.COMPONENT` prints the same for any component, those of other plugins too.

A recipe names a component `plugin.component`; one that is called like its plugin by that word alone. Its settings are
keys of the table that names it. Types are written as the values are: `[string, ...]` is an array of strings,
`{ NAME = string }` a table with any keys.
"""
_KINDS = (
    ("Design samplers", "sampler", "design", "`use` in `[design]`"),
    ("Value samplers", "sampler", "value", "`sample` in `[factors.NAME]`"),
    ("Value tables", "value table", None, "`table` in `[factors.NAME]`"),
    ("Generators", "generator", None, "`generate` in `[[step]]`"),
    ("Filters", "filter", None, "`filter` in `[[step]]`"),
    ("Metrics", "metric", None, "`metric` in `[[gate]]`; [metrics](metrics.md) has the formulas"),
    ("Readers", "reader", None, "`read` in `[reference.NAME]`"),
    ("Writers", "writer", None, "`formats` in `[export]`"),
    ("Models", "model", None, "`use` in `[models.NAME]`; [models](models.md) has the limits and the journal"),
    ("Predictors", "predictor", None, "`use` in `[predictors.NAME]`"),
    ("Goals", "goal", None, "`goal` in a step that attacks"),
    ("Searches", "search", None, "`search` in a step that attacks"),
    ("Executors", "executor", None, "`--executor` on the command line"),
    ("Lints", "lint", None, "`fairloom check --lint`; [lint](lint.md) says what each finds"),
)


@attrs.frozen
class Setting:
    """One key: its type, its default (``None`` where it is left out) and what it is for."""

    key: str
    type: str
    default: str | None
    help: str


def settings_of(component: Component) -> list[Setting]:
    """The keys a component understands, in the order of its settings class."""
    return [
        Setting(key, form(field.type), _default(field), field.metadata.get("help", ""))
        for key, field in keys(component.config).items()
    ]


def form(kind: Any) -> str:
    """A type as its values are written: ``integer``, ``[string, ...]``, ``{ min = integer }``, ``"a" or "b"``."""
    if is_literal(kind):
        return " or ".join(toml_inline(option) for option in typing.get_args(kind))
    if is_union(kind):
        return " or ".join(form(part) for part in parts(kind))
    if is_array(kind):
        return f"[{_items(kind)}]"
    if is_table(kind):
        return f"{{ NAME = {form(typing.get_args(kind)[1] if typing.get_args(kind) else Any)} }}"
    if attrs.has(kind):
        return f"{{ {', '.join(f'{key} = {form(field.type)}' for key, field in keys(kind).items())} }}"
    return (NAMES | WHENS).get(kind, "value").removeprefix("a ").removeprefix("an ")


def _items(kind: Any) -> str:
    inner = typing.get_args(kind)
    if is_fixed_tuple(kind):
        return ", ".join(form(part) for part in inner)
    return f"{form(inner[0] if inner else Any)}, ..."


def page() -> str:
    """The reference of this distribution's components as Markdown."""
    components = _own_components()
    sections = [_INTRODUCTION]
    for title, kind, plans, where in _KINDS:
        of_kind = {
            use: each
            for use, each in sorted(components.items())
            if each.kind == kind and getattr(each, "plans", None) == plans
        }
        if of_kind:
            sections.append(f"## {title}\n\nNamed by {where}.\n")
            sections += ["\n".join(_section(use, component)) for use, component in of_kind.items()]
    return "\n".join(sections)


def _own_components() -> dict[str, Component]:
    plugins = Plugins()
    return {
        f"{claim.name}.{component.name}": component
        for claim in installed()
        if claim.distribution == _DISTRIBUTION
        for component in plugins.load(claim.name).components.values()
    }


def _section(use: str, component: Component) -> Iterator[str]:
    yield f"### {use}\n"
    needs = f" Needs: {', '.join(component.needs)}." if component.needs else ""
    yield f"{component.summary}\n\nKind: {component.kind}. Scope: {component.scope}.{needs}\n"
    settings = settings_of(component)
    if not settings:
        yield "No settings.\n"
        return
    yield "| Key | Type | Default | Meaning |\n| --- | --- | --- | --- |"
    for each in settings:
        default = REQUIRED if each.default == REQUIRED else _code(each.default)
        yield f"| `{each.key}` | {_code(each.type)} | {default} | {printable.cell(each.help)} |"
    yield ""


def _default(field: attrs.Attribute[Any]) -> str | None:
    if field.default is attrs.NOTHING:
        return REQUIRED
    made = getattr(field.default, "factory", None)
    value = made() if made else field.default
    return None if value is None else toml_inline(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, tuple | list | set | frozenset) else value


def _code(text: str | None) -> str:
    return f"`{printable.cell(text)}`" if text else ""


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - the page is its output
