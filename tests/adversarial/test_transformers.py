"""A Hugging Face pipeline as predictor: a tiny classifier is made here, and nothing is downloaded."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairloom as fl
from fairloom.testing import sample_tools
from fairloom_predict import transformers as predictor

SMALL = Path(__file__).with_name("small")
WORDS = (
    "[UNK]",
    "[PAD]",
    "[CLS]",
    "free",
    "prize",
    "call",
    "now",
    "win",
    "see",
    "you",
    "lunch",
    "hello",
    "hi",
    "a",
    "me",
)


@pytest.fixture(scope="module")
def library() -> Any:
    """The library, where it is installed beside torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what the libraries say to each other while they are imported
        pytest.importorskip("torch", reason="needs the extra transformers: torch is not installed")
        return pytest.importorskip("transformers", reason="needs the extra transformers: it is not installed")


@pytest.fixture(scope="module")
def folder(library: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recipe's folder with a model of random weights in ``model/``."""
    import torch  # noqa: PLC0415 - an extra
    from tokenizers import Tokenizer  # noqa: PLC0415
    from tokenizers.models import WordLevel  # noqa: PLC0415
    from tokenizers.pre_tokenizers import Whitespace  # noqa: PLC0415
    from tokenizers.processors import TemplateProcessing  # noqa: PLC0415

    place = tmp_path_factory.mktemp("recipe")
    torch.manual_seed(3)
    sizes = {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 8,
        "initializer_range": 1.0,
    }
    config = library.BertConfig(
        vocab_size=len(WORDS), **sizes, id2label={0: "NEG", 1: "POS"}, label2id={"NEG": 0, "POS": 1}, pad_token_id=1
    )
    model = library.BertForSequenceClassification(config)
    words = Tokenizer(WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    words.pre_tokenizer = Whitespace()
    words.post_processor = TemplateProcessing(single="[CLS] $A", special_tokens=[("[CLS]", 2)])
    tokenizer = library.PreTrainedTokenizerFast(
        tokenizer_object=words, unk_token="[UNK]", pad_token="[PAD]", model_max_length=64
    )
    model.save_pretrained(place / "model")
    tokenizer.save_pretrained(place / "model")
    (place / "parts.py").write_bytes((SMALL / "parts.py").read_bytes())
    return place


def test_a_pipeline_answers_inside_a_run_as_it_does_outside(folder: Path, library: Any, tmp_path: Path) -> None:
    data = dict(fl.Recipe.load(SMALL / "recipe.toml").resolved)
    data["recipe"] = {**data["recipe"], "rows": 24}
    tiny = {"use": "predict.transformers", "model": "./model", "labels": {"ham": "NEG", "spam": "POS"}}
    data["predictors"] = {"tiny": tiny}
    data["step"] = [*data["step"], {"filter": "adversarial.band", "model": "tiny", "margin": [-1.0, 1.0]}]
    data["gate"] = [{"metric": "adversarial.accuracy", "model": "tiny", "min": 0}]
    run = fl.Recipe.from_data(data, folder).run(tmp_path / "run")
    plain = library.pipeline("text-classification", model=str(folder / "model"))
    names = {"NEG": "ham", "POS": "spam"}
    said = [names[each["label"]] for each in plain(run.table["text"].to_pylist(), truncation=True)]
    right = [one == label for one, label in zip(said, run.table["label"].to_pylist(), strict=True)]
    assert run.gates[0].value == pytest.approx(sum(right) / len(right))
    assert len(set(said)) == 2
    inputs = {each["path"] for each in run.manifest["inputs"]}
    assert {"./model/config.json", "./model/model.safetensors", "./model/tokenizer.json"} <= inputs
    assert run.manifest["predictors"]["tiny"]["identity"]["transformers"] == library.__version__


def test_long_texts_are_cut_and_answers_do_not_depend_on_their_batch(folder: Path) -> None:
    tools = sample_tools(folder)
    built = predictor.build(predictor.Transformers(model="./model"), tools)
    import pyarrow as pa  # noqa: PLC0415 - beside the rest of this test

    texts = ["free prize now", "see you at lunch", "hello " * 500, ""]
    together = built.predict(pa.array(texts))
    assert together.labels == ("NEG", "POS")
    alone = np.concatenate([built.predict(pa.array([text])).probabilities for text in texts])
    assert np.array_equal(together.probabilities, alone)
    assert together.probabilities.sum(axis=1) == pytest.approx(np.ones(4), abs=1e-6)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"model": "bert-base-uncased"}, "revision: a model on the hub needs the commit"),
        ({"model": "./model", "revision": "main"}, "revision: a folder beside the recipe has no revision"),
    ],
)
def test_a_model_is_pinned(
    settings: dict[str, str], said: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(predictor, "find_spec", lambda _: object())
    with pytest.raises(fl.RecipeError, match=said):
        predictor.build(predictor.Transformers(**settings), sample_tools(tmp_path))


def test_without_the_libraries_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictor, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(fl.RecipeError, match=r'torch not installed.*pip install "fairloom\[transformers\]"'):
        predictor.build(predictor.Transformers(model="any", revision="main"), sample_tools())
