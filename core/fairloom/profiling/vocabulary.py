"""The words of the texts, without any text: types, tokens, and those that stand in enough rows."""

from __future__ import annotations

from collections import Counter
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

from fairloom.draws import Ints
from fairloom.tokens import WORDS, tokens

MOST_TOKENS = 1_000
"""So many tokens are named, the most frequent."""


@attrs.define
class Vocabulary:
    """How often each token comes and in how many rows. Memory grows with the vocabulary, not with the rows."""

    times: Counter[str] = attrs.field(factory=Counter)
    rows: Counter[str] = attrs.field(factory=Counter)

    def take(self, texts: pa.Array) -> None:
        """Count the next texts."""
        found = tokens(texts, WORDS)
        size = len(found.names)
        once = np.unique(found.rows * max(size, 1) + found.codes) % max(size, 1)
        self._add(self.times, found.names, np.bincount(found.codes, minlength=size))
        self._add(self.rows, found.names, np.bincount(once, minlength=size))

    @staticmethod
    def _add(counter: Counter[str], names: list[str], counts: Ints) -> None:
        counter.update(dict(zip(names, counts.tolist(), strict=True)))

    def described(self, min_count: int) -> dict[str, Any]:
        """Counts of tokens and types, and the tokens that stand in ``min_count`` rows or more."""
        hapax = sum(times == 1 for times in self.times.values())
        known = sorted(
            (token for token, rows in self.rows.items() if rows >= min_count),
            key=lambda token: (-self.times[token], token),
        )[:MOST_TOKENS]
        total = self.times.total()
        return {
            "pattern": WORDS,
            "tokens": total,
            "types": len(self.times),
            "hapax": hapax,
            "hapax_share": hapax / len(self.times) if self.times else 0.0,
            "top": [{"token": token, "count": self.times[token], "rows": self.rows[token]} for token in known],
            "other": {
                "types": len(self.times) - len(known),
                "count": total - sum(self.times[token] for token in known),
            },
        }
