"""The model ``local``: a Python function in a file beside the recipe, ``call = "./my_model.py:answer"``.

The function gets the messages as a list of ``{"role": ..., "content": ...}`` and may ask, by keyword arguments, for
``choices``, ``attempt`` and any parameter of the request. It returns the text.
"""

from __future__ import annotations

import hashlib
import inspect
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from fairloom.components import Tools
from fairloom.models import Answer, Done, Failure, Meter, Outcome, Request, tokens_of
from fairloom.problems import PluginError, RecipeError, did_you_mean
from fairloom_llm.reading import judged


@attrs.frozen(kw_only=True)
class Local:
    """Settings of ``llm.local``."""

    call: str = attrs.field(metadata={"help": 'the function that answers, as "./my_model.py:answer"'})
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "keyword arguments of the function, the same for every request"}
    )


@attrs.frozen
class LocalModel:
    """Calls the function once for every request, one after the other."""

    identity: Mapping[str, Any]
    call: Callable[..., object]
    taken: frozenset[str] | None
    parameters: Mapping[str, Any]

    def ask(self, requests: Sequence[Request], done: Done, meter: Meter) -> None:
        """Answer every request; tokens are estimated from the texts, since nobody counts them."""
        for index, request in enumerate(requests):
            prompt = sum(tokens_of(message.content) for message in request.messages)
            ticket = meter.reserve(prompt, 0)
            if ticket is None:
                done(index, Failure(kind="budget", message="a limit of the run is reached"))
                continue
            outcome = self._answered(request, prompt)
            done(index, outcome)
            meter.settle(ticket, prompt, outcome.answer_tokens if isinstance(outcome, Answer) else 0)

    def _answered(self, request: Request, prompt: int) -> Outcome:
        given = {"choices": request.choices, "attempt": request.attempt, **self.parameters, **request.parameters}
        if self.taken is not None:
            given = {key: value for key, value in given.items() if key in self.taken}
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        began = time.monotonic()
        text = self.call(messages, **given)
        if not isinstance(text, str):
            message = f"the function answered a {type(text).__name__}; it must return a string"
            return Failure(kind="broken", message=message, calls=1)
        answer = Answer(
            text=text, prompt_tokens=prompt, answer_tokens=tokens_of(text), seconds=time.monotonic() - began
        )
        return judged(answer, request.choices)


def build(config: Local, tools: Tools) -> LocalModel:
    """The model, or ``RecipeError`` where the file has no such function."""
    file, _, name = config.call.rpartition(":")
    if not file.endswith(".py") or not name.isidentifier():
        raise RecipeError.of(
            f"{config.call!r} names no function of a file", "call", suggestion="write ./model.py:answer"
        )
    path = tools.open_path(file)
    source = path.read_bytes()
    module = _run(path, source)
    found = getattr(module, name, None)
    if not callable(found):
        known = [word for word, each in vars(module).items() if callable(each) and not word.startswith("_")]
        raise RecipeError.of(f"{file} defines no function {name!r}", "call", suggestion=did_you_mean(name, known))
    digest = hashlib.sha256(source).hexdigest()
    identity = {"call": config.call, "sha256": digest, "parameters": dict(config.parameters)}
    return LocalModel(identity, found, _keywords(found), config.parameters)


def _run(path: Path, source: bytes) -> ModuleType:
    module = ModuleType(f"_fairloom_model_{hashlib.sha256(source).hexdigest()[:12]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    try:
        exec(compile(source, str(path), "exec", dont_inherit=True), vars(module))  # noqa: S102 - the recipe names the file to run it
    except Exception as error:
        del sys.modules[module.__name__]
        raise PluginError(f"{path.name} could not be run: {type(error).__name__}: {error}") from error
    return module


def _keywords(call: Callable[..., object]) -> frozenset[str] | None:
    """The keyword arguments that a function asks for; ``None`` where it takes all there are."""
    parameters = list(inspect.signature(call).parameters.values())[1:]
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        return None
    return frozenset(parameter.name for parameter in parameters)
