"""HolisticBias v1.1 from its recipe: seconds and peak memory.

The authors' generator takes 18 s on a two-core machine and holds all rows in memory. Ours writes 566,625 rows with
spans and metadata part by part to Parquet, with gates and manifest.

Run by hand: ``FAIRLOOM_SHARED=... python benchmarks/holistic.py [workers]`` (some ten seconds).
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.parquet as pq

import fairloom as fl

ROOT = Path(__file__).resolve().parents[1]
TABLES = {
    "term": "descriptors.json",
    "phrase": "standalone_noun_phrases.json",
    "fixed": "standalone_noun_phrases.json",
    "noun": "nouns.json",
    "sentence": "sentence_templates.json",
}
AUTHORS = 18.0


def run(workers, rows, folder):
    """One run; prints what it took. Peak memory is this process's, so every size gets a process of its own."""
    data = Path(os.environ["FAIRLOOM_SHARED"]) / "worked-holisticbias"
    chosen = [f"factors.{name}.from='{data / file}'" for name, file in TABLES.items()]
    recipe = fl.Recipe.load(
        ROOT / "tests" / "reference" / "holisticbias" / "recipe.toml", set=[*chosen, f"parts.rows={rows}"]
    )
    start, used = time.perf_counter(), time.process_time()
    recipe.run(folder, workers=workers, allow=[data])
    seconds, cpu = time.perf_counter() - start, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made = sum(pq.read_metadata(part).num_rows for part in Path(folder).glob("data/*.parquet"))
    print(
        f"{made:>8,} rows  parts of {rows:>7,}  {seconds:5.1f} s  {cpu:5.1f} CPU s  peak {peak:5.0f} MiB"
        f"  ({AUTHORS / seconds:.1f} x the authors' {AUTHORS:g} s)"
    )


def main():
    if len(sys.argv) == 4:
        run(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
        return
    workers = sys.argv[1] if len(sys.argv) == 2 else "1"
    for rows in ("65536", "16384"):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, __file__, workers, rows, f"{folder}/run"], check=True)


if __name__ == "__main__":
    main()
