"""The data path and whole runs, timed; and memory from 1 M to 5 M rows.

    python benchmarks/pipeline.py             # stages of the data path, then a whole run, at 1 M rows
    python benchmarks/pipeline.py 200000      # the same at another size
    python benchmarks/pipeline.py memory      # peak resident memory at 1 M and 5 M rows, each in its own process

The data path is plan, text with spans, three filters and Parquet. A whole run adds what makes it a run:
parts written, hashed and journaled, the filter audit, the content digest, manifest, card and report. CPU
seconds are user plus system time of this process.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import fairloom as fl
from fairloom.weaving.answers import answered
from fairloom.weaving.finish import Shape, write_parquet
from fairloom.weaving.prepare import prepare
from fairloom.weaving.weave import BATCH_ROWS

FOUR_SLOTS = "{{ person }} from {{ city }} ordered the {{ product }} and it was {{ mood }}."
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord", "grove", "heath", "inlet", "jade")


def values(prefix: str, count: int) -> list[str]:
    return [f"{prefix} {WORDS[i % 10]} {i}" for i in range(count)]


def recipe(rows: int, templates: int = 10) -> dict[str, object]:
    labels = [f"label{i}" for i in range(4)]
    texts = [
        {
            "name": f"t{i}",
            "label": labels[i % 4],
            "text": f"Note {i}: " + FOUR_SLOTS,
        }
        for i in range(max(templates, 4))
    ]
    return {
        "recipe": {"name": "bench", "seed": 1, "rows": rows},
        "task": {
            "labels": {name: {"definition": name} for name in labels},
            "constraints": {"words": {"min": 4, "max": 40}, "must_not": ["pii"]},
        },
        "factors": {
            "template": {"values": texts, "role": "surface", "match": {"label": "label"}},
            "person": {"values": values("Ada", 500), "role": "protected"},
            "city": {"values": values("Port", 200)},
            "product": {"values": values("lamp", 50)},
            "mood": {"values": values("quite", 40)},
        },
        "design": {"use": "design.balanced", "cross": ["label"], "independent": [["label", "city"]]},
        "step": [
            {"generate": "template"},
            {"filter": "text.structure"},
            {"filter": "text.length"},
            {"filter": "text.pattern"},
        ],
    }


def data_path(rows: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        loom = prepare(fl.Recipe.from_data(recipe(rows), Path(place)))
        shape, spent = Shape("bench", ("text",)), {}

        def timed(name: str, work: Callable[[], Any]) -> Any:
            start = time.process_time()
            result = work()
            spent[name] = spent.get(name, 0.0) + time.process_time() - start
            return result

        for start in range(0, rows, BATCH_ROWS):
            families = np.arange(start, min(rows, start + BATCH_ROWS), dtype=np.int64)
            batch = timed("plan", lambda: loom.briefs.make(families, np.zeros_like(families)))  # noqa: B023
            planned = frozenset(batch.schema.names)
            for step in loom.steps:
                batch, _ = timed(step.name, lambda: answered(step, batch, planned, ("text",)))  # noqa: B023
            target = Path(place) / "data" / f"{start}.parquet"
            timed("parquet", lambda: write_parquet(target, pa.Table.from_batches([shape.finish(batch)])))  # noqa: B023
    for name, seconds in spent.items():
        print(f"  {name:16} {seconds / rows * 1e6:6.3f} us per row")
    total = sum(spent.values())
    print(f"data path  {rows:>9,} rows  {total:6.2f} CPU-s  {rows / total / 1e6:5.2f} M rows/CPU-s")


def whole_run(rows: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        made = fl.Recipe.from_data(recipe(rows), Path(place))
        start = time.process_time()
        run = made.run(Path(place) / "run")
        cpu = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = f"{cpu:6.2f} CPU-s  {rows / cpu / 1e6:5.2f} M rows/CPU-s  peak {peak:5.0f} MB  {run.status}"
        print(f"whole run  {rows:>9,} rows  {figures}")


if __name__ == "__main__":
    if sys.argv[1:] == ["memory"]:
        for size in (1_000_000, 5_000_000):
            subprocess.run([sys.executable, __file__, "run", str(size)], check=True)
    elif sys.argv[1:2] == ["run"]:
        whole_run(int(sys.argv[2]))
    else:
        size = int(sys.argv[1]) if sys.argv[1:] else 1_000_000
        data_path(size)
        whole_run(size)
