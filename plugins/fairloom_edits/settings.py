"""Settings that all perturbations share: which rows, which fields, which parts of a text, how much."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import attrs

from fairloom.batch import LABEL
from fairloom.components import Tools
from fairloom.edits import LabelKind, LabelRule
from fairloom.problems import RecipeError, did_you_mean
from fairloom_edits.sites import Amount


def _share(_instance: object, _field: object, value: Any) -> None:
    if value is not None and not 0 < value <= 1:
        raise ValueError(f"must be above 0 and at most 1, got {value}")


def _positive(_instance: object, _field: object, value: Any) -> None:
    if value is not None and value < 1:
        raise ValueError(f"must be at least 1, got {value}")


@attrs.frozen(kw_only=True)
class Common:
    """What every perturbation may be told."""

    when: str | None = attrs.field(
        default=None, metadata={"help": "a condition over factors: the rows to perturb; all of them when left out"}
    )
    fields: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "the text fields to perturb; the main one when left out"}
    )
    only: tuple[str, ...] = attrs.field(default=(), metadata={"help": "slots: edit nothing outside of their spans"})
    protect: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "slots whose spans no edit may touch, beside those of label factors"}
    )
    intensity: float | None = attrs.field(
        default=None,
        metadata={
            "help": "the largest share of the characters of a text to edit; a row that would take more is not edited"
        },
        validator=_share,
    )
    unedited: Literal["refuse", "keep"] = attrs.field(
        default="refuse", metadata={"help": "what to do with a row where nothing can be edited"}
    )
    label: LabelKind | None = attrs.field(
        default=None, metadata={"help": "what the edit does to the label, where you know better than the catalogue"}
    )
    map: dict[str, str] = attrs.field(factory=dict, metadata={"help": "for FLIP: label before = label after"})
    direction: Literal["up", "down"] | None = attrs.field(
        default=None, metadata={"help": "for DIR: the one way that the probability of the row's label may move"}
    )
    verifier: str | None = attrs.field(
        default=None, metadata={"help": "for CHK: the name of a later filter step that decides whether the label holds"}
    )


@attrs.frozen(kw_only=True)
class Dosed(Common):
    """A perturbation made at some of the places where it could be."""

    count: int | None = attrs.field(
        default=None,
        metadata={"help": "edits per row, or as many as fit; 1 when rate is left out too"},
        validator=_positive,
    )
    rate: float | None = attrs.field(
        default=None, metadata={"help": "share of the possible edits to make, at least one per row"}, validator=_share
    )


@attrs.frozen(kw_only=True)
class Whole(Common):
    """A perturbation of whole texts: there is one place in each, so its rate is one of rows."""

    rate: float | None = attrs.field(
        default=None,
        metadata={"help": "share of the rows to edit, drawn row by row; others pass as they are; all when left out"},
        validator=_share,
    )


LANGUAGE: dict[str, Any] = {"help": "the language of the texts, as its ISO 639-1 code; that of the task when left out"}


@attrs.frozen(kw_only=True)
class SpokenWhole(Whole):
    """A perturbation of whole texts, with words of one language."""

    language: str | None = attrs.field(default=None, metadata=LANGUAGE)


@attrs.frozen(kw_only=True)
class SpokenDosed(Dosed):
    """The same, made at some of the places where it could be."""

    language: str | None = attrs.field(default=None, metadata=LANGUAGE)


def language_of(config: Any, tools: Tools) -> str:
    """The language that a step goes by: its own, or that of the task."""
    return getattr(config, "language", None) or tools.task.language


def known_language(name: str, config: Any, tools: Tools, known: Iterable[str] = ("en",), way: str | None = None) -> str:
    """The language of a step, or ``RecipeError`` where ``edits.<name>`` has no words of it."""
    language = language_of(config, tools)
    if language not in known:
        has = ", ".join(sorted(known))
        way = way or "leave the step out, or name its language if these rows are of another one than the task says"
        raise RecipeError.of(f"edits.{name} knows {has} and not {language!r}", "language", suggestion=way)
    return language


def amount_of(config: Any, default: Amount) -> Amount:
    """How many edits the settings ask for."""
    count, rate = getattr(config, "count", None), getattr(config, "rate", None)
    if count is not None and rate is not None:
        raise RecipeError.of(f"count = {count} and rate = {rate} exclude each other", "rate", suggestion="give one")
    return default if count is None and rate is None else Amount(count, rate)


def label_rule(config: Common, default: LabelKind, tools: Tools) -> LabelRule:
    """The label rule of a step, with what it needs in the rest of the recipe.

    Raises:
        RecipeError: The verifier is no later filter step, or no rule of ``[[task.relabel]]`` makes the flip.
    """
    kind = config.label or default
    rule = LabelRule(kind=kind, map=config.map, direction=config.direction, verifier=config.verifier)
    if rule.verifier is not None and rule.verifier not in tools.judges:
        hint = did_you_mean(rule.verifier, tools.judges) or "add a [[step]] with filter = ... below, with that name"
        raise RecipeError.of(f"no later filter step is named {rule.verifier!r}", "verifier", suggestion=hint)
    if kind == "FLIP":
        _check_flip(config, tools)
    if kind == "DIR" and LABEL not in tools.factors and not tools.task.labels:
        raise RecipeError.of("is that of the probability of the row's label, and the task has no labels", "direction")
    return rule


def _check_flip(config: Common, tools: Tools) -> None:
    """The plan gives labels, so the flip must be one of its rules."""
    labels = list(tools.task.labels)
    wanted = {old: new for old, new in config.map.items() if old != new}
    for relabel in tools.task.relabel:
        made = {old: relabel.target(old, labels) for old in labels}
        if _same(relabel.when, config.when) and all(made.get(old) == new for old, new in wanted.items()):
            return
    raise RecipeError.of(
        "labels come from the plan, and no rule of [[task.relabel]] makes this flip",
        "map",
        suggestion=f"add [[task.relabel]] with when = {config.when!r} and the same map",
    )


def _same(one: str, other: str | None) -> bool:
    return other is not None and "".join(one.split()) == "".join(other.split())
