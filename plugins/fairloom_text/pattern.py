"""The filter ``pattern``: what a text must, and must not, contain."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fairloom.problems import RecipeError, did_you_mean
from fairloom_text.fields import every_field
from fairloom_text.reasons import Reasons
from fairloom_text.sets import SETS, Form

if TYPE_CHECKING:
    from fairloom.components import Tools
    from fairloom.utf8 import Mask

_BARE = re.compile("[a-z][a-z0-9_]*")


@attrs.frozen(kw_only=True)
class Pattern:
    """Settings of ``text.pattern``; a list left out is taken from ``task.constraints``."""

    field: str | None = attrs.field(
        default=None, metadata={"help": "the field to search; every field of the task together when left out"}
    )
    must: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "RE2 patterns or names of pattern sets; each must be found"}
    )
    must_not: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "RE2 patterns or names of pattern sets; none may be found"}
    )


@attrs.frozen
class Rule:
    """A pattern or a set of them, under the name the recipe gives it."""

    name: str
    forms: tuple[Form, ...]

    @property
    def pattern(self) -> str:
        """One RE2 pattern that finds every candidate."""
        return "|".join(f"(?:{form.pattern})" for form in self.forms)


@attrs.frozen
class PatternFilter:
    """Searches the columns with all forbidden patterns at once, then looks closer at the rows that matched."""

    fields: tuple[str, ...]
    must: tuple[Rule, ...]
    must_not: tuple[Rule, ...]

    def judge(self, rows: pa.RecordBatch) -> pa.Array:
        """``has pii: e-mail address``, ``has PATTERN``, ``lacks PATTERN``, ``missing``, or null."""
        reasons, columns = Reasons(rows.num_rows), [rows.column(field) for field in self.fields]
        for column in columns:
            reasons.give("missing", pc.is_null(column).to_numpy(zero_copy_only=False))
        for column in columns:
            self._forbid(column, reasons)
        for rule in self.must:
            found = np.logical_or.reduce([_holds(column, rule.forms) for column in columns])
            reasons.give(f"lacks {rule.name}", ~found)
        return reasons.array()

    def _forbid(self, column: pa.Array, reasons: Reasons) -> None:
        if not self.must_not:
            return
        suspects = np.flatnonzero(_matches(column, "|".join(rule.pattern for rule in self.must_not)))
        if not suspects.size:
            return
        doubtful = column.take(pa.array(suspects))
        for rule in self.must_not:
            for form in rule.forms:
                marked = np.zeros(len(column), dtype=np.bool_)
                marked[suspects] = _holds(doubtful, (form,))
                reasons.give(_said(rule, form), marked)


def build(config: Pattern, tools: Tools) -> PatternFilter:
    """The filter, or ``RecipeError`` for a pattern that RE2 refuses, an unknown set, or nothing to check."""
    constraints = tools.task.constraints
    must = constraints.must if config.must is None else config.must
    must_not = constraints.must_not if config.must_not is None else config.must_not
    if not must and not must_not:
        raise RecipeError.of(
            "nothing to check: neither this step nor task.constraints gives must or must_not",
            suggestion='add must_not = ["pii"] to the step or to [task.constraints]',
        )
    return PatternFilter(
        every_field(config.field, tools.task),
        tuple(_rule(text, ("must", place)) for place, text in enumerate(must)),
        tuple(_rule(text, ("must_not", place)) for place, text in enumerate(must_not)),
    )


def _rule(text: str, where: tuple[str, int]) -> Rule:
    if text in SETS:
        return Rule(text, SETS[text])
    if _BARE.fullmatch(text):
        hint = did_you_mean(text, SETS) or ""
        suggestion = f"{hint}; to match the word itself write '\\b{text}\\b'"
        raise RecipeError.of(f"{text!r} is not a set of patterns", *where, suggestion=suggestion)
    try:
        _matches(pa.array([""]), text)
    except pa.ArrowInvalid as error:
        why = str(error).removeprefix("Invalid regular expression: ")
        suggestion = "patterns are RE2, in linear time: no look-ahead, look-behind or back-references"
        raise RecipeError.of(f"{text!r} is not a pattern: {why}", *where, suggestion=suggestion) from None
    return Rule(text, (Form(text, text),))


def _matches(column: pa.Array, pattern: str) -> Mask:
    found: Mask = pc.fill_null(pc.match_substring_regex(column, pattern), fill_value=False).to_numpy(
        zero_copy_only=False
    )
    return found


def _holds(column: pa.Array, forms: tuple[Form, ...]) -> Mask:
    """Which rows hold one of the forms. Only rows that match a form with a closer look become Python texts."""
    held = np.zeros(len(column), dtype=np.bool_)
    for form in forms:
        matched = _matches(column, form.pattern)
        if form.real is not None and matched.any():
            candidates = np.flatnonzero(matched)
            matched[candidates] = [form.real(text) for text in column.take(pa.array(candidates)).to_pylist()]
        held |= matched
    return held


def _said(rule: Rule, form: Form) -> str:
    named = rule.name in SETS and form.name != rule.name
    return f"has {rule.name}: {form.name}" if named else f"has {rule.name}"
