"""The task: what a row is, what the labels mean, what must hold and what must never appear."""

from __future__ import annotations

from typing import Any, Literal

import attrs

from fairloom.problems import RecipeError
from fairloom.reading.validators import between, distinct, names, not_blank, not_empty

TaskKind = Literal["classification", "multilabel", "spans", "pair", "choice", "text", "chat", "tabular"]


@attrs.frozen(kw_only=True)
class Label:
    """One label: its definition, and the words that may rightly give it away (``cues``)."""

    definition: str = attrs.field(metadata={"help": "what the label means, in one sentence"}, validator=not_blank)
    cues: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "words that may rightly give the label away"}, validator=distinct
    )


@attrs.frozen(kw_only=True)
class Between:
    """A closed range of counts; an open end is ``None``."""

    min: int | None = attrs.field(default=None, metadata={"help": "the smallest count allowed"}, validator=between(0))
    max: int | None = attrs.field(default=None, metadata={"help": "the largest count allowed"}, validator=between(0))

    @max.validator  # noqa: A003 - `max` is the key of the recipe
    def _ordered(self, _field: object, value: int | None) -> None:
        if value is None and self.min is None:
            raise RecipeError.of("needs min, max or both")
        if value is not None and self.min is not None and value < self.min:
            msg = f"must not be below min = {self.min}, got {value}"
            raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Constraints:
    """What every row must satisfy; filters read this where their own settings are silent.

    ``must`` and ``must_not`` are RE2 patterns or names of pattern sets (``"pii"``).
    """

    words: Between | None = attrs.field(default=None, metadata={"help": "how many words the text may have"})
    characters: Between | None = attrs.field(default=None, metadata={"help": "how many characters the text may have"})
    must: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "patterns (RE2) or pattern sets the text must match"}, validator=distinct
    )
    must_not: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "patterns (RE2) or pattern sets the text must not match"}, validator=distinct
    )


@attrs.frozen(kw_only=True)
class Task:
    """The task as the recipe states it; prompts, filters, metrics and the dataset card all read it.

    ``fields`` are the text columns a generator must write, first the main one.
    """

    kind: TaskKind = attrs.field(default="classification", metadata={"help": "what is learnt or tested with the rows"})
    unit: str = attrs.field(default="", metadata={"help": "what one row is: 'one message from a customer'"})
    labels: dict[str, Label] = attrs.field(factory=dict, metadata={"help": "the labels with their definitions"})
    never: dict[str, str] = attrs.field(factory=dict, metadata={"help": "what no row may ever be or say"})
    constraints: Constraints = attrs.field(
        default=Constraints(), metadata={"help": "what the text of every row must satisfy"}
    )
    fields: tuple[str, ...] = attrs.field(
        default=("text",),
        metadata={"help": "the text columns, the main one first"},
        validator=[not_empty, distinct, names],
    )

    @labels.validator
    def _labels_have_names(self, _field: object, value: dict[str, Any]) -> None:
        for name in value:
            if not name.strip() or not name.isprintable():
                raise RecipeError.of(f"a label needs a name on one line, got {name!r}", "labels", name)
