"""Rows per CPU-second of perturbations, beside the augmenters of other libraries where they are installed.

Run by hand: ``python benchmarks/edits.py [rows]``. All get the same texts, sentences of about 50 ASCII characters,
and make one edit per text. Ours also carry two spans per text and write the lineage. nlpaug, TextAttack and langtest
are optional: what cannot be imported is left out, and said. Figures are of the process's own time.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa

import fairloom_edits
from fairloom.batch import SPANS
from fairloom.testing import sample_tools

NAMES = [
    "swap",
    "delete",
    "insert",
    "substitute",
    "repeat",
    "typo",
    "ocr",
    "homoglyph",
    "invisible",
    "filler",
    "drop_word",
]
PEOPLE = ("Anna", "Bodo", "Carl", "Dilys", "Emre", "Farah", "Gina", "Hugo")
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
    return pa.RecordBatch.from_pydict(columns)


def timed(work: Callable[[], Any], count: int) -> float:
    """Rows per CPU-second, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return count / best


def ours(count: int) -> Iterator[tuple[str, float]]:
    """Our perturbations."""
    rows = rows_of(count)
    catalogue = {each.name: each for each in fairloom_edits.fairloom_generators()}
    for name in NAMES:
        work = catalogue[name].build(catalogue[name].config(), sample_tools())
        yield f"edits.{name}", timed(lambda work=work: work.write(rows), count)


def theirs(count: int) -> Iterator[tuple[str, float]]:
    """Character edits of others, on fewer rows."""
    texts = rows_of(count).column("text").to_pylist()
    for name, load in (("nlpaug", _nlpaug), ("TextAttack", _textattack), ("langtest", _langtest)):
        try:
            work = load()
        except ImportError as error:
            print(f"{name}: left out ({error})")
            continue
        yield name, timed(lambda work=work: work(texts), count)


def _nlpaug() -> Callable[[list[str]], Any]:
    from nlpaug.augmenter.char import KeyboardAug  # noqa: PLC0415 - optional

    return KeyboardAug(aug_char_max=1, aug_word_max=1).augment


def _textattack() -> Callable[[list[str]], Any]:
    from textattack.augmentation import Augmenter  # noqa: PLC0415 - optional
    from textattack.transformations import WordSwapQWERTY  # noqa: PLC0415 - optional

    return Augmenter(transformation=WordSwapQWERTY(), pct_words_to_swap=0.0).augment_many


def _langtest() -> Callable[[list[str]], Any]:
    from langtest.transform.robustness import AddTypo  # noqa: PLC0415 - optional
    from langtest.utils.custom_types import Sample  # noqa: PLC0415 - optional

    return lambda texts: AddTypo.transform([Sample(original=text) for text in texts])


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    for name, rate in [*ours(count), *theirs(min(count, 2_000))]:
        print(f"{name:18} {rate:12,.0f} rows per CPU-second")


if __name__ == "__main__":
    main()
