"""The templates of a recipe: cells of the driving factor's table, and inline templates in the settings of steps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from fairloom.lints import Finding, LintView, Severity
from fairloom_lint.segments import Segment, segments


@attrs.frozen
class Template:
    """One template. ``level`` is that of the driving ``factor``; inline ones have a ``path`` instead."""

    text: str
    title: str
    factor: str | None = None
    level: int | None = None
    attribute: str | None = None
    path: tuple[str | int, ...] = ()

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Its pieces in order."""
        return segments(self.text)

    def finding(
        self, severity: Severity, message: str, suggestion: str | None = None, rows: int | None = None
    ) -> Finding:
        """A finding at this template."""
        return Finding(
            severity=severity,
            message=f"{self.title}: {message}",
            path=self.path,
            factor=self.factor,
            level=self.level,
            attribute=self.attribute,
            suggestion=suggestion,
            rows=rows,
        )


def driver_of(view: LintView) -> str | None:
    """The factor whose levels are templates."""
    name = view.uses.driver if view.uses is not None else "template"
    return name if name in view.factors and view.factors[name].size else None


def templates_of(view: LintView) -> list[Template]:
    """Every template, those of the value table first."""
    return [*_levels(view), *inline(view)]


def _levels(view: LintView) -> Iterator[Template]:
    name = driver_of(view)
    if name is None:
        return
    factor = view.factors[name]
    columns = list(template_columns(view, name))
    for attribute in columns:
        for level, text in enumerate(factor.column(attribute).to_pylist()):
            if text:
                of = f", {attribute}" if len(columns) > 1 else ""
                yield Template(text, f"{name} {factor.names[level]!r}{of}", name, level, attribute)


def template_columns(view: LintView, name: str) -> Iterator[str]:
    """The columns of the driving table that hold templates: those of the fields, or with a slot in them."""
    factor = view.factors[name]
    fields = [settings.get(field, field) for field in view.task.fields for settings in [_fields(view)]]
    lone = ["text"] if len(view.task.fields) == 1 and fields[0] not in factor.attributes else []
    for attribute in factor.attributes:
        if str(factor.table.schema.field(attribute).type) not in {"string", "large_string"}:
            continue
        if attribute in {*fields, *lone} or _is_template("\n".join(filter(None, factor.column(attribute).to_pylist()))):
            yield attribute


def _fields(view: LintView) -> Mapping[str, str]:
    found = (step.settings.get("fields") for step in view.steps if step.kind == "generate")
    return next((fields for fields in found if isinstance(fields, Mapping)), {})


def inline(view: LintView) -> Iterator[Template]:
    """Templates among the settings of generators: texts with a slot."""
    for number, step in enumerate(view.steps):
        if step.kind == "generate":
            yield from _found(step.settings, ("step", number))


def _found(value: Any, path: tuple[str | int, ...]) -> Iterator[Template]:
    if isinstance(value, str) and _is_template(value):
        yield Template(value, "inline template", path=path)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _found(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            yield from _found(inner, (*path, place))


def _is_template(text: str) -> bool:
    return "{{" in text or "{%" in text


def surface_rules(view: LintView) -> frozenset[str]:
    """The surface rules that some generator applies (``surface = ["articles"]``), which mend what lint would say."""
    rules: set[str] = set()
    for step in view.steps:
        named = step.settings.get("surface", ())
        if step.settings.get("surface_mode") != "faithful" and isinstance(named, list | tuple | Mapping):
            rules |= {str(name) for name in named}
    return frozenset(rules)
