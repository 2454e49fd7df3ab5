"""Reading what a model said, strictly: an empty answer, a refusal, a choice that is none. Nothing is repaired."""

from __future__ import annotations

from collections.abc import Sequence

from fairloom.models import Answer, Failure, Outcome

_REFUSALS = (
    "i can't help with",
    "i cannot help with",
    "i can't assist with",
    "i cannot assist with",
    "i can't fulfill",
    "i cannot fulfill",
    "i'm sorry, but i can't",
    "i'm sorry, but i cannot",
    "i am sorry, but i cannot",
    "i'm unable to",
    "i am unable to",
    "as an ai language model",
    "as a large language model",
)
"""How well-known models begin a refusal, in lower case with straight apostrophes."""
_LOOKED_AT = 200


def judged(answer: Answer, choices: Sequence[str]) -> Outcome:
    """The answer, or why its text is none.

    A closed answer must be one of the choices to the letter, blanks around it aside, which are cut off.
    """
    text = answer.text.strip()
    if not text:
        return Failure(kind="empty", message="the model answered nothing", calls=answer.calls)
    if choices:
        if text in choices:
            return Answer(
                text=text,
                prompt_tokens=answer.prompt_tokens,
                answer_tokens=answer.answer_tokens,
                seconds=answer.seconds,
                calls=answer.calls,
            )
        said = f"answered {text[:60]!r}, which is none of the {len(choices)} choices"
        return Failure(kind="broken", message=said, calls=answer.calls)
    if refuses(text):
        return Failure(kind="refused", message=f"the model refused: {text[:60]!r}", calls=answer.calls)
    return answer


def refuses(text: str) -> bool:
    """Whether a text begins like a refusal."""
    start = text[:_LOOKED_AT].lower().replace("\u2019", "'")
    return any(start.startswith(phrase) for phrase in _REFUSALS)
