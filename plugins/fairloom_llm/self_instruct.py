"""``llm.self_instruct``: from seed rows to new ones that differ from them."""

from __future__ import annotations

import attrs

from fairloom.components import Tools
from fairloom_llm.settings import MendSettings, PromptSettings
from fairloom_llm.text import TextSettings, TextWriter, text_writer


@attrs.frozen(kw_only=True)
class SelfInstructSettings(PromptSettings, MendSettings):
    """Keys of a step with ``generate = "llm.self_instruct"``."""

    seeds: str = attrs.field(metadata={"help": "the [reference.NAME] whose rows are shown as examples"})
    shots: int = attrs.field(
        default=5, metadata={"help": "how many examples a prompt has"}, validator=attrs.validators.in_(range(1, 51))
    )
    same: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "axes that examples share with the row; the label if left out"}
    )
    prompts: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "field = prompt file, for fields that have their own"}
    )


def build(config: SelfInstructSettings, tools: Tools) -> TextWriter:
    """The generator: ``llm.text`` with seeds that it cannot do without, and a prompt that asks for something new.

    Raises:
        RecipeError: there is no such model, prompt or seeds.
    """
    same = TextSettings(**attrs.asdict(config, recurse=False))
    return text_writer(same, tools, "self_instruct")
