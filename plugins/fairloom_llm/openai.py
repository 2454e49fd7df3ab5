"""The model ``openai``: any server that speaks the OpenAI protocol, hosted or local (llama.cpp, vLLM, Ollama)."""

from __future__ import annotations

import asyncio
import importlib
import os
import threading
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import attrs

from fairloom.addresses import check_address
from fairloom.components import Tools
from fairloom.models import Done, Meter, Request
from fairloom.problems import RecipeError
from fairloom_llm.bodies import Api, Closed, Dialect
from fairloom_llm.places import Places
from fairloom_llm.probing import probe
from fairloom_llm.quota import Bucket
from fairloom_llm.sending import Patience, Sender, Traffic

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _positive(_instance: object, field: Any, value: float | None) -> None:
    if value is not None and value <= 0:
        raise RecipeError.of(f"must be above 0, got {value:g}", field.name)


@attrs.frozen(kw_only=True)
class OpenAI:
    """Settings of ``llm.openai``."""

    base_url: str = attrs.field(metadata={"help": "where the server is, as http://127.0.0.1:8080/v1", "from_env": True})
    model: str = attrs.field(metadata={"help": "the server's name of the model", "from_env": True})
    revision: str = attrs.field(
        default="", metadata={"help": "tells this model from others of the name: quantisation, snapshot"}
    )
    api: Api = attrs.field(
        default="chat", metadata={"help": "chat for models that converse, completion for base models"}
    )
    parameters: dict[str, Any] = attrs.field(
        factory=dict, metadata={"help": "sent with every request: temperature, top_p, max_tokens (512), seed, stop"}
    )
    closed: Closed = attrs.field(
        default="none",
        metadata={"help": "how the server keeps closed answers to the choices; each is checked in any case"},
    )
    key_env: str | None = attrs.field(default=None, metadata={"help": "the environment variable that holds the key"})
    timeout: float = attrs.field(default=120.0, metadata={"help": "seconds for one call"}, validator=_positive)
    deadline: float = attrs.field(
        default=600.0, metadata={"help": "seconds for a request with all its tries"}, validator=_positive
    )
    attempts: int = attrs.field(
        default=16, metadata={"help": "how often a request is sent at most"}, validator=_positive
    )
    min_places: int = attrs.field(
        default=1,
        metadata={"help": "the fewest calls under way at once, if other workers leave so many"},
        validator=_positive,
    )
    max_places: int = attrs.field(
        default=64, metadata={"help": "the most calls under way at once, of all workers together"}, validator=_positive
    )
    requests_per_minute: float | None = attrs.field(
        default=None,
        metadata={"help": "the server's quota of requests, for all workers together"},
        validator=_positive,
    )
    tokens_per_minute: float | None = attrs.field(
        default=None,
        metadata={"help": "the server's quota of tokens, for all workers together"},
        validator=_positive,
    )

    @base_url.validator
    def _address(self, _field: object, value: str) -> None:
        check_address(value, "base_url", "key_env")

    @max_places.validator
    def _ordered(self, _field: object, value: int) -> None:
        if value < self.min_places:
            raise RecipeError.of(f"must not be below min_places = {self.min_places}, got {value}", "max_places")

    @parameters.validator
    def _known(self, _field: object, value: dict[str, Any]) -> None:
        for key in ("messages", "prompt", "model", "n", "stream"):
            if key in value:
                raise RecipeError.of("is not a parameter of the model: every call asks one thing", "parameters", key)
        most = value.get("max_tokens", 1)
        if type(most) is not int or most < 1:
            raise RecipeError.of(f"must be an integer from 1, got {most!r}", "parameters", "max_tokens")


@attrs.define(eq=False)
class OpenAIModel:
    """A server as the core asks it."""

    config: OpenAI
    identity: Mapping[str, Any]
    dialect: Dialect
    traffic: Traffic

    @property
    def source(self) -> Mapping[str, Any]:
        """The server and its model, however they are asked."""
        return {key: self.identity[key] for key in ("server", "model", "revision") if key in self.identity}

    def ask(self, requests: Sequence[Request], done: Done, meter: Meter) -> None:
        """Answer every request, as many at once as the server bears."""
        _run(self._ask(requests, done, meter))

    async def _ask(self, requests: Sequence[Request], done: Done, meter: Meter) -> None:
        config, secret = self.config, secret_of(self.config.key_env)
        patience = Patience(call=config.timeout, deadline=config.deadline, attempts=config.attempts)
        http = _http()
        async with http.lines(config.base_url, secret) as lines:
            sender = Sender(http.HttpServer(lines, self.dialect), self.traffic, patience, meter, done)
            try:
                await sender.run(requests)
            except BaseExceptionGroup as group:
                raise group.exceptions[0] from None

    def probe(self) -> dict[str, Any]:
        """What a look at the server finds."""
        found: dict[str, Any] = {}
        _run(self._probe(found))
        return found

    async def _probe(self, found: dict[str, Any]) -> None:
        config, secret, seconds = self.config, secret_of(self.config.key_env), min(30.0, self.config.timeout)
        http = _http()
        async with http.client(config.base_url, secret, seconds=seconds) as client:
            found |= await probe(client, config.model, config.api)


def build(config: OpenAI, _tools: Tools) -> OpenAIModel:
    """The model; nothing is sent yet."""
    parameters = {"max_tokens": 512, **config.parameters}
    dialect = Dialect(model=config.model, api=config.api, closed=config.closed, parameters=parameters)
    places = Places(config.min_places, config.max_places)
    quotas = {"requests": config.requests_per_minute, "tokens": config.tokens_per_minute}
    requests, tokens = (Bucket(name, most) if most else None for name, most in quotas.items())
    return OpenAIModel(config, _identity(config, parameters), dialect, Traffic(places, requests, tokens))


def _identity(config: OpenAI, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What decides an answer. Where a server of this machine listens does not."""
    host = urlsplit(config.base_url).hostname or ""
    server = "this machine" if host in _LOOPBACK else config.base_url.rstrip("/")
    said = {"server": server, "model": config.model, "api": config.api, "closed": config.closed}
    revision = {"revision": config.revision} if config.revision else {}
    return {**said, **revision, "parameters": dict(parameters)}


def secret_of(name: str | None) -> str | None:
    """The key in the environment; messages name the variable, never its value.

    Raises:
        RecipeError: It is not set, or cannot be sent in a header.
    """
    if name is None:
        return None
    value = os.environ.get(name, "").strip()
    if not value:
        way = "set it, or leave key_env out for a server that wants none"
        raise RecipeError.of(f"the environment variable {name!r} holds no key", "key_env", suggestion=way)
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise RecipeError.of(f"the environment variable {name!r} holds something that is no key", "key_env")
    return value


def _http() -> Any:
    try:
        return importlib.import_module("fairloom_llm.http")
    except ImportError:
        message = "llm.openai needs httpx2, which is not installed"
        raise RecipeError.of(message, "use", suggestion='pip install "fairloom[llm]"') from None


def _run(work: Coroutine[Any, Any, None]) -> None:
    """Run on an event loop of its own; on a thread of its own where one runs here already, as in a notebook."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work)
        return
    errors: list[BaseException] = []

    def inside() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - raised again below, on the thread that asked
            errors.append(error)

    thread = threading.Thread(target=inside)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
