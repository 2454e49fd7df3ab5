"""Lints of what is there for nothing, or asked for and not there: unused lists and columns, missing forms."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

import attrs
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.lints import Finding, LintView
from fairloom_lint.segments import names_in
from fairloom_lint.texts import Template, driver_of, templates_of

_WORDS = re.compile(r"[A-Za-z_]\w*(?:\.\w+)?")
_SHOWN = 3


@attrs.frozen(eq=False)
class _Mentions:
    """Every factor and attribute that templates, conditions, axes and settings of a recipe speak of."""

    view: LintView

    @cached_property
    def pairs(self) -> frozenset[tuple[str, str | None]]:
        """Names with attributes: in templates, and in any text of the recipe outside of values."""
        read = {
            pair
            for template in templates_of(self.view)
            for piece in template.segments
            if piece.kind != "text"
            for pair in names_in(piece)
        }
        return frozenset(read | {_pair(word) for text in _texts(self.view.recipe) for word in _WORDS.findall(text)})

    @cached_property
    def factors(self) -> frozenset[str]:
        """The factors spoken of."""
        used = frozenset[str]().union(*self.view.uses.factors) if self.view.uses else frozenset[str]()
        return used | {name for name, _ in self.pairs}


def _pair(word: str) -> tuple[str, str | None]:
    name, _, attribute = word.partition(".")
    return name, attribute or None


def _texts(value: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """The texts of a recipe that may speak of factors: not the values of lists, not what describes the task."""
    if path[:1] in {("recipe",), ("reference",)} or path[:2] in {("task", "unit"), ("task", "never")}:
        return
    if len(path) == 3 and path[0] == "factors" and path[2] not in {"match", "where"}:
        return
    if path[:2] == ("task", "labels"):
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, path)


@attrs.frozen
class Unused:
    """Factors that nothing uses, and columns of value tables that nothing reads."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """A warning per factor; a note per list, with its columns."""
        mentions = _Mentions(view)
        driver = driver_of(view)
        for name in view.factors:
            if name in {"label", driver}:
                continue
            if name not in mentions.factors:
                said = f"no template, step, design, gate or split uses the factor {name!r}"
                yield Finding(severity="warning", message=said, factor=name, suggestion=f"remove [factors.{name}]")
            else:
                yield from _columns(view, name, mentions)


def _columns(view: LintView, name: str, mentions: _Mentions) -> Iterator[Finding]:
    factor = view.factors[name]
    if name not in view.lists:
        return
    spec = view.recipe.get("factors", {}).get(name, {})
    read = {attribute for mentioned, attribute in mentions.pairs if mentioned == name}
    read |= {*factor.balance, *factor.keep, *factor.match, str(spec.get("key")), factor.attributes[0]}
    read |= set(_WORDS.findall(str(spec.get("where", ""))))
    idle = [attribute for attribute in factor.attributes if attribute not in read]
    if idle:
        listed = ", ".join(idle[:8]) + (f" and {len(idle) - 8} more" if len(idle) > 8 else "")
        yield Finding(severity="note", message=f"nothing reads the columns {listed}", factor=name)


@attrs.frozen
class Missing:
    """Forms that a template asks for and that some levels of the list lack: null, or an empty cell.

    An ending (``say{{ person.s }}``) may well be empty.
    """

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per slot, at the first template that has it."""
        if any("" in step.settings.get("missing", ()) for step in view.steps):
            return
        asking: dict[tuple[str, str], list[Template]] = {}
        for template in templates_of(view):
            before = ""
            for piece in template.segments:
                ending, before = before[-1:].isalnum(), piece.text if piece.kind == "text" else ""
                if piece.kind == "slot" and not piece.depth and not ending and piece.factor in view.factors:
                    asking.setdefault((piece.factor, piece.attribute or ""), []).append(template)
        for (name, attribute), templates in asking.items():
            yield from _missing(view, templates, name, attribute)


def _missing(view: LintView, templates: Sequence[Template], name: str, attribute: str) -> Iterator[Finding]:
    factor = view.factors[name]
    attribute = attribute or (factor.attributes[0] if factor.size else "")
    if attribute not in factor.attributes or pa.types.is_nested(factor.column(attribute).type):
        return
    texts = pc.fill_null(factor.column(attribute).cast(pa.string()), "")
    lacking = [level for level, text in enumerate(texts.to_pylist()) if not text]
    rows = view.planned(_touched(templates, name, lacking)) if lacking else 0
    if not rows:
        return
    names = ", ".join(repr(factor.names[level]) for level in lacking[:_SHOWN])
    more = f" and {len(lacking) - _SHOWN:,} more" if len(lacking) > _SHOWN else ""
    said = f"{name}.{attribute} is empty for {len(lacking):,} of {factor.size:,} levels ({names}{more})"
    way = f"fill the cells, leave such levels out with where, or ask for them: {{% if {name}.{attribute} %}}"
    yield templates[0].finding("warning", said, way, rows)


def _touched(templates: Sequence[Template], name: str, lacking: Sequence[int]) -> dict[str, list[int]]:
    """Which levels come together where a form is missing: those of the templates that ask, and those that lack it."""
    asking = sorted({template.level for template in templates if template.level is not None})
    driver = next((template.factor for template in templates if template.factor is not None), None)
    if driver is None or any(template.level is None for template in templates):
        return {name: list(lacking)}
    if driver == name:
        return {name: sorted(set(asking) & set(lacking))}
    return {driver: asking, name: list(lacking)}
