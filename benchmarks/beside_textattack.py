"""The attack of TextAttack that ``adversarial.py --beside PYTHON`` runs, in an environment of its own.

    pip install "textattack==0.3.11" "transformers<5" "huggingface_hub<1" "datasets<4.5"

TextAttack imports NLTK's list of stopwords; without ``nltk.download("stopwords")`` it does not start. Reads from
standard input ``{"train": [[text, label], ...], "victims": [...], "queries": 60, "words": 4}`` and prints one line of
JSON. The model is that of ``predict.sklearn`` with its defaults; the attack needs no download: four kinds of character
swaps, words in the order in which leaving them out hurts, no word twice.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from textattack import Attack
from textattack.attack_results import SkippedAttackResult, SuccessfulAttackResult
from textattack.constraints.overlap import MaxWordsPerturbed
from textattack.constraints.pre_transformation import RepeatModification
from textattack.goal_functions import UntargetedClassification
from textattack.models.wrappers import ModelWrapper
from textattack.search_methods import GreedyWordSwapWIR
from textattack.shared import AttackedText
from textattack.transformations import (
    CompositeTransformation,
    WordSwapNeighboringCharacterSwap,
    WordSwapQWERTY,
    WordSwapRandomCharacterDeletion,
    WordSwapRandomCharacterInsertion,
)


class Wrapped(ModelWrapper):
    """A scikit-learn pipeline, as TextAttack asks it."""

    def __init__(self, model):
        """Keep the pipeline."""
        self.model = model

    def __call__(self, texts):
        """Probabilities, one line per text."""
        return self.model.predict_proba(list(texts))


def attack_on(model, queries, words):
    """Greedy by word importance over four kinds of character swaps."""
    swaps = [
        WordSwapQWERTY(),
        WordSwapNeighboringCharacterSwap(),
        WordSwapRandomCharacterDeletion(),
        WordSwapRandomCharacterInsertion(),
    ]
    return Attack(
        UntargetedClassification(model, query_budget=queries),
        [RepeatModification(), MaxWordsPerturbed(max_num_words=words)],
        CompositeTransformation(swaps),
        GreedyWordSwapWIR(wir_method="delete"),
    )


def main():
    """Train, attack every victim, count."""
    given = json.load(sys.stdin)
    texts, labels = zip(*given["train"], strict=True)
    features = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, token_pattern=r"(?u)\b\w+\b")
    model = make_pipeline(features, LogisticRegression(max_iter=1000, random_state=20_260_411)).fit(texts, labels)
    attack = attack_on(Wrapped(model), given["queries"], given["words"])
    names = list(model.classes_)
    tried, found, queries = Counter(), Counter(), 0
    start, worked = time.perf_counter(), time.process_time()
    for text, label in given["victims"]:
        result = attack.attack(AttackedText(text), names.index(label))
        if isinstance(result, SkippedAttackResult):
            continue
        tried[label] += 1
        found[label] += isinstance(result, SuccessfulAttackResult)
        queries += result.num_queries
    seconds = [time.perf_counter() - start, time.process_time() - worked]
    print(json.dumps({"tried": tried, "found": found, "queries": queries, "seconds": seconds}))


if __name__ == "__main__":
    main()
