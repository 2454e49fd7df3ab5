"""A stand-in for a model to be tested: it counts words, and knows neither negation nor names."""

from __future__ import annotations

import re

import fairloom as fl

GOOD = {"clean", "friendly", "tasty", "quiet", "she"}
BAD = {"dirty", "rude", "bland", "noisy", "very", "really"}


@fl.predictor
def predict(texts: list[str]) -> list[dict[str, float]]:
    """Set good words off against bad ones."""
    answers = []
    for text in texts:
        words = re.findall(r"\w+", text.lower())
        score = sum(word in GOOD for word in words) - sum(word in BAD for word in words)
        praise = min(0.95, max(0.05, 0.5 + 0.15 * score))
        answers.append({"praise": round(praise, 2), "complaint": round(1 - praise, 2)})
    return answers
