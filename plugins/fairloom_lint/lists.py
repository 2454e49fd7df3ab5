"""Lints of value tables: lists without a recorded digest, values twice, values that were damaged on the way."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import attrs
import pyarrow as pa

from fairloom.factors import Factor
from fairloom.lints import Finding, LintView
from fairloom_lint.texts import driver_of
from fairloom_lint.writing import MOJIBAKE, is_damage

_STAND_INS = frozenset(["nan", "NaN", "n/a", "#N/A", "#REF!", "#VALUE!", "NaT", "<NA>", "NULL"])
"""What programs write for "no value". "None" and "Null" are words and names, "NAN" and "NA" abbreviations."""
_SHOWN = 3


@attrs.frozen
class Undigested:
    """Lists from files or plugins whose digest the recipe does not hold, so that a change would not be noticed."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One note per list."""
        for name, each in view.lists.items():
            if not each.recorded:
                way = "`fairloom check --lint --record` prints the line"
                said = f"the recipe holds no digest of {each.source}"
                yield Finding(severity="note", message=said, factor=name, suggestion=way)


@attrs.frozen
class Repeated:
    """Levels that differ in letter case, blanks or Unicode form alone, or not at all."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per factor and pair of levels, at the second."""
        for name, factor in view.factors.items():
            if factor.size and name != "label":
                yield from _repeated(name, factor)


def _repeated(name: str, factor: Factor) -> Iterator[Finding]:
    columns = [factor.column(attribute).cast(pa.string()).to_pylist() for attribute in _plain(factor)]
    first: dict[tuple[str, ...], int] = {}
    for level, values in enumerate(zip(*columns, strict=True)):
        before = first.setdefault(tuple(folded(value or "") for value in values), level)
        if before != level:
            said = f"{values[0]!r} is in {name!r} twice: levels {before + 1} and {level + 1} are the same row"
            way = "remove one: drawn as two levels, it comes twice as often"
            yield Finding(severity="warning", message=said, factor=name, level=level, suggestion=way)


def _plain(factor: Factor) -> list[str]:
    """The columns that hold plain values."""
    return [name for name in factor.attributes if not pa.types.is_nested(factor.table.schema.field(name).type)]


def folded(text: str) -> str:
    """A text without letter case, outer and doubled blanks, and with one form per character."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


@attrs.frozen
class Damaged:
    """Values that were lost or wrongly decoded before they came here: ``nan``, ``MÃ¼ller``, control characters."""

    def findings(self, view: LintView) -> Iterator[Finding]:
        """One finding per cell, at most a handful per column."""
        for name, factor in view.factors.items():
            skipped = name == driver_of(view)
            for attribute in [] if skipped or name == "label" else _plain(factor):
                if pa.types.is_string(factor.column(attribute).type):
                    yield from _damaged(name, factor, attribute)


def _damaged(name: str, factor: Factor, attribute: str) -> Iterator[Finding]:
    found = [
        (level, text, why)
        for level, text in enumerate(factor.column(attribute).to_pylist())
        if text and (why := damage(text))
    ]
    for level, text, why in found[:_SHOWN]:
        more = f", as {len(found) - 1:,} more" if level == found[0][0] and len(found) > 1 else ""
        said = f"{name}.{attribute} of level {factor.names[level]!r} is {text!r}: {why}{more}"
        yield Finding(severity="error", message=said, factor=name, level=level, attribute=attribute)


def damage(text: str) -> str | None:
    """What happened to a value, or ``None``."""
    if text.strip() in _STAND_INS:
        return "a stand-in for a missing value"
    if MOJIBAKE.search(text):
        return "UTF-8 read in another encoding"
    broken = next((letter for letter in text if is_damage(letter)), None)
    return f"the character U+{ord(broken):04X}" if broken else None
