"""What a recipe will ask of its models, before anything is sent.

Steps, and the metrics of gates, estimate some briefs, and that is scaled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fairloom.weaving.guard import blamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from fairloom.models import Estimate
    from fairloom.weaving.loom import Loom

SAMPLE = 256
"""Families looked at, spread over the plan."""


def estimated(loom: Loom) -> list[dict[str, Any]]:
    """Calls, tokens and cost per model, if every row passes at the first attempt and the journal is empty.

    ``cost`` is ``None`` where the recipe gives no prices; ``over`` names the limits that this would exceed.
    """
    families = loom.plan.families
    chosen = np.unique(np.linspace(0, families - 1, min(SAMPLE, families)).astype(np.int64))
    totals: dict[str, list[float]] = {}
    for what, work in _working(loom):
        if hasattr(work, "estimate"):
            rows = loom.briefs.make(chosen, np.zeros(len(chosen), np.int64))
            with blamed(f"{what}: estimate"):
                _add(totals, work.estimate(rows), families / len(chosen))
    return [_told(loom, name, *counts) for name, counts in totals.items()]


def _working(loom: Loom) -> Iterator[tuple[str, Any]]:
    """What may ask models, in order, with what to call it."""
    for step in loom.steps:
        yield f"step {step.name!r} ({step.use})", step.work
    for index, gate in enumerate(loom.recipe.gate):
        yield f"the metric {gate.metric} of gate {gate.name!r}", loom.metric(gate, index)


def _add(totals: dict[str, list[float]], found: Iterable[Estimate], scale: float) -> None:
    for each in found:
        known = totals.setdefault(each.model, [0.0, 0.0, 0.0])
        for place, count in enumerate((each.calls, each.prompt_tokens, each.answer_tokens)):
            known[place] += count if each.whole else count * scale


def _told(loom: Loom, name: str, calls: float, prompt: float, answer: float) -> dict[str, Any]:
    limits = loom.models.opened[name].limits
    spec = limits.spec
    cost = None if spec.prompt_price is None and spec.answer_price is None else limits.cost(prompt, answer)
    wanted = {"max_calls": calls, "max_tokens": prompt + answer, "max_cost": cost or 0.0}
    over = [key for key, value in wanted.items() if (most := getattr(spec, key)) is not None and value > most]
    counts = {"calls": round(calls), "prompt_tokens": round(prompt), "answer_tokens": round(answer)}
    return {"model": name, **counts, "cost": cost, "over": over}
