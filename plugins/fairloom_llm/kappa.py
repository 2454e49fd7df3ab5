"""Agreement beyond chance: Cohen's kappa of two judgements, Fleiss' kappa among many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence


def cohen(pairs: Sequence[tuple[str, str]]) -> float | None:
    """Cohen's kappa ("A coefficient of agreement for nominal scales", 1960); ``None`` where chance explains all."""
    if not pairs:
        return None
    n = len(pairs)
    left, right = (Counter(side) for side in zip(*pairs, strict=True))
    observed = sum(one == two for one, two in pairs) / n
    expected = sum(left[name] * right[name] for name in left) / n**2
    return None if expected == 1 else (observed - expected) / (1 - expected)


def fleiss(votes: Sequence[Sequence[str | None]]) -> float | None:
    """Fleiss' kappa ("Measuring nominal scale agreement among many raters", 1971) over rows that have every vote."""
    whole = [row for row in votes if len(row) > 1 and None not in row]
    if not whole:
        return None
    size, n = len(whole[0]), len(whole)
    counts = [Counter(row) for row in whole]
    among = sum((sum(c * c for c in row.values()) - size) / (size * (size - 1)) for row in counts) / n
    total = sum(counts, Counter[str | None]())
    chance = sum((count / (n * size)) ** 2 for count in total.values())
    return None if chance == 1 else (among - chance) / (1 - chance)
