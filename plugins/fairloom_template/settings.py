"""The settings of the generator ``template``."""

from __future__ import annotations

from typing import Literal

import attrs


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
    before: str = attrs.field(default=",.;:!?", metadata={"help": "of `blanks`: marks that take no blank before them"})


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
    columns: dict[str, str] = attrs.field(
        factory=dict,
        metadata={"help": "further columns, each an inline template: `id = '{{ template.kind }}-{{ city }}'`"},
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
