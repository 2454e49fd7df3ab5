"""The worst figures of a certificate in a few lines: of the plan, or of the plan beside the rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Tree = Mapping[str, Any]


def planned_facts(certificate: Tree) -> list[tuple[str, str]]:
    """Names and texts: widest margin, label by factors, worst pair, empty cells, reversals, what is left out."""
    if not certificate.get("axes"):
        return [("not counted", said) for said in certificate.get("skipped", ())] or [
            ("balance", "no axis is declared")
        ]
    pairs = free(certificate["pairs"], certificate)
    by_label = free(certificate["label_by"], certificate)
    return [
        ("margins", _widest(certificate["axes"], lambda axis: str(axis["axis"]))),
        ("label by factors", _widest(by_label, name)),
        ("pairs, gap", _widest(pairs, name)),
        ("pairs, V", _strongest(pairs)),
        ("empty cells", empty(certificate["cells"])),
        ("Simpson reversals", reversals(certificate["reversals"])),
        *(("not counted", said) for said in _few(certificate.get("skipped", ()))),
    ]


def free(pairs: Iterable[Tree], certificate: Tree) -> list[Tree]:
    """The pairs that the recipe neither ties nor restricts: a gap or a V says something about them."""
    bound = {tuple(one["axes"]) for one in certificate.get("cells", ()) if one["excluded"]}
    return [pair for pair in pairs if not pair.get("tied") and tuple(pair["axes"]) not in bound]


def name(pair: Tree) -> str:
    """``label by city``."""
    return " by ".join(pair["axes"])


def empty(cells: Sequence[Tree]) -> str:
    """How many cells are empty, and the first of them."""
    lacking = [one for one in cells if one["empty"]]
    whole = sum(one["cells"] for one in cells)
    excluded = sum(one["excluded"] or 0 for one in cells)
    by_rule = f"; {excluded:,} excluded by rules" if excluded else ""
    if not lacking:
        return f"none of {whole:,} in {len(cells):,} tables{by_rule}"
    smallest = min(lacking, key=lambda one: (len(one["axes"]), one["cells"]))
    first = ", ".join(f"{axis}={level}" for axis, level in zip(smallest["axes"], smallest["first"][0], strict=True))
    count = sum(one["empty"] for one in lacking)
    return f"{count:,} of {whole:,}, in {len(lacking):,} of {len(cells):,} tables{by_rule}; such as {first}"


def reversals(found: Tree) -> str:
    """The clearest reversal, and how many there are."""
    if not found["found"]:
        many = "comparison" if found["tested"] == 1 else "comparisons"
        return f"none in {found['tested']:,} {many}" if found["tested"] else "nothing to compare"
    worst = found["found"][0]
    more = f", and {len(found['found']) - 1} more" if len(found["found"]) > 1 else ""
    return (
        f"label={worst['label']} by {worst['axis']}={worst['level']}: {100 * worst['whole']:+.1f} points in all, "
        f"{100 * worst['within']:+.1f} within {worst['given']}{more}"
    )


def _widest(found: Sequence[Tree], said: Callable[[Tree], str]) -> str:
    if not found:
        return "none to compare"
    worst = max(found, key=lambda one: one["gap"])
    return f"gap {worst['gap']:,} ({said(worst)})" if worst["gap"] else "gap 0"


def _strongest(pairs: Sequence[Tree]) -> str:
    if not pairs:
        return "none to compare"
    worst = max(pairs, key=lambda pair: pair["v"])
    return f"at most {worst['v']:.4g} ({name(worst)})" if worst["v"] > 1e-9 else "0"


def _few(said: Sequence[str], most: int = 3) -> list[str]:
    return [*said[:most], *([f"{len(said) - most} more tables"] if len(said) > most else [])]
