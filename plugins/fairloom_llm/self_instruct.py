"""``llm.self_instruct``: from seed rows to new ones that differ from them."""

from __future__ import annotations

from typing import Any

import attrs

from fairloom.components import Tools
from fairloom_llm.text import TextSettings, TextWriter, text_writer


@attrs.frozen(kw_only=True)
class SelfInstructSettings:
    """Keys of a step with ``generate = "llm.self_instruct"``."""

    model: str = attrs.field(metadata={"help": "the [models.NAME] that writes"})
    seeds: str = attrs.field(metadata={"help": "the [reference.NAME] whose rows are shown as examples"})
    shots: int = attrs.field(
        default=5, metadata={"help": "how many examples a prompt has"}, validator=attrs.validators.in_(range(1, 51))
    )
    same: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "axes that examples share with the row; the label if left out"}
    )
    prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file (Jinja, blocks system and user); the built-in one if left out"}
    )
    prompts: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "field = prompt file, for fields that have their own"}
    )
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "parameters of the model for this step, such as temperature"}
    )
    repair: int = attrs.field(
        default=0,
        metadata={"help": "1 tells the model once why a filter rejected its text, before the row is made again"},
        validator=attrs.validators.in_((0, 1)),
    )


def build(config: SelfInstructSettings, tools: Tools) -> TextWriter:
    """The generator: ``llm.text`` with seeds that it cannot do without, and a prompt that asks for something new.

    Raises:
        RecipeError: there is no such model, prompt or seeds.
    """
    same = TextSettings(**attrs.asdict(config, recurse=False))
    return text_writer(same, tools, "self_instruct")
