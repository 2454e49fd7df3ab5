"""The certificate of a plan by itself, counted block by block before any text is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs
import numpy as np

from fairloom.factors import Axis
from fairloom.weaving.certificate import CertificateBuilder
from fairloom.weaving.weave import BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fairloom.draws import Ints
    from fairloom.weaving.loom import Loom

MOST_COUNTED = 250_000_000
"""Rows times tables that are counted, some three seconds of work; beyond, three-way tables are skipped, then all."""


def planned(loom: Loom) -> dict[str, Any]:
    """The balance of the whole plan, and under ``skipped`` what was not counted, in words."""
    builder = CertificateBuilder.of(loom)
    skipped = []
    if loom.rows * len(builder.counted.tables) > MOST_COUNTED:
        fewer = builder.counted.without_triples()
        skipped.append(f"{len(builder.counted.tables) - len(fewer.tables)} three-way tables: too many rows")
        builder = attrs.evolve(builder, counted=fewer)
    if loom.rows * len(builder.counted.tables) > MOST_COUNTED:
        return {"n": 0, "skipped": [f"everything: {loom.rows:,} rows are too many; the run counts them"]}
    _count(loom, builder)
    skipped += [f"{' by '.join(group)}: too many cells, or too many tables" for group in builder.counted.left_out]
    return {**builder.balance(), "skipped": skipped}


def _count(loom: Loom, builder: CertificateBuilder) -> None:
    plan = loom.plan
    size = max(1, BATCH_ROWS // plan.members)
    for start in range(0, plan.families, size):
        families = np.arange(start, min(start + size, plan.families), dtype=np.int64)
        family = np.repeat(families, plan.members)
        member = np.tile(np.arange(plan.members, dtype=np.int64), families.size)
        levels = plan.levels(family, member, np.zeros_like(family))
        builder.count(_codes(loom, builder, levels), family.size)


def _codes(loom: Loom, builder: CertificateBuilder, levels: Mapping[str, Any]) -> dict[str, Ints]:
    """The code of every axis in every row, -1 where its factor is not used."""
    found = {}
    for text in builder.counted.names:
        axis = Axis.parse(text)
        codes = axis.codes(loom.factors)[0].astype(np.int64)
        found[text] = np.append(codes, -1)[levels[axis.factor]]
    return found
