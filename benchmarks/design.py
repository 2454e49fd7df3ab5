"""How even designs come out, and how small covering arrays: ours beside the usual ways.

First part, for factors of 2 x 3 x 4 x 5 x 7 levels: the worst gap of a margin, of label x factor and of any pair, and
the largest Cramér's V, over some seeds. Second part: rows of covering arrays of strength 2 and 3, with and without
forbidden combinations, every tuple counted here by brute force, beside covertable (``pip install covertable``) if it
is there. Third part: label x gender x origin and ten binary nuisance factors, and in how many datasets some pair of the
13 looks associated (G-test, p < 0.05). Fourth part: people (gender x origin), occupations (field x training) and things
(category) balanced by group first, at numbers of rows that have many divisors.

Run by hand: ``python benchmarks/design.py [seeds] [evenness | covering | nuisance | strata]`` (20 seeds take about
two minutes).
"""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import sys
import time

import numpy as np
import pyarrow as pa

from fairloom.contingency import crosstab, g_test
from fairloom.design import DesignTask
from fairloom.draws import Draws
from fairloom.factors import Axis, Factor
from fairloom.rules import compile_rule
from fairloom_design.balanced import Balanced
from fairloom_design.covering import Covering
from fairloom_design.independent import Independent
from fairloom_design.proportions import Proportions
from fairloom_design.uniform import Uniform

SIZES = {"label": 2, "b": 3, "c": 4, "d": 5, "e": 7}
ROWS = (60, 210, 840, 997, 1_000, 1_003, 5_000)
EVEN = {"label": {"label0": 0.5}}

NUISANCE = {"label": 2, "gender": 2, "origin": 4, **{f"nuisance{place}": 2 for place in range(10)}}
NUISANCE_ROWS = (200, 1_000, 10_000)

STRATA = [("person.gender", "job.field"), ("job.field", "item.category")]
STRATA_ROWS = (480, 960, 1_000, 1_920, 4_800, 9_600)

SYSTEMS = {
    "2 x 3 x 4 x 5 x 7": [2, 3, 4, 5, 7],
    "3^4": [3] * 4,
    "3^13": [3] * 13,
    "2^20": [2] * 20,
    "4^10": [4] * 10,
    "5^6 x 3^4 x 2^3": [5] * 6 + [3] * 4 + [2] * 3,
}
FORBIDDEN = ("f0 == '0' and f1 == '0'", "f1 == '1' and f2 == '1'", "f0 == '1' and f2 == '2' and f3 == '0'")


def factors(sizes):
    return {
        name: Factor(
            name,
            "label" if name == "label" else "nuisance",
            pa.table({"value": [f"{name}{level}" for level in range(size)]}),
            tuple(f"{name}{level}" for level in range(size)),
        )
        for name, size in sizes.items()
    }


def levels(sampler, rows, seed, cross=()):
    task = DesignTask(rows=rows, factors=factors(SIZES), cross=tuple(map(Axis, cross)), draws=Draws(seed, ("design",)))
    address = np.arange(rows)
    return sampler.plan(task).levels(address, np.zeros_like(address), np.zeros_like(address))


def planned(sampler, cross=()):
    return lambda rows, seeds: [levels(sampler, rows, seed, cross) for seed in range(seeds)]


def shuffled(rows, seeds):
    """A shuffled deck per factor: exact margins, nothing else."""
    return [
        {name: Draws(seed, (name,)).permutation(rows)(np.arange(rows)) % size for name, size in SIZES.items()}
        for seed in range(seeds)
    ]


def minimised(rows, seeds):
    """Minimisation (Pocock and Simon 1975): each level is the one rarest beside the levels that its row has already.

    All seeds at once; ties are broken at random.
    """
    names, sizes = list(SIZES), list(SIZES.values())
    each = np.arange(seeds)
    tables = {(one, two): np.zeros((seeds, sizes[one], sizes[two])) for two in range(len(sizes)) for one in range(two)}
    margins = [np.zeros((seeds, size)) for size in sizes]
    found = np.zeros((len(sizes), seeds, rows), dtype=np.int64)
    noise = np.stack([Draws(seed, ("minimise",)).unit(np.arange(rows * sum(sizes))) for seed in range(seeds)])
    noise = noise.reshape(seeds, rows, sum(sizes)) / 2
    ends = np.cumsum([0, *sizes])
    for row in range(rows):
        chosen = []
        for place, size in enumerate(sizes):
            weight = margins[place] + noise[:, row, ends[place] : ends[place + 1]]
            for other, level in enumerate(chosen):
                weight = weight + tables[other, place][each, level] * size
            level = weight.argmin(axis=1)
            for other, earlier in enumerate(chosen):
                tables[other, place][each, earlier, level] += 1
            margins[place][each, level] += 1
            chosen.append(level)
            found[place, :, row] = level
    return [{name: found[place, seed] for place, name in enumerate(names)} for seed in range(seeds)]


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


