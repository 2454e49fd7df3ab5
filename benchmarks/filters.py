"""Rows per CPU-second of the text filters and the token metric, on sentences of about 100 ASCII characters.

Run by hand: ``python benchmarks/filters.py [rows]``. Figures are of the process's own time, batch by batch,
so that a busy machine does not change them much; take the best of several runs.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from fairloom.batch import SPANS
from fairloom.components import Tools
from fairloom.draws import Draws
from fairloom.task import Between, Constraints, Label, Task
from fairloom_shortcut import token
from fairloom_text import duplicates, length, lengths, pattern, repeats, structure

BATCH = 65_536
TASK = Task(
    labels={"lost": Label(definition="lost"), "broken": Label(definition="broken")},
    constraints=Constraints(words=Between(min=4, max=40), must_not=("pii", "refusal")),
)
TOOLS = Tools(task=TASK, factors={}, draws=Draws(1), open_path=Path)
VERBS = ("lost", "broke", "left", "found", "dropped", "missed", "bent", "cut")
PLACES = ("station", "harbour", "market", "library", "airport", "stadium", "museum", "bakery")
NAMES = ("Anna", "Bodo", "Carl", "Dilys", "Emre", "Farah", "Gina", "Hugo")


def batches(rows: int) -> list[pa.RecordBatch]:
    """Sentences with one span each, all different."""
    draws = Draws(7)
    out = []
    for start in range(0, rows, BATCH):
        where = np.arange(start, min(start + BATCH, rows))
        picks = [draws.below(8, where, slot=slot) for slot in range(3)]
        texts = [
            f"{NAMES[n]} {VERBS[v]} a bank card near the {PLACES[p]} this morning "
            f"and would like to ask for a new one, case {i}."
            for n, v, p, i in zip(*picks, where, strict=True)
        ]
        spans = [[{"start": 0, "end": len(NAMES[n]), "slot": "person", "value": NAMES[n]}] for n in picks[0]]
        out.append(
            pa.RecordBatch.from_pydict(
                {
                    "text": pa.array(texts),
                    "text.spans": pa.array(spans, SPANS),
                    "label": pa.array(np.where(where % 2, "lost", "broken")),
                    "address": pa.array(where),
                    "family": pa.array(where),
                }
            )
        )
    return out


def timed(name: str, rows: int, work) -> float:
    """Print and return the CPU seconds of ``work``."""
    start = time.process_time()
    work()
    spent = time.process_time() - start
    print(f"{name:34} {rows / spent / 1e6:8.2f} M rows/CPU-s")
    return spent


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 4 * BATCH
    data = batches(rows)
    mean = sum(len(text.as_py()) for text in data[0].column("text")[:1000]) / 1000
    print(f"{rows} rows, {mean:.0f} characters each")
    filters = {
        "structure": structure.build(structure.Structure(), TOOLS),
        "length": length.build(length.Length(), TOOLS),
        "pattern (pii, refusal)": pattern.build(pattern.Pattern(), TOOLS),
    }
    spent = 0.0
    for name, judge in filters.items():
        spent += timed(name, rows, lambda judge=judge: [judge.judge(batch) for batch in data])
    print(f"{'the three together':34} {rows / spent / 1e6:8.2f} M rows/CPU-s")
    for normalise in ("exact", "text"):
        built = duplicates.build(duplicates.Duplicates(normalise=normalise), TOOLS)
        timed(f"duplicates {normalise}: remember", rows, lambda built=built: [built.remember(b) for b in data])
    built = duplicates.build(duplicates.Duplicates(), TOOLS)
    memory = pa.concat_tables(
        [pa.table({**_columns(b.select(["address", "family"])), **_columns(built.remember(b))}) for b in data]
    )
    timed("duplicates: judge", rows, lambda: built.judge(memory, np.arange(rows)))
    for name, metric in {
        "lengths": lengths.build(lengths.Lengths(), TOOLS),
        "duplicate_share": repeats.build(repeats.DuplicateShare(), TOOLS),
        "shortcut token": token.build(token.Token(), TOOLS),
    }.items():
        timed(name, rows, lambda metric=metric: [metric.observe(batch) for batch in data])


def _columns(batch: pa.RecordBatch) -> dict[str, pa.Array]:
    return dict(zip(batch.schema.names, batch.columns, strict=True))


if __name__ == "__main__":
    main()
