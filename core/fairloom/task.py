"""The task: what a row is, what the labels mean, what must hold and what must never appear."""

from __future__ import annotations

from typing import Literal

import attrs

TaskKind = Literal["classification", "multilabel", "spans", "pair", "choice", "text", "chat", "tabular"]


@attrs.frozen(kw_only=True)
class Label:
    """One label: its definition, and the words that may rightly give it away (``cues``)."""

    definition: str
    cues: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Between:
    """A closed range of counts; an open end is ``None``."""

    min: int | None = None
    max: int | None = None


@attrs.frozen(kw_only=True)
class Constraints:
    """What every row must satisfy; filters read this where their own settings are silent.

    ``must`` and ``must_not`` are RE2 patterns or names of pattern sets (``"pii"``).
    """

    words: Between | None = None
    characters: Between | None = None
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Task:
    """The task as the recipe states it; prompts, filters, metrics and the dataset card all read it.

    ``fields`` are the text columns a generator must write, first the main one.
    """

    kind: TaskKind = "classification"
    unit: str = ""
    labels: dict[str, Label] = attrs.field(factory=dict)
    never: dict[str, str] = attrs.field(factory=dict)
    constraints: Constraints = Constraints()
    fields: tuple[str, ...] = ("text",)
