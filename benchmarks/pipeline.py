"""Whole runs timed: plan, text with spans, three filters, Parquet; and memory from 1 M to 5 M rows.

    python benchmarks/pipeline.py             # rows per CPU-second at 1 M rows
    python benchmarks/pipeline.py memory      # peak resident memory at 1 M and 5 M rows, each in its own process

CPU seconds are user plus system time of this process, everything included: planning, hashing, the
final pass and the report.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import fairloom as fl

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


def one(rows: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        made = fl.Recipe.from_data(recipe(rows), Path(place))
        wall, start = time.perf_counter(), time.process_time()
        run = made.run(Path(place) / "run")
        cpu, wall = time.process_time() - start, time.perf_counter() - wall
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{rows:>9,} rows  {cpu:6.2f} CPU-s  {wall:6.2f} s  {rows / cpu / 1e6:5.2f} M rows/CPU-s  "
            f"peak {peak:5.0f} MB  {run.status}"
        )


if __name__ == "__main__":
    if sys.argv[1:] == ["memory"]:
        for size in (1_000_000, 5_000_000):
            subprocess.run([sys.executable, __file__, str(size)], check=True)
    else:
        one(int(sys.argv[1]) if sys.argv[1:] else 1_000_000)