def evenness(seeds):
    designs = {
        "balanced": planned(Balanced()),
        "balanced, b x c crossed": planned(Balanced(), ("b", "c")),
        "balanced, all crossed": planned(Balanced(), ("b", "c", "d", "e")),
        "proportions, all crossed": planned(Proportions(EVEN), ("b", "c", "d", "e")),
        "minimisation": minimised,
        "shuffled deck": shuffled,
        "independent draws": planned(Independent()),
    }
    print(f"{'design':26} {'rows':>7} {'margin':>7} {'label x':>8} {'pair':>5} {'V worst':>8} {'V median':>9}")
    for name, design in designs.items():
        for rows in ROWS:
            margin, label, pair, largest = zip(*map(worst, design(rows, seeds)), strict=True)
            line = f"{max(margin):7} {max(label):8} {max(pair):5} {max(largest):8.4f} {float(np.median(largest)):9.4f}"
            print(f"{name:26} {rows:7} {line}", flush=True)
    start = time.process_time()
    levels(Balanced(), 1_000_000, 1, ("b",))
    print(f"a million rows, planned and every level computed: {time.process_time() - start:.2f} s of CPU")


def covered(sizes, strength, forbidden):
    """Rows of our array, the tuples possible by brute force (of the factors rules name) and those counted in it."""
    made = {
        f"f{place}": Factor(
            f"f{place}", "nuisance", pa.table({"value": list(map(str, range(size)))}), tuple(map(str, range(size)))
        )
        for place, size in enumerate(sizes)
    }
    rules = tuple(compile_rule(text, made, negate=True) for text in forbidden)
    task = DesignTask(rows=None, factors=made, rules=rules, draws=Draws(1, ("design",)))
    start = time.perf_counter()
    plan = Covering(strength, ()).plan(task)
    spent = time.perf_counter() - start
    address = np.arange(plan.families)
    found = plan.levels(address, np.zeros_like(address), np.zeros_like(address))
    grid = np.indices([min(size, 10) for size in sizes[:4]]).reshape(4, -1)
    tied = {f"f{place}": grid[place] for place in range(4)}
    for rule in rules:
        keep = rule.keep(tied)
        tied = {name: level[keep] for name, level in tied.items()}
    wanted = counted = 0
    for group in itertools.combinations(range(len(sizes)), strength):
        inside = [place for place in group if place < 4]
        free = [range(sizes[place]) for place in group if place >= 4]
        first = set(zip(*(tied[f"f{place}"].tolist() for place in inside), strict=True)) if inside else {()}
        possible = {(*one, *two) for one in first for two in itertools.product(*free)}
        there = set(zip(*(found[f"f{place}"].tolist() for place in group), strict=True))
        wanted += len(possible)
        counted += len(possible & there)
        if there - possible:
            raise SystemExit(f"impossible combinations in {sizes}, strength {strength}")
    return plan.families, wanted, counted, spent


def theirs(sizes, strength, forbidden):
    """Rows that covertable needs."""
    try:
        covertable = importlib.import_module("covertable")
    except ImportError:
        return None
    parameters = {f"f{place}": [str(level) for level in range(size)] for place, size in enumerate(sizes)}
    constraints = [
        {
            "operator": "not",
            "condition": {
                "operator": "and",
                "conditions": [
                    {"operator": "eq", "left": name, "value": value.strip("'")}
                    for name, value in (part.split(" == ") for part in text.split(" and "))
                ],
            },
        }
        for text in forbidden
    ]
    return len(covertable.make(parameters, strength=strength, constraints=constraints))


def covering():
    print(
        f"\n{'covering array':18} {'t':>2} {'forbidden':>9} {'tuples':>8} {'covered':>8} {'rows':>6} {'covertable':>10}"
    )
    for (name, sizes), strength in itertools.product(SYSTEMS.items(), (2, 3)):
        said_of_these = tuple(text for text in FORBIDDEN if sizes[2] > 2 or "'2'" not in text)
        for forbidden in ((), said_of_these):
            rows, wanted, counted, spent = covered(sizes, strength, forbidden)
            other = theirs(sizes, strength, forbidden)
            said = "not there" if other is None else other
            line = f"{len(forbidden):9} {wanted:8} {counted:8} {rows:6} {said:>10} {spent:6.1f} s"
            print(f"{name:18} {strength:2} {line}", flush=True)
    if importlib.util.find_spec("covertable") is None:
        print("to compare: pip install covertable")


