"""What a step will ask, guessed before anything is sent: prompts are rendered, answers are as long as the task says."""

from __future__ import annotations

from collections.abc import Sequence

from fairloom.models import Estimate, OpenModel, Request, tokens_of
from fairloom.task import Between, Task

_UNKNOWN = 60
"""Tokens of a text of which the task says nothing: about three sentences."""
_PER_WORD = 1.4
_PER_CHARACTER = 0.25


def text_tokens(task: Task) -> float:
    """About how many tokens a text of the task has: the middle of its bounds."""
    bounds = task.constraints
    for bound, tokens in ((bounds.words, _PER_WORD), (bounds.characters, _PER_CHARACTER)):
        if bound is not None and bound.max is not None:
            return _middle(bound) * tokens
    return _UNKNOWN


def estimate(
    model: OpenModel, requests: Sequence[Request], answer: float, *, more: float = 0.0, whole: bool = False
) -> Estimate:
    """The estimate for these requests; ``more`` are tokens of a prompt that only the run will know."""
    prompt = sum(tokens_of(message.content) for request in requests for message in request.messages)
    size = len(requests)
    return Estimate(
        model=model.name,
        calls=size,
        prompt_tokens=prompt + size * more,
        answer_tokens=size * answer,
        whole=whole,
    )


def scaled(found: Estimate, times: float) -> Estimate:
    """The estimate for ``times`` as much, which is all that the run asks."""
    return Estimate(
        model=found.model,
        calls=found.calls * times,
        prompt_tokens=found.prompt_tokens * times,
        answer_tokens=found.answer_tokens * times,
        whole=True,
    )


def _middle(bound: Between) -> float:
    return ((bound.min or 0) + (bound.max or 0)) / 2
