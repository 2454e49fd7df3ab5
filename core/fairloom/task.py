"""The task: what a row is, what the labels mean, what must hold and what must never appear."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import attrs

from fairloom.problems import Problem, RecipeError, did_you_mean
from fairloom.reading.validators import between, distinct, names, not_blank, not_empty

TaskKind = Literal["classification", "multilabel", "spans", "pair", "choice", "text", "chat", "tabular"]


@attrs.frozen(kw_only=True)
class Label:
    """One label: its definition, and the words that may rightly give it away (``cues``).

    The design allocates the label unless ``planned`` is false; then rows get it by ``[[task.relabel]]`` alone.
    """

    definition: str = attrs.field(metadata={"help": "what the label means, in one sentence"}, validator=not_blank)
    cues: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "words that may rightly give the label away"}, validator=distinct
    )
    planned: bool = attrs.field(
        default=True, metadata={"help": "whether the design allocates it; false where only [[task.relabel]] gives it"}
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
class Relabel:
    """One rule of ``[[task.relabel]]``: which rows get another label than the planned one, and which.

    Exactly one of ``map`` (labels it does not name are kept), ``to`` (one label for all) and ``flip`` (the other of
    two labels).
    """

    when: str = attrs.field(
        metadata={"help": "a condition over factors; in it, label is the planned label"}, validator=not_blank
    )
    map: dict[str, str] | None = attrs.field(
        default=None, metadata={"help": "planned label = new label; a label not named is kept"}, validator=not_empty
    )
    to: str | None = attrs.field(default=None, metadata={"help": "the new label, whatever the planned one"})
    flip: bool = attrs.field(default=False, metadata={"help": "take the other label; for exactly two labels"})

    @flip.validator
    def _one_answer(self, _field: object, _value: object) -> None:
        given = [key for key, value in (("map", self.map), ("to", self.to), ("flip", self.flip or None)) if value]
        if len(given) != 1:
            got = " and ".join(given) or "none of them"
            raise RecipeError.of(f"a relabel rule needs exactly one of map, to and flip, got {got}")

    def target(self, label: str, labels: Sequence[str]) -> str:
        """The label that rows planned as ``label`` get; ``labels`` are those of the task."""
        if self.flip:
            return next(other for other in labels if other != label)
        return self.to or (self.map or {}).get(label, label)

    def problems(self, labels: Mapping[str, Label], place: int) -> Iterator[Problem]:
        """What is wrong with the labels it names, given those of the task."""
        path = ("relabel", place)
        if self.flip and len(labels) != 2:
            way = "use map or to"
            yield Problem(f"flip takes exactly two labels, the task has {len(labels)}", (*path, "flip"), suggestion=way)
        named: list[tuple[str, tuple[str | int, ...]]] = []
        if self.to is not None:
            named.append((self.to, (*path, "to")))
        for old, new in (self.map or {}).items():
            named += [(old, (*path, "map", old)), (new, (*path, "map", old))]
        for name, where in named:
            if name not in labels:
                yield Problem(f"the task has no label {name!r}", where, suggestion=did_you_mean(name, labels))
        for old in self.map or {}:
            if old in labels and not labels[old].planned:
                yield Problem(f"no row is planned as {old!r} (planned = false)", (*path, "map", old))

    def gives(self, name: str) -> bool:
        """Whether some row may get this label by the rule."""
        return self.flip or self.to == name or name in (self.map or {}).values()


def _language_code(_instance: object, _field: object, value: str) -> None:
    if not (value.isascii() and value.isalpha() and value.islower() and len(value) in {2, 3}):
        msg = f"must be an ISO 639 code like 'en' or 'fr', got {value!r}"
        raise ValueError(msg)


@attrs.frozen(kw_only=True)
class Task:
    """The task as the recipe states it; prompts, filters, metrics and the dataset card all read it.

    ``fields`` are the text columns a generator must write, first the main one. With ``kind = "choice"`` the rows
    must also have the columns ``options`` (list of texts) and ``answer`` (place of the right one, from 0); with
    ``kind = "chat"`` the column ``messages`` (list of turns, each with ``role`` and ``content``).
    """

    kind: TaskKind = attrs.field(default="classification", metadata={"help": "what is learnt or tested with the rows"})
    unit: str = attrs.field(default="", metadata={"help": "what one row is: 'one message from a customer'"})
    language: str = attrs.field(
        default="en",
        metadata={"help": "the language of the texts, as its ISO 639-1 code"},
        validator=_language_code,
    )
    labels: dict[str, Label] = attrs.field(factory=dict, metadata={"help": "the labels with their definitions"})
    relabel: tuple[Relabel, ...] = attrs.field(
        default=(), metadata={"help": "rules that recompute the label of a row; the first that applies counts"}
    )
    never: dict[str, str] = attrs.field(factory=dict, metadata={"help": "what no row may ever be or say"})
    constraints: Constraints = attrs.field(
        default=Constraints(), metadata={"help": "what the text of every row must satisfy"}
    )
    fields: tuple[str, ...] = attrs.field(
        default=("text",),
        metadata={"help": "the text columns, the main one first"},
        validator=[not_empty, distinct, names],
    )

    @property
    def planned_labels(self) -> tuple[str, ...]:
        """The labels that the design allocates."""
        return tuple(name for name, label in self.labels.items() if label.planned)

    def field_of(self, name: str | None, *key: str | int) -> str:
        """The field that a setting names, the main one where it is left out.

        Raises:
            RecipeError: There is none of that name; at ``key``, which is ``field`` when left out.
        """
        if name is None:
            return self.fields[0]
        if name not in self.fields:
            near = did_you_mean(name, self.fields)
            raise RecipeError.of(f"the task has no field {name!r}", *(key or ("field",)), suggestion=near)
        return name

    @labels.validator
    def _labels_have_names(self, _field: object, value: dict[str, Any]) -> None:
        for name in value:
            if not name.strip() or not name.isprintable():
                raise RecipeError.of(f"a label needs a name on one line, got {name!r}", "labels", name)

    @relabel.validator
    def _relabels_name_labels(self, _field: object, value: tuple[Relabel, ...]) -> None:
        problems = [problem for place, rule in enumerate(value) for problem in rule.problems(self.labels, place)]
        problems += self._unplanned()
        if value and not self.labels:
            problems = [Problem("the task has no labels to recompute", ("relabel",))]
        if problems:
            raise RecipeError(problems)

    def _unplanned(self) -> Iterator[Problem]:
        if self.labels and not self.planned_labels:
            yield Problem("no label is planned, so there is nothing to recompute", ("labels",))
        for name, label in self.labels.items():
            if not label.planned and not any(rule.gives(name) for rule in self.relabel):
                way = "add a rule, or remove planned = false"
                yield Problem("no rule of [[task.relabel]] gives this label", ("labels", name), suggestion=way)
