"""A classifier, perturbations and a generator beside the recipes of these tests."""

from __future__ import annotations

import re

import attrs
import numpy as np

import fairloom as fl
from fairloom.edits import Edits, LabelRule

WORDS = {"free": 0.35, "prize": 0.3, "call": 0.15, "now": 0.1, "win": 0.25}


@fl.predictor
def spam(texts: list[str], *, base: float = 0.11) -> list[dict[str, float]]:
    """Add up the weights of words."""
    found = [min(0.99, base + sum(WORDS.get(word, 0.0) for word in re.findall(r"\w+", text))) for text in texts]
    return [{"ham": 1 - each, "spam": each} for each in found]


@fl.predictor
def cautious(texts: list[str]) -> list[dict[str, float]]:
    """Look for one word."""
    return [{"ham": 0.3, "spam": 0.7} if "prize" in text else {"ham": 0.8, "spam": 0.2} for text in texts]


@attrs.frozen(kw_only=True)
class TypoSettings:
    letter: str = "0"


@attrs.frozen
class Typo:
    """Replaces the second letter of one word per row."""

    config: TypoSettings
    label: LabelRule

    def propose(self, rows, field, draws):
        texts = rows.column(field).to_pylist()
        where = rows.column("address").to_numpy()
        words = [[match.span() for match in re.finditer(r"\w\w+", text or "")] for text in texts]
        picks = draws.below(np.array([max(1, len(each)) for each in words]), where, rows.column("attempt").to_numpy())
        lines = [(row, words[row][pick][0] + 1) for row, pick in enumerate(picks.tolist()) if words[row]]
        starts = [start for _, start in lines]
        return Edits.of(
            [row for row, _ in lines], starts, [s + 1 for s in starts], [self.config.letter] * len(lines), "typo"
        )

    def write(self, rows):
        return rows.select(["text"])


typo = fl.Generator(
    name="typo", summary="A typo.", config=TypoSettings, build=lambda config, _: Typo(config, LabelRule())
)
negation = fl.Generator(
    name="negation",
    summary="Turns the label.",
    config=TypoSettings,
    build=lambda config, _: Typo(config, LabelRule(kind="FLIP", map={"ham": "spam", "spam": "ham"})),
)
