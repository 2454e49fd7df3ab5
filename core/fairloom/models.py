"""What a language model is asked and what it answers: plain records that can be kept and compared.

A generator, filter or metric with a setting that names one of the recipe's ``[models.NAME]`` finds the opened model in
``tools.models``. It makes one ``Request`` per field to be written and gets one ``Answer`` or ``Failure`` for each, in
order. What stands between (the journal of all answers, the limits of the run, replay) is the core's business and the
same for every model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Literal, Protocol

import attrs
import pyarrow as pa

Role = Literal["system", "user", "assistant"]
FailureKind = Literal["refused", "cut", "empty", "broken", "unavailable", "rejected", "budget", "missing"]
"""Why there is no answer: the model refused; the text was cut off; it was empty; the server's body was not what it
should be; the server could not be reached or kept failing; the server rejected the request; a limit of the run is
reached; a replay has no such answer."""


@attrs.frozen
class Message:
    """One turn of a conversation."""

    role: Role
    content: str


@attrs.frozen(kw_only=True)
class Request:
    """One question. Equal requests are one question: everything here is part of the journal's key.

    ``choices`` closes the answer to these texts (a grammar where the server has one, a check in any case).
    ``attempt`` tells a new try from the same question asked again. ``parameters`` overrule those of the model
    (``temperature``, ``max_tokens``).
    """

    messages: tuple[Message, ...]
    choices: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    attempt: int = 0


@attrs.frozen(kw_only=True)
class Answer:
    """One text, with what it cost. ``tokens`` are those the server counted, 0 where it says nothing."""

    text: str
    prompt_tokens: int = 0
    answer_tokens: int = 0
    seconds: float = 0.0
    calls: int = 1


@attrs.frozen(kw_only=True)
class Failure:
    """No answer, and why. Failures are recorded and never stand for an answer."""

    kind: FailureKind
    message: str
    calls: int = 0


Outcome = Answer | Failure


class Meter(Protocol):
    """The limits of the run, as a ``Model`` meets them: it asks before every call it sends, retries too.

    They hold for all processes of the run together.
    """

    def reserve(self, prompt_tokens: int, answer_tokens: int) -> int | None:
        """A ticket for one call that costs at most these tokens, or ``None`` where a limit of the run is reached."""

    def settle(self, ticket: int, prompt_tokens: int | None = None, answer_tokens: int | None = None) -> None:
        """Say what the call came to; left out, it is taken to have cost all that was reserved."""

    def draw(self, quota: str, *, rate: float, burst: float, amount: float) -> float:
        """The seconds until ``amount`` may be used of a quota that fills at ``rate`` a second up to ``burst``.

        It is drawn already: whoever draws next waits longer. A negative amount is put back.
        """

    def places(self, most: int, *, wanted: int, held: int, seconds: float) -> int:
        """How many calls this process may have under way, where all processes may have ``most``.

        It would like ``wanted`` and has ``held``; it says so again within ``seconds``, and 0 of both when it is done.
        """

    def together(self) -> AbstractContextManager[None]:
        """Several outcomes that become known at once: what is settled and ``done`` inside is written as one."""


class Done(Protocol):
    """Takes the outcome of a request, by its place among the requests.

    It may be called from one thread at a time only, and writes the journal before it returns, or, inside of
    ``meter.together()``, before that block ends.
    """

    def __call__(self, index: int, outcome: Outcome, *, again: bool = False) -> None:
        """``again`` says that this is no outcome yet: a try failed so, is recorded, and another one follows."""


class Asks(Protocol):
    """What a ``Model`` builds.

    ``identity`` is everything about the model that decides an answer (its name and parameters, never a secret): with
    the request it is the journal's key. It may also have ``source``, plain data that say which model it is, however it
    is asked: two of one source are one model, which may not judge what it wrote. Left out, it is ``identity`` without
    ``parameters``. And it may have ``probe() -> Mapping[str, Any]``, what a look at the server
    finds, for ``fairloom models``.
    """

    identity: Mapping[str, Any]

    def ask(self, requests: Sequence[Request], done: Done, meter: Meter) -> None:
        """Answer every request, in any order, and call ``done(index, outcome)`` for each as soon as it is known."""


class OpenModel(Protocol):
    """A model as components find it in ``tools.models``: journaled, limited, replayable."""

    name: str

    def ask(self, requests: Sequence[Request]) -> list[Outcome]:
        """One outcome per request, in their order.

        Failures of kind ``budget`` and ``missing``, and a server that answers nothing at all, concern no single row:
        they end the run with an error that says how to go on, and no component sees them.
        """


@attrs.frozen(kw_only=True)
class Estimate:
    """What some rows will take of one model, before anything is sent. ``model`` is its name in the recipe.

    ``whole`` says that it is for the whole run, however many rows there are.
    """

    model: str
    calls: float
    prompt_tokens: float
    answer_tokens: float
    whole: bool = False


class Estimates(Protocol):
    """What a generator, filter or metric that asks models may offer beside its work, for ``fairloom plan``."""

    def estimate(self, rows: pa.RecordBatch) -> Sequence[Estimate]:
        """What these rows will take, one estimate per model; ``plan`` asks for a sample and scales it.

        The rows are briefs: no text is written yet, also where a filter or metric will read one.
        """


def tokens_of(text: str) -> int:
    """About how many tokens a text has, without a tokenizer: one for every four bytes of UTF-8, rounded up."""
    return -(-len(text.encode()) // 4)


def most_tokens(request: Request) -> int:
    """No fewer tokens than the prompt of a request can have: a byte each, and some for the frame of each message.

    Byte-level vocabularies (as in BPE, Sennrich et al., ACL 2016, over bytes) never need more than one token a byte.
    """
    return sum(len(message.content.encode()) + 16 for message in request.messages)
