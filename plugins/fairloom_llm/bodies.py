"""The bodies of the OpenAI protocol: what is sent, and what a 200 really says."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from fairloom.models import Answer, Failure, Outcome, Request
from fairloom_llm.reading import judged

Api = Literal["chat", "completion"]
Closed = Literal["none", "grammar", "json_schema", "guided_choice"]

PATHS: Mapping[Api, str] = {"chat": "chat/completions", "completion": "completions"}
_KEY = "answer"


@attrs.frozen(kw_only=True)
class Dialect:
    """How this server wants to be asked."""

    model: str
    api: Api
    closed: Closed
    parameters: Mapping[str, Any]

    def most_tokens(self, request: Request) -> int:
        """The most tokens that an answer may have."""
        return int({**self.parameters, **request.parameters}["max_tokens"])


def body(request: Request, dialect: Dialect) -> dict[str, Any]:
    """The body of a request; its own parameters overrule those of the model."""
    made: dict[str, Any] = {"model": dialect.model, **dialect.parameters, **request.parameters}
    if dialect.api == "chat":
        made["messages"] = [{"role": each.role, "content": each.content} for each in request.messages]
    else:
        made["prompt"] = "\n\n".join(message.content for message in request.messages)
    if request.choices:
        made |= _closing(request.choices, dialect.closed)
    return made


def _closing(choices: Sequence[str], closed: Closed) -> dict[str, Any]:
    """What makes a server keep to the choices, in the dialect it speaks."""
    if closed == "grammar":
        return {"grammar": f"root ::= {' | '.join(json.dumps(choice, ensure_ascii=False) for choice in choices)}"}
    if closed == "guided_choice":
        return {"guided_choice": list(choices)}
    if closed == "json_schema":
        properties = {_KEY: {"type": "string", "enum": list(choices)}}
        schema = {"type": "object", "properties": properties, "required": [_KEY], "additionalProperties": False}
        return {"response_format": {"type": "json_schema", "json_schema": _named(schema)}}
    return {}


def _named(schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": "choice", "strict": True, "schema": schema}


def read(
    content: bytes, request: Request, dialect: Dialect, seconds: float, *, whole: bool = True
) -> tuple[Outcome, bool]:
    """What the body of a 200 says, and whether the server is at fault, so that the same may be tried again.

    Unless ``whole``, a text that was cut off is as good as another.
    """
    try:
        data = json.loads(content)
        said = _said(data, chat=dialect.api == "chat")
        f"{said.text}{said.refusal}".encode()  # an escape may stand for half a character, which nothing can keep
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError):
        return _broken(f"the body has no answer: {content[:100].decode('utf-8', 'replace')!r}"), True
    if said.refusal:
        return Failure(kind="refused", message=f"refused: {said.refusal[:120]}"), False
    if whole and said.finish == "length":
        return Failure(kind="cut", message="cut off at max_tokens"), False
    text: str | None = said.text
    if request.choices and dialect.closed == "json_schema":
        text = _unwrapped(said.text)
    if text is None:
        return _broken("the answer is not the one JSON object that was asked for"), False
    prompt, answer = tokens(data)
    given = Answer(text=text, prompt_tokens=prompt, answer_tokens=answer, seconds=seconds)
    return judged(given, request.choices), False


@attrs.frozen
class _Said:
    text: str
    finish: object
    refusal: str


def _said(data: Any, *, chat: bool) -> _Said:
    """The first choice of a body; a ``KeyError`` and the like where there is none."""
    choice = data["choices"][0]
    message = choice["message"] if chat else choice
    text, refusal, finish = (
        message.get("content" if chat else "text"),
        message.get("refusal"),
        choice.get("finish_reason"),
    )
    if not isinstance(text, str | None):
        raise TypeError(text)
    refused = str(refusal) if refusal else "by the server's content filter" if finish == "content_filter" else ""
    return _Said(text or "", finish, refused)


def _unwrapped(text: str) -> str | None:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return data[_KEY] if isinstance(data, dict) and list(data) == [_KEY] and isinstance(data[_KEY], str) else None


_MOST_TOKENS = 2**31


def _broken(message: str) -> Failure:
    return Failure(kind="broken", message=message)


def tokens(data: Any) -> tuple[int, int]:
    """Tokens of prompt and answer as the server counted them; 0 where it says nothing, or what cannot be."""
    usage = data.get("usage") if isinstance(data, dict) else None
    usage = usage if isinstance(usage, dict) else {}
    counts = [usage.get(name) for name in ("prompt_tokens", "completion_tokens")]
    prompt, answer = (count if isinstance(count, int) and 0 <= count < _MOST_TOKENS else 0 for count in counts)
    return prompt, answer


def said_wrong(data: Any) -> str:
    """The message of an error body, or what else there is, cut short."""
    error = data.get("error") if isinstance(data, dict) else None
    message = error.get("message") if isinstance(error, dict) else error
    return str(message or data)[:200].encode("utf-8", "replace").decode()
