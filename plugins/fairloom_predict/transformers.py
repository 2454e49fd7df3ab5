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

PIP = 'pip install "fairloom[transformers]"'
_BESIDE = "./"


@attrs.frozen(kw_only=True)
class Transformers:
    """Settings of ``predict.transformers``."""

    model: str = attrs.field(metadata={"help": "the name of the model on the hub, or ./FOLDER beside the recipe"})
    revision: str | None = attrs.field(
        default=None, metadata={"help": "the commit of a model on the hub, so that it cannot change unseen"}
    )
    labels: dict[str, str] = attrs.field(
        factory=dict, metadata={"help": "new names of labels: ours = theirs; theirs if left out"}
    )
    device: str = attrs.field(default="cpu", metadata={"help": "where the model runs, as torch names it"})

    @property
    def beside(self) -> bool:
        """Whether the model is a folder of files beside the recipe."""
        return self.model.startswith(_BESIDE)


@attrs.define(eq=False)
class TransformersPredictor:
    """Loaded when the first text comes. Only weights in safetensors are read; no code of the model is run.

    Texts go through the model one by one: the padding of a batch would move the last digits of an answer.
    """

    config: Transformers
    place: str
    identity: Mapping[str, Any]
    _pipeline: Any = attrs.field(default=None, init=False)

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
            from transformers.utils import logging  # noqa: PLC0415

            logging.disable_progress_bar()  # it would be written across ours
            self._pipeline = pipeline(
                "text-classification",
                model=self.place,
                revision=self.config.revision,
                device=self.config.device,
                model_kwargs={"use_safetensors": True},
            )
        return self._pipeline


def build(config: Transformers, tools: Tools) -> TransformersPredictor:
    """The predictor, or ``RecipeError`` for a model that is not pinned or where transformers and torch are missing.

    Of a folder beside the recipe every file becomes an input of the run, with its digest.
    """
    missing = [name for name in ("transformers", "torch") if find_spec(name) is None]
    if missing:
        said = f"{' and '.join(missing)} not installed"
        raise RecipeError.of(said, "use", suggestion=f"install with: {PIP}")
    if config.beside == (config.revision is not None):
        raise RecipeError.of(_PINS[config.beside], "revision")
    identity = {key: value for key, value in attrs.asdict(config).items() if key != "device"}
    versions = {name: tools.version_of(name) for name in ("transformers", "torch")}
    return TransformersPredictor(config, _place(config, tools), {**identity, **versions})


_PINS = {
    True: "a folder beside the recipe has no revision: its files go to the manifest with their digests",
    False: "a model on the hub needs the commit that is meant; or name a folder, ./FOLDER",
}


def _place(config: Transformers, tools: Tools) -> str:
    """Where the pipeline finds the model: its name on the hub, or the absolute path of its folder."""
    if not config.beside:
        return config.model
    folder = tools.open_path(f"{config.model}/config.json").parent
    for name in sorted(each.name for each in folder.iterdir() if each.is_file()):
        tools.open_path(f"{config.model}/{name}")
    return str(folder)
