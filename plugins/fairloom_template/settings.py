"""The settings of the generator ``template``."""

from __future__ import annotations

import attrs


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
    max_characters: int = attrs.field(
        default=20_000,
        validator=attrs.validators.ge(1),
        metadata={"help": "longest template, and longest text one row may get in one column"},
    )
