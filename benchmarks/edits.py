"""Rows per CPU-second of perturbations, beside the augmenters of other libraries.

Run by hand: ``python benchmarks/edits.py [ROWS] [--beside PYTHON ...]``. All get the same texts, sentences of about 50
ASCII characters, and make one edit per text, except where the table says that everything is edited. Ours also carry
two spans per text and write the lineage. PYTHON is that of an environment with nlpaug, TextAttack or langtest, see
``beside_edits.py``. Figures are of a process's own time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pyarrow as pa

import fairloom_edits
from fairloom.batch import SPANS
from fairloom.testing import sample_tools
from fairloom_edits.catalogue import characters

NEEDS: dict[str, dict[str, Any]] = {
    "entity": {"factor": "person", "same": ("origin",)},
    **{name: {"verifier": "judge"} for name in ("antonym", "negation", "number", "quantifier")},
}
MORE: dict[str, dict[str, Any]] = {"diacritics": {"mode": "add"}}
THEIR_ROWS = 1_000
PEOPLE = ("Paul", "Zo\u00eb", "Ines", "Omar", "Anna", "Hugo", "Gina", "Carl")
PLACES = ("station", "harbour", "market", "library", "airport", "stadium", "museum", "bakery")


def rows_of(count: int) -> pa.RecordBatch:
    """Sentences with two spans each."""
    texts, spans = [], []
    for number in range(count):
        person, place = PEOPLE[number % 8], PLACES[number // 8 % 8]
        texts.append(f"{person} asked about ticket {number} at the old {place} today.")
        at = texts[-1].index(place)
        spans.append(
            [
                {"start": 0, "end": len(person), "slot": "person.given", "value": person},
                {"start": at, "end": at + len(place), "slot": "place", "value": place},
            ]
        )
    address = np.arange(count)
    columns = {"address": address, "attempt": address * 0, "text": texts, "text.spans": pa.array(spans, SPANS)}
    columns |= {"label": ["card_lost"] * count, "person": [PEOPLE[number % 8] for number in range(count)]}
    return pa.RecordBatch.from_pydict(columns)


def timed(work: Callable[[], Any], count: int) -> float:
    """Rows per CPU-second, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return count / best


def ours(count: int) -> Iterator[tuple[str, float, float]]:
    """Every perturbation with its own dose: name, rows per CPU-second, edits per row."""
    rows, tools = rows_of(count), attrs.evolve(sample_tools(), judges=("judge",))
    for component in fairloom_edits.fairloom_generators():
        config = component.config(**NEEDS.get(component.name, {}), **MORE.get(component.name, {}))
        work = component.build(config, tools)
        made = work.write(rows).column("text.edits")
        yield component.name, timed(lambda work=work: work.write(rows), count), len(made.flatten()) / count


def theirs(python: str) -> dict[str, dict[str, float | str]]:
    """The same of other libraries, on fewer rows."""
    texts = json.dumps(rows_of(THEIR_ROWS).column("text").to_pylist())
    script = Path(__file__).with_name("beside_edits.py")
    done = subprocess.run([python, str(script)], input=texts, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{python}: {done.stderr.strip().splitlines()[-1]}")
        return {}
    found: dict[str, dict[str, float | str]] = json.loads(done.stdout[done.stdout.index("{") :])
    return found


def main() -> None:
    """Print the table, slowest of the character edits last."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="?", type=int, default=50_000)
    parser.add_argument("--beside", nargs="+", action="extend", default=[], metavar="PYTHON")
    call = parser.parse_args()
    others: dict[str, dict[str, float | str]] = {}
    for python in call.beside:
        others |= theirs(python)
    print(f"{'edits.':14} {'edits a row':>11} {'fairloom':>10}" + "".join(f"{name:>12}" for name in others))
    rates = []
    single = {component.name for component in characters()}
    for name, rate, edits in ours(call.rows):
        cells = "".join(_cell(found.get(name)) for found in others.values())
        print(f"{name:14} {edits:11.1f} {rate:10,.0f}{cells}")
        rates += [(rate, name)] if name in single else []
    print(f"slowest character edit: {min(rates)[1]}, {min(rates)[0]:,.0f} rows per CPU-second")
    for other, found in others.items():
        for name, why in found.items():
            if isinstance(why, str):
                print(f"{other} {name}: {why}")


def _cell(found: float | str | None) -> str:
    return f"{'-' if found is None else 'failed' if isinstance(found, str) else format(found, ',.0f'):>12}"


if __name__ == "__main__":
    main()
