"""A look at a server: what answers, and which parameters it keeps to. Servers accept parameters and ignore them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fairloom.models import Answer, Message, Request
from fairloom_llm.bodies import PATHS, Api, Closed, Dialect, body, read

if TYPE_CHECKING:
    import httpx2

_WORD = "quokka"
"""What nobody answers by chance."""
_QUESTION = (Message("user", "Write the name of any animal."),)
_APIS: tuple[Api, ...] = ("chat", "completion")
_CLOSED: tuple[Closed, ...] = ("grammar", "json_schema", "guided_choice")


async def probe(client: httpx2.AsyncClient, model: str, api: Api) -> dict[str, Any]:
    """What the server does, by a dozen short calls.

    ``seed`` is ``honoured``, ``ignored`` (one seed gave two texts) or ``unclear`` (every seed gave one text); of the
    ways to close an answer, those that were kept to.
    """
    looking = _Looking(client, model)
    found: dict[str, Any] = {"reachable": await looking.reachable()}
    if not found["reachable"]:
        return found
    for each in _APIS:
        found[each] = await looking.answers(each)
    if not found[api]:
        return found
    closed = [each for each in _CLOSED if await looking.closes(api, each)]
    return {**found, "seed": await looking.seed(api), "closed": closed, "logprobs": await looking.logprobs(api)}


class _Looking:
    """The calls of one probe."""

    def __init__(self, client: httpx2.AsyncClient, model: str) -> None:
        self._client, self._model = client, model

    async def reachable(self) -> bool:
        """Whether anything answers, whatever it says."""
        return await self._sent("GET", "models") is not None

    async def answers(self, api: Api) -> bool:
        return await self._text(api, {}) is not None

    async def seed(self, api: Api) -> str:
        texts = [await self._text(api, {"temperature": 1.0, "seed": seed}) for seed in (1, 1, 2, 3)]
        if None in texts or texts[0] != texts[1]:
            return "ignored"
        return "unclear" if len(set(texts)) == 1 else "honoured"

    async def closes(self, api: Api, closed: Closed) -> bool:
        return await self._text(api, {}, closed=closed, choices=(_WORD,)) == _WORD

    async def logprobs(self, api: Api) -> bool:
        data = await self._data(api, {"logprobs": True if api == "chat" else 1})
        try:
            return bool(data["choices"][0].get("logprobs"))
        except (KeyError, IndexError, TypeError, AttributeError):
            return False

    async def _text(
        self, api: Api, parameters: Mapping[str, Any], *, closed: Closed = "none", choices: tuple[str, ...] = ()
    ) -> str | None:
        dialect = Dialect(model=self._model, api=api, closed=closed, parameters={"max_tokens": 64, **parameters})
        request = Request(messages=_QUESTION, choices=choices)
        response = await self._sent("POST", PATHS[api], body(request, dialect))
        if response is None or response.status_code != 200:
            return None
        outcome, _ = read(response.content, request, dialect, 0.0, whole=False)
        return outcome.text if isinstance(outcome, Answer) else None

    async def _data(self, api: Api, parameters: Mapping[str, Any]) -> Any:
        dialect = Dialect(model=self._model, api=api, closed="none", parameters={"max_tokens": 4, **parameters})
        response = await self._sent("POST", PATHS[api], body(Request(messages=_QUESTION), dialect))
        try:
            return None if response is None else response.json()
        except ValueError:
            return None

    async def _sent(self, method: str, path: str, data: Any = None) -> httpx2.Response | None:
        import httpx2  # noqa: PLC0415 - an extra; whoever has a client has it

        try:
            return await self._client.request(method, path, json=data)
        except httpx2.HTTPError:
            return None
