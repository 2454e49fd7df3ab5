"""The augmenters of one other library, timed on the texts that come in; ``edits.py --beside PYTHON`` runs this.

PYTHON is that of an environment with one of::

    pip install nlpaug
    pip install langtest openai           # openai is imported at once, and not among what langtest asks for
    pip install textattack "transformers<5" "huggingface_hub<1" "datasets<4.5" torch

Reads texts as a JSON list and writes ``{edit: rows per CPU-second, or why there is none}``, by the names of our edits.
TextAttack asks NLTK for English stopwords when it is imported, and would download them: it gets a list of ten here.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

STOPWORDS = ("a", "an", "and", "at", "in", "of", "on", "or", "the", "to")
Work = Callable[[list[str]], Any]


def timed(make: Callable[[], Work], texts: list[str]) -> float:
    """Rows per CPU-second, the better of two."""
    work, best = make(), float("inf")
    for _ in range(2):
        start = time.process_time()
        work(texts)
        best = min(best, time.process_time() - start)
    return len(texts) / best


def nlpaug() -> dict[str, Callable[[], Work]]:
    """One letter of one word."""
    char = importlib.import_module("nlpaug.augmenter.char")
    one = {"aug_char_min": 1, "aug_char_max": 1, "aug_word_min": 1, "aug_word_max": 1}
    makers = {"typo": partial(char.KeyboardAug, **one), "ocr": partial(char.OcrAug, **one)}
    for name in ("swap", "insert", "substitute", "delete"):
        makers[name] = partial(char.RandomCharAug, action=name, **one)
    return {name: lambda maker=maker: maker().augment for name, maker in makers.items()}


def textattack() -> dict[str, Callable[[], Work]]:
    """One word per text."""
    folder = Path(tempfile.mkdtemp())
    (folder / "corpora" / "stopwords").mkdir(parents=True)
    (folder / "corpora" / "stopwords" / "english").write_text("\n".join(STOPWORDS), "utf-8")
    os.environ["NLTK_DATA"] = str(folder)
    augmenter = importlib.import_module("textattack.augmentation").Augmenter
    swaps = importlib.import_module("textattack.transformations")
    kinds = {
        "typo": swaps.WordSwapQWERTY,
        "swap": swaps.WordSwapNeighboringCharacterSwap,
        "delete": swaps.WordSwapRandomCharacterDeletion,
        "insert": swaps.WordSwapRandomCharacterInsertion,
        "substitute": swaps.WordSwapRandomCharacterSubstitution,
        "homoglyph": swaps.WordSwapHomoglyphSwap,
    }
    return {
        name: lambda kind=kind: augmenter(transformation=kind(), pct_words_to_swap=0.0).augment_many
        for name, kind in kinds.items()
    }


def langtest() -> dict[str, Callable[[], Work]]:
    """As its tests call it, on plain texts."""
    robustness = importlib.import_module("langtest.transform.robustness")
    kinds = {"typo": robustness.AddTypo, "ocr": robustness.AddOcrTypo, "case": robustness.UpperCase}
    return {name: lambda kind=kind: kind.transform for name, kind in kinds.items()}


def main() -> None:
    """Time what this environment has."""
    texts = json.load(sys.stdin)
    out: dict[str, dict[str, float | str]] = {}
    for load in (nlpaug, textattack, langtest):
        try:
            works = load()
        except ImportError as error:
            if load.__name__ not in str(error):
                out[load.__name__] = {"import": str(error)}
            continue
        found = out.setdefault(load.__name__, {})
        for name, work in works.items():
            try:
                found[name] = timed(work, texts)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
                found[name] = f"{type(error).__name__}: {error}"
    json.dump(out, sys.stdout)


if __name__ == "__main__":
    main()
