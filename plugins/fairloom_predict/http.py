"""The predictor ``http``: a classifier behind an endpoint of one's own."""

from __future__ import annotations

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
        if not value.startswith(("http://", "https://")):
            raise RecipeError.of(f"begins with http:// or https://, got {value!r}", "url")

    @seconds.validator
    def _waits(self, _field: object, value: float) -> None:
        if not value > 0:
            raise RecipeError.of(f"is above 0, got {value:g}", "seconds")


@attrs.frozen
class HttpPredictor:
    """Posts ``{"texts": [...]}`` and reads ``{"probabilities": [[0.9, 0.1], ...]}``, one line per text.

    Server errors and refused connections are tried again after 1, 2, 4 ... seconds; every other fault fails the run.
    """

    config: Http

    @property
    def identity(self) -> Mapping[str, Any]:
        """Address, labels and version; never the token."""
        return {"url": self.config.url, "labels": list(self.config.labels), "version": self.config.version}

    def predict(self, texts: pa.Array) -> Prediction:
        """What the endpoint answers to these texts."""
        body = json.dumps({"texts": texts.to_pylist()}).encode()
        answer = self._post(body)
        try:
            table = np.array(answer["probabilities"], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise PluginError(f"{self.config.url} answered no table of probabilities: {str(answer)[:80]}") from error
        return Prediction(self.config.labels, table)

    def _post(self, body: bytes) -> Any:
        for left in reversed(range(self.config.tries)):
            try:
                return self._once(body)
            except urllib.error.HTTPError as error:
                if error.code < 500 or not left:
                    raise PluginError(f"{self.config.url} answered {error.code} {error.reason}") from error
            except (urllib.error.URLError, TimeoutError) as error:
                if not left:
                    raise PluginError(f"{self.config.url} cannot be reached: {error}") from error
            time.sleep(2.0 ** (self.config.tries - 1 - left))
        return None

    def _once(self, body: bytes) -> Any:
        headers = {"Content-Type": "application/json", **self._token()}
        request = urllib.request.Request(self.config.url, body, headers)  # noqa: S310 - the scheme is checked
        with urllib.request.urlopen(request, timeout=self.config.seconds) as answer:  # noqa: S310 - as above
            try:
                return json.load(answer)
            except ValueError as error:
                raise PluginError(f"{self.config.url} answered no JSON") from error

    def _token(self) -> dict[str, str]:
        if self.config.key_from is None:
            return {}
        token = os.environ.get(self.config.key_from)
        if not token:
            raise PluginError(f"the environment variable {self.config.key_from} (key_from) is not set")
        return {"Authorization": f"Bearer {token}"}


def build(config: Http, tools: Tools) -> HttpPredictor:  # noqa: ARG001 - the signature of every build
    """The predictor; no call is made yet."""
    if len(set(config.labels)) < 2 or len(set(config.labels)) != len(config.labels):
        raise RecipeError.of(f"needs two different labels or more, got {list(config.labels)}", "labels")
    if config.tries < 1:
        raise RecipeError.of(f"is at least 1, got {config.tries}", "tries")
    return HttpPredictor(config)
