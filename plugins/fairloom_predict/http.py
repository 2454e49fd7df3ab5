"""The predictor ``http``: a classifier behind an endpoint of one's own."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.addresses import check_address
from fairloom.predictors import Prediction
from fairloom.problems import PluginError, RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools


@attrs.frozen(kw_only=True)
class Http:
    """Settings of ``predict.http``."""

    url: str = attrs.field(metadata={"help": "where texts are posted, http:// or https://"})
    labels: tuple[str, ...] = attrs.field(metadata={"help": "the labels, in the order of the probabilities"})
    version: str = attrs.field(default="", metadata={"help": "the version of the model there, for the manifest"})
    key_from: str | None = attrs.field(
        default=None, metadata={"help": "the environment variable that holds a bearer token"}
    )
    seconds: float = attrs.field(default=60.0, metadata={"help": "how long one call may take"})
    tries: int = attrs.field(default=3, metadata={"help": "how often a call is made before the run fails"})

    @url.validator
    def _web(self, _field: object, value: str) -> None:
        check_address(value, "url", "key_from")

    @seconds.validator
    def _some_time(self, _field: object, value: float) -> None:
        if not value > 0:
            raise RecipeError.of(f"is above 0, got {value:g}", "seconds")


@attrs.frozen
class HttpPredictor:
    """Posts ``{"texts": [...]}`` and reads ``{"probabilities": [[0.9, 0.1], ...]}``, one line per text.

    Server errors, refused connections and broken answers are tried again after 1, 2, 4 ... seconds, a minute at most;
    every other fault fails the run. No redirect is followed: the token is meant for this address alone.
    """

    config: Http

    @property
    def identity(self) -> Mapping[str, Any]:
        """Address, labels and version; never the token."""
        return {"url": self.config.url, "labels": list(self.config.labels), "version": self.config.version}

    @property
    def source(self) -> Mapping[str, Any]:
        """The address: whatever is said of the model there, it is the one that answers."""
        return {"url": self.config.url.rstrip("/")}

    def predict(self, texts: pa.Array) -> Prediction:
        """What the endpoint answers to these texts."""
        token = self._token()
        answer = self._post(json.dumps({"texts": texts.to_pylist()}).encode(), token)
        try:
            table = np.array(answer["probabilities"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            said = _hidden(str(answer), token)[:80]
            raise PluginError(f"{self.config.url} answered no table of probabilities: {said}") from error
        return Prediction(self.config.labels, table)

    def _post(self, body: bytes, token: str) -> Any:
        for turn in range(1, self.config.tries + 1):
            last = turn == self.config.tries
            try:
                return self._once(body, token)
            except urllib.error.HTTPError as error:
                if error.code < 500 or last:
                    raise PluginError(f"{self.config.url} answered {error.code}{_why(error, token)}") from None
            except (OSError, http.client.HTTPException) as error:
                if last:
                    what = "cannot be reached" if isinstance(error, urllib.error.URLError) else "gave no whole answer"
                    raise PluginError(f"{self.config.url} {what}: {_hidden(str(error), token)}") from None
            time.sleep(min(60.0, 2.0 ** min(turn - 1, 6)))
        return None

    def _once(self, body: bytes, token: str) -> Any:
        authorised = {"Authorization": f"Bearer {token}"} if token else {}
        headers = {"Content-Type": "application/json", **authorised}
        request = urllib.request.Request(self.config.url, body, headers)  # noqa: S310 - the scheme is checked
        end = time.monotonic() + self.config.seconds
        with _OPENER.open(request, timeout=self.config.seconds) as answer:
            whole = _read(answer, end)
        try:
            return json.loads(whole)
        except (ValueError, RecursionError) as error:
            raise PluginError(f"{self.config.url} answered no JSON") from error

    def _token(self) -> str:
        if self.config.key_from is None:
            return ""
        token = os.environ.get(self.config.key_from, "").strip()
        if not token:
            raise PluginError(f"the environment variable {self.config.key_from} (key_from) is not set")
        if not (token.isascii() and token.isprintable()) or " " in token:
            raise PluginError(f"the environment variable {self.config.key_from} (key_from) holds something else")
        return token


class _Stays(urllib.request.HTTPRedirectHandler):
    """Goes nowhere else: urllib would take the token along to any host, and leave the texts behind."""

    def redirect_request(self, *_: Any) -> None:
        """Leave the answer the error it is."""


_OPENER = urllib.request.build_opener(_Stays)
_MOST = 1 << 28


def _read(answer: Any, end: float) -> bytes:
    """The body, as long as it comes in time: a server that sends a byte now and then keeps any other limit."""
    whole = bytearray()
    while some := answer.read1(1 << 16):
        whole += some
        if time.monotonic() > end:
            raise TimeoutError("the answer took too long")
        if len(whole) > _MOST:
            raise PluginError(f"the answer is longer than {_MOST:,} bytes")
    if answer.length:
        raise http.client.IncompleteRead(bytes(whole), answer.length)
    return bytes(whole)


def _why(error: urllib.error.HTTPError, token: str) -> str:
    way = "; it sends us elsewhere: name that address as url" if 300 <= error.code < 400 else ""
    return f" {_hidden(str(error.reason), token)}{way}"


def _hidden(said: str, token: str) -> str:
    """What a server said, without the token if it said it back."""
    return said.replace(token, "***") if token else said


def build(config: Http, tools: Tools) -> HttpPredictor:  # noqa: ARG001 - the signature of every build
    """The predictor; no call is made yet."""
    if len(set(config.labels)) < 2 or len(set(config.labels)) != len(config.labels):
        raise RecipeError.of(f"needs two different labels or more, got {list(config.labels)}", "labels")
    if config.tries < 1:
        raise RecipeError.of(f"is at least 1, got {config.tries}", "tries")
    return HttpPredictor(config)
