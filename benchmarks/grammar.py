"""Sentences of a grammar with their composed values: the table, and whole rows written from it.

Run by hand:

    python benchmarks/grammar.py

Prints sentences per CPU-second (best of several rounds): the whole of SCAN (20,910 sentences with their actions), a
sample of 100,000 from a recursive grammar, the same with the derivations, and a walk in plain Python for comparison.
"""

from __future__ import annotations

import gc
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from fairloom.testing import sample_tools
from fairloom_grammar.sentences import SentencesConfig, build

SCAN = Path(__file__).parents[1] / "tests" / "reference" / "scan"
ROUNDS = 5
NESTED = {
    "s": [
        {"text": "{{ n }} {{ v }}", "says": "{{ v }}({{ n }})"},
        {"text": "{{ n }} says {{ s }}", "says": "say({{ n }},{{ s }})"},
    ],
    "n": [{"text": word, "says": word[0]} for word in ("Ann", "Bob", "Cyd", "Dov")]
    + [{"text": "{{ a: n }} and {{ b: n }}", "says": "{{ a }}+{{ b }}"}],
    "v": [{"text": word, "says": word[:2]} for word in ("runs", "sings", "waits")],
}
SAMPLE = 100_000


def scan() -> int:
    """All of SCAN."""
    return _rows(SentencesConfig(rules="grammar.toml", words={"length": "actions"}))


def sample(*, derivation: bool = False) -> int:
    """A sample of a recursive grammar."""
    return _rows(SentencesConfig(rules=NESTED, max_depth=5, limit=SAMPLE, same_text="keep", derivation=derivation))


def _rows(config: SentencesConfig) -> int:
    rows: int = build(config, sample_tools(SCAN)).table().num_rows
    return rows


def walked() -> int:
    """All of SCAN by generators, as one would write it without a thought: the same table in the end."""
    rows = list(_command())
    if len({text for text, _ in rows}) < len(rows):
        raise AssertionError
    columns = {"text": [text for text, _ in rows], "actions": [acts for _, acts in rows]}
    return int(pa.table({**columns, "length": [len(acts.split()) for _, acts in rows]}).num_rows)


def _command() -> Iterator[tuple[str, str]]:
    verbs = [(verb, f"I_{verb.upper()}") for verb in ("walk", "look", "run", "jump")]
    sides = [(side, f"I_TURN_{side.upper()}") for side in ("left", "right")]

    def phrases() -> Iterator[tuple[str, str]]:
        yield from verbs
        for (verb, act), (side, turn) in itertools.product([*verbs, ("turn", "")], sides):
            step = f"{turn} {act}".strip()
            yield f"{verb} {side}", step
            yield f"{verb} opposite {side}", f"{turn} {step}"
            yield f"{verb} around {side}", " ".join([step] * 4)

    def sentences() -> Iterator[tuple[str, str]]:
        for text, acts in phrases():
            yield f"{text} twice", f"{acts} {acts}"
            yield f"{text} thrice", f"{acts} {acts} {acts}"
            yield text, acts

    for (one, first), (two, second) in itertools.product(sentences(), sentences()):
        yield f"{one} and {two}", f"{first} {second}"
        yield f"{one} after {two}", f"{second} {first}"
    yield from sentences()


def best(work: Callable[[], int]) -> float:
    """Sentences per CPU-second in the best round."""
    found = 0.0
    for _ in range(ROUNDS):
        gc.collect()
        start = time.process_time()
        rows = work()
        found = max(found, rows / (time.process_time() - start))
    return found


def main() -> None:
    """Print the table."""
    cases: dict[str, Any] = {
        "SCAN, all 20,910": scan,
        "SCAN, a Python walk": walked,
        f"recursive, {SAMPLE:,} drawn": sample,
        "the same with derivations": lambda: sample(derivation=True),
    }
    print(f"{'sentences':<28} per CPU-second")
    for name, work in cases.items():
        print(f"{name:<28} {best(work) / 1e6:>10.3f} M")


if __name__ == "__main__":
    main()
