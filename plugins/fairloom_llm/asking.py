"""From requests to texts, or to the reason why there is none."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from fairloom.components import Tools
from fairloom.models import Failure, FailureKind, OpenModel, Outcome, Request
from fairloom.problems import RecipeError, did_you_mean

_REASONS: dict[FailureKind, str] = {
    "refused": "model refused",
    "cut": "answer cut off",
    "empty": "empty answer",
    "broken": "broken answer",
    "rejected": "request rejected",
    "unavailable": "model unavailable",
}
"""Failures that cost one candidate. What all rows would meet (a limit, a replay without the answer) ends the run before
a component hears of it."""
_ATTEMPT_BITS = 40


@attrs.frozen
class Said:
    """One text, or the reason why there is none."""

    text: str | None = None
    reason: str | None = None


def model_of(tools: Tools, name: str, key: str = "model") -> OpenModel:
    """The model ``[models.NAME]``.

    Raises:
        RecipeError: the recipe has none of that name.
    """
    if name not in tools.models:
        way = did_you_mean(name, tools.models) or f'declare it: [models.{name}] use = "llm.openai"'
        raise RecipeError.of(f"the recipe has no [models.{name}]", key, suggestion=way)
    return tools.models[name]


def ask(model: OpenModel, requests: Sequence[Request]) -> list[Said]:
    """What the model says to each request, without the blanks around it."""
    return [_said(outcome) for outcome in model.ask(requests)] if requests else []


def number(address: int, attempt: int) -> int:
    """The ``Request.attempt`` of a row: rows with equal prompts ask for different texts, and so does every attempt."""
    return (attempt << _ATTEMPT_BITS) | address


def _said(outcome: Outcome) -> Said:
    if isinstance(outcome, Failure):
        return Said(reason=_REASONS.get(outcome.kind, outcome.kind))
    text = outcome.text.strip()
    return Said(text=text) if text else Said(reason=_REASONS["empty"])
