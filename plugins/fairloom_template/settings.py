"""The settings of the generator ``template``."""

from __future__ import annotations

from typing import Literal

import attrs

from fairloom.problems import RecipeError


@attrs.frozen(kw_only=True)
class SurfaceRule:
    """What narrows or extends one surface rule: a table under ``surface``."""

    only: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "slots the rule is for, `person.occupation`; all of the text by default"}
    )
    except_: tuple[str, ...] = attrs.field(
        default=(), metadata={"help": "next words, or pairs of words, that the rule leaves alone"}
    )
    joins: tuple[tuple[str, str, str], ...] = attrs.field(
        default=(),
        metadata={"help": "pairs of words: `[word, next word, result]`; a next word may be a beginning, `[aeiou]*`"},
    )
    at: tuple[Literal["start", "sentence"], ...] = attrs.field(
        default=("start", "sentence"),
        metadata={"help": "of `capitals`: at the start of a text, after the end of a sentence, or both"},
    )
    number: str | None = attrs.field(
        default=None,
        metadata={"help": "of `verbs`: attribute that says `plural` where the slots in `only` take the plural"},
    )
    before: str = attrs.field(default=",.;:!?", metadata={"help": "of `blanks`: marks that take no blank before them"})


@attrs.frozen(kw_only=True)
class Mask:
    """What is hidden in a masked text: a table, or an array of tables, under ``masks.COLUMN``."""

    slots: tuple[str, ...] = attrs.field(metadata={"help": "slots whose values are hidden, `person.given`"})
    token: str = attrs.field(default="[MASK]", metadata={"help": "what is written instead"})
    each: Literal["span", "word"] = attrs.field(
        default="span", metadata={"help": "one token for a value, or one for each of its words"}
    )
    elsewhere: Literal["leave", "words", "starts"] = attrs.field(
        default="leave",
        metadata={
            "help": "the same words outside of the slots: leave them, hide whole words, or every start of a word; "
            "for datasets that were masked by replacing strings"
        },
    )
    field: str | None = attrs.field(default=None, metadata={"help": "text field; the task's first by default"})


@attrs.frozen(kw_only=True)
class Column:
    """A computed column with a type, or of several texts: a table under ``columns``."""

    text: str | None = attrs.field(default=None, metadata={"help": "the template, where there is one value per row"})
    items: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "templates of the values of a list, in place of text"}
    )
    type: Literal["text", "integer", "number", "boolean"] = attrs.field(
        default="text", metadata={"help": "what the written text is read as"}
    )

    @type.validator  # noqa: A003 - `type` is the key of the recipe
    def _one_source(self, _field: object, _value: object) -> None:
        if (self.text is None) == (not self.items):
            raise RecipeError.of("a column needs exactly one of text and items")


@attrs.frozen(kw_only=True)
class Tagging:
    """Tokens and their BIO tags: a table under ``tags.COLUMN``."""

    types: dict[str, str] = attrs.field(
        metadata={"help": "slot, or factor for all of its slots, = type: `person = 'PER'`"}
    )
    tokens: str = attrs.field(default="tokens", metadata={"help": "the column that the tokens go to"})
    field: str | None = attrs.field(default=None, metadata={"help": "text field; the task's first by default"})


@attrs.frozen(kw_only=True)
class TemplateSettings:
    """Keys of a step with ``generate = "template"``."""

    factor: str = attrs.field(
        default="template",
        metadata={"help": "the factor whose levels are templates; its value table holds their texts"},
    )
    fields: dict[str, str] = attrs.field(
        factory=dict,
        metadata={"help": "task field = column of the template table; a field's own name by default"},
    )
    columns: dict[str, str | Column] = attrs.field(
        factory=dict,
        metadata={
            "help": "further columns, each an inline template: `id = '{{ template.kind }}-{{ city }}'`, or a table "
            "with a type: `year = { text = '{{ date.year }}', type = 'integer' }`"
        },
    )
    tags: dict[str, Tagging] = attrs.field(
        factory=dict,
        metadata={"help": "further columns with a BIO tag per token: `ner = { types = { person = 'PER' } }`"},
    )
    masks: dict[str, Mask | tuple[Mask, ...]] = attrs.field(
        factory=dict,
        metadata={"help": "further columns, each a text with some slots hidden: `masked = { slots = ['person'] }`"},
    )
    missing: tuple[str, ...] = attrs.field(
        default=(),
        metadata={
            "help": "texts in value tables that stand for a missing form, as `['']` for the empty cells of a CSV file"
        },
    )
    surface: tuple[str, ...] | dict[str, SurfaceRule] = attrs.field(
        default=(),
        metadata={
            "help": "surface rules of the texts, by name or as a table each: "
            "`articles`, `verbs`, `blanks`, `capitals`, `elision.fr` and so on, or lists of your own"
        },
    )
    surface_mode: Literal["correct", "faithful"] = attrs.field(
        default="correct", metadata={"help": "apply the surface rules, or leave the texts as the templates say"}
    )
    edits: bool = attrs.field(
        default=False, metadata={"help": "write what the surface rules change to the column `<field>.edits`"}
    )
    max_characters: int = attrs.field(
        default=20_000,
        validator=attrs.validators.ge(1),
        metadata={"help": "longest template, and longest text one row may get in one column"},
    )
