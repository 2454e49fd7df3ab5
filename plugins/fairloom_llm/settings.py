"""Settings that several components have in common, said once. Without slots, so that a class may have two of them."""

from __future__ import annotations

from typing import Any

import attrs


@attrs.frozen(kw_only=True, slots=False)
class AskSettings:
    """What every component that asks a model is told."""

    model: str = attrs.field(metadata={"help": "the [models.NAME] to ask"})
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "parameters of the model for this step, such as temperature"}
    )


@attrs.frozen(kw_only=True, slots=False)
class PromptSettings(AskSettings):
    """Of a component with one prompt."""

    prompt: str | None = attrs.field(
        default=None, metadata={"help": "the prompt file (Jinja, blocks system and user); the built-in one if left out"}
    )


@attrs.frozen(kw_only=True, slots=False)
class MendSettings(AskSettings):
    """Of a component that can tell a model what was wrong with its answer."""

    repair: int = attrs.field(
        default=0,
        metadata={"help": "1 tells the model once why its answer was rejected, before it is asked anew"},
        validator=attrs.validators.in_((0, 1)),
    )


@attrs.frozen(kw_only=True, slots=False)
class ShotSettings:
    """Of a component whose prompt may show seed rows."""

    seeds: str | None = attrs.field(
        default=None, metadata={"help": "the [reference.NAME] whose rows are shown as examples"}
    )
    shots: int = attrs.field(
        default=0, metadata={"help": "how many examples a prompt has"}, validator=attrs.validators.in_(range(51))
    )
    same: tuple[str, ...] | None = attrs.field(
        default=None, metadata={"help": "axes that examples share with the row; the label if left out"}
    )