def smallest_p(sampler, rows, seed):
    """The smallest p of all pairs of the 13 factors; only label, gender and origin are crossed, no pair is declared."""
    cross = (Axis("gender"), Axis("origin"))
    task = DesignTask(rows=rows, factors=factors(NUISANCE), cross=cross, draws=Draws(seed, ("design",)))
    address = np.arange(rows)
    found = sampler.plan(task).levels(address, np.zeros_like(address), np.zeros_like(address))
    return min(
        g_test(crosstab(found[one], found[two], (NUISANCE[one], NUISANCE[two]))).p
        for one, two in itertools.combinations(NUISANCE, 2)
    )


def nuisance(seeds):
    print(f"\n{'78 pairs of 13 factors':26} {'rows':>7} {'datasets':>9} {'with p < 0.05':>14} {'smallest p':>11}")
    for name, sampler in {"balanced": Balanced(), "independent draws": Uniform()}.items():
        for rows in NUISANCE_ROWS:
            found = [smallest_p(sampler, rows, seed) for seed in range(seeds)]
            spurious = sum(p < 0.05 for p in found)
            print(f"{name:26} {rows:7} {seeds:9} {spurious:14} {min(found):11.2g}", flush=True)


def grouped(name, groups, many):
    """A factor of which every combination of groups holds ``many`` levels."""
    rows = [group for group in itertools.product(*(range(size) for size in groups.values())) for _ in range(many)]
    columns = {group: [f"{group}{row[place]}" for row in rows] for place, group in enumerate(groups)}
    values = tuple(f"{name}{level}" for level in range(len(rows)))
    return Factor(name, "nuisance", pa.table({"value": values, **columns}), values, balance=tuple(groups))


def strata_task(rows, seed, declared):
    """Two labels and three factors with groups; gender is crossed with the label."""
    people = grouped("person", {"gender": 3, "origin": 16}, 40)
    jobs = grouped("job", {"field": 8, "training": 3}, 5)
    things = grouped("item", {"category": 10}, 8)
    made = factors({"label": 2}) | {factor.name: factor for factor in (people, jobs, things)}
    pairs = tuple(tuple(map(Axis.parse, pair)) for pair in STRATA if declared)
    cross = (Axis("label"), Axis("person", "gender"))
    return DesignTask(rows=rows, factors=made, cross=cross, independent=pairs, draws=Draws(seed, ("design",)))


def strata_found(task, sampler):
    """The gap of gender x field, the worst of the pairs of ``STRATA``, and the largest V of any pair of groups."""
    address = np.arange(task.rows)
    found = sampler.plan(task).levels(address, np.zeros_like(address), np.zeros_like(address))
    axes = [Axis(factor.name, group) for factor in task.factors.values() for group in factor.balance]
    codes = {str(axis): axis.codes(task.factors) for axis in axes}
    tables = {
        (str(one), str(two)): crosstab(
            *(codes[str(axis)][0][found[axis.factor]] for axis in (one, two)),
            (len(codes[str(one)][1]), len(codes[str(two)][1])),
        )
        for one, two in itertools.combinations(axes, 2)
        if one.factor != two.factor
    }
    gaps = [int(tables[pair].max() - tables[pair].min()) for pair in STRATA]
    return gaps[0], max(gaps), max(map(cramers_v, tables.values()))


def cramers_v(table):
    expected = np.outer(table.sum(1), table.sum(0)) / table.sum()
    chi = (np.square(table - expected) / np.maximum(expected, 1e-9)).sum()
    return float((chi / table.sum() / (min(table.shape) - 1)) ** 0.5)


def strata(seeds):
    title = f"{'gender x field':>15} {'worst of two':>13} {'V of any two groups':>20}"
    print(f"\n{'groups within factors':26} {'rows':>7} {title}")
    ways = {
        "balanced": (Balanced(), False),
        "balanced, pairs declared": (Balanced(), True),
        "independent draws": (Independent(), False),
    }
    for name, (sampler, declared) in ways.items():
        for rows in STRATA_ROWS:
            made = [strata_found(strata_task(rows, seed, declared), sampler) for seed in range(seeds)]
            field, gap, largest = (max(column) for column in zip(*made, strict=True))
            print(f"{name:26} {rows:7} {field:15} {gap:13} {largest:20.4f}", flush=True)


def main(seeds="20", only=""):
    sections = {
        "evenness": lambda: evenness(int(seeds)),
        "covering": covering,
        "nuisance": lambda: nuisance(int(seeds)),
        "strata": lambda: strata(int(seeds)),
    }
    for name, section in sections.items():
        if only in {"", name}:
            section()


if __name__ == "__main__":
    main(*sys.argv[1:])
