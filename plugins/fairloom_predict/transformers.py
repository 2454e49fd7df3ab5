"""The predictor ``transformers``: a text-classification pipeline of Hugging Face, imported when it is used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.predictors import Prediction
from fairloom.problems import RecipeError

if TYPE_CHECKING:
    from fairloom.components import Tools

PIP = 'pip install "transformers>=4.50" "torch>=2.4"'


@attrs.frozen(kw_only=True)
class Transformers:
    """Settings of ``predict.transformers``."""

    model: str = attrs.field(metadata={"help": "the name of the model on the hub, or its folder"})
    revision: str = attrs.field(metadata={"help": "the commit of the model, so that it cannot change unseen"})
    labels: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "new names of labels: ours = theirs; theirs if left out"}
    )
    device: str = attrs.field(default="cpu", metadata={"help": "where the model runs, as torch names it"})


@attrs.define(eq=False)
class TransformersPredictor:
    """Loaded when the first text comes. Only weights in safetensors are read; no code of the model is run."""

    config: Transformers
    _pipeline: Any = attrs.field(default=None, init=False)

    @property
    def identity(self) -> Mapping[str, Any]:
        """Model, revision and names of labels."""
        return {key: value for key, value in attrs.asdict(self.config).items() if key != "device"}

    def predict(self, texts: pa.Array) -> Prediction:
        """The probabilities of the model's labels, in sorted order of our names."""
        names = {theirs: ours for ours, theirs in self.config.labels.items()}
        found = [
            {names.get(each["label"], each["label"]): each["score"] for each in line}
            for line in self._loaded()(texts.to_pylist(), top_k=None, truncation=True)
        ]
        labels = tuple(sorted(found[0]))
        return Prediction(labels, np.array([[line[label] for label in labels] for line in found], dtype=np.float64))

    def _loaded(self) -> Any:
        if self._pipeline is None:
            from transformers import pipeline  # noqa: PLC0415 - seconds, an extra

            self._pipeline = pipeline(
                "text-classification",
                model=self.config.model,
                revision=self.config.revision,
                device=self.config.device,
                model_kwargs={"use_safetensors": True},
            )
        return self._pipeline


def build(config: Transformers, tools: Tools) -> TransformersPredictor:  # noqa: ARG001 - the signature of every build
    """The predictor, or ``RecipeError`` where transformers and torch are not installed."""
    missing = [name for name in ("transformers", "torch") if find_spec(name) is None]
    if missing:
        said = f"{' and '.join(missing)} not installed"
        raise RecipeError.of(said, "use", suggestion=f"install with: {PIP}")
    return TransformersPredictor(config)
