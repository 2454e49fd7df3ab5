"""How even designs come out: worst gaps and largest Cramér's V for 2 x 3 x 4 x 5 x 7 levels.

Run by hand: ``python benchmarks/design.py [seeds]``.
"""

from __future__ import annotations

import itertools
import sys
import time

import numpy as np
import pyarrow as pa

from fairloom.design import DesignTask
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor
from fairloom_design.balanced import Balanced
from fairloom_design.independent import Independent

SIZES = {"label": 2, "b": 3, "c": 4, "d": 5, "e": 7}
ROWS = (60, 210, 840, 997, 1_000, 1_003, 5_000, 20_000)


def factors():
    return {
        name: Factor(
            name,
            "label" if name == "label" else "nuisance",
            pa.table({"value": [f"{name}{level}" for level in range(size)]}),
            tuple(f"{name}{level}" for level in range(size)),
        )
        for name, size in SIZES.items()
    }


def levels(sampler, rows, seed, cross=()):
    task = DesignTask(rows=rows, factors=factors(), cross=tuple(map(Axis, cross)), draws=Draws(seed, ("design",)))
    address = np.arange(rows)
    return sampler.plan(task).levels(address, np.zeros_like(address), np.zeros_like(address))


def shuffled(rows, seed):
    """A shuffled deck per factor: exact margins, nothing else."""
    return {name: Draws(seed, (name,)).permutation(rows)(np.arange(rows)) % size for name, size in SIZES.items()}


def worst(found):
    """Worst gap of a margin, of label x factor, of any pair; largest V."""
    margin = label = pair = 0
    largest = 0.0
    for name, size in SIZES.items():
        counts = np.bincount(found[name], minlength=size)
        margin = max(margin, counts.max() - counts.min())
    for one, two in itertools.combinations(SIZES, 2):
        table = np.bincount(found[one].astype(int) * SIZES[two] + found[two], minlength=SIZES[one] * SIZES[two])
        gap = table.max() - table.min()
        pair = max(pair, gap)
        label = max(label, gap) if one == "label" else label
        table = table.reshape(SIZES[one], SIZES[two])
        expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
        chi = ((table - expected) ** 2 / expected).sum()
        largest = max(largest, (chi / table.sum() / (min(table.shape) - 1)) ** 0.5)
    return margin, label, pair, largest


def main(seeds):
    designs = {
        "balanced": lambda rows, seed: levels(Balanced(), rows, seed),
        "balanced, b x c crossed": lambda rows, seed: levels(Balanced(), rows, seed, ("b", "c")),
        "balanced, all crossed": lambda rows, seed: levels(Balanced(), rows, seed, ("b", "c", "d", "e")),
        "shuffled deck": shuffled,
        "independent draws": lambda rows, seed: levels(Independent(), rows, seed),
    }
    print(f"{'design':26} {'rows':>7} {'margin':>7} {'label x':>8} {'pair':>5} {'V worst':>8} {'V median':>9}")
    for name, design in designs.items():
        for rows in ROWS:
            found = [worst(design(rows, seed)) for seed in range(seeds)]
            margin, label, pair, largest = zip(*found, strict=True)
            line = f"{max(margin):7} {max(label):8} {max(pair):5} {max(largest):8.4f} {float(np.median(largest)):9.4f}"
            print(f"{name:26} {rows:7} {line}")
    start = time.process_time()
    levels(Balanced(), 1_000_000, 1, ("b",))
    print(f"a million rows, planned and every level computed: {time.process_time() - start:.2f} s of CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
