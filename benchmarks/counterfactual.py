"""Counterfactuals beside people's: label flips on reviews, and pronouns on encyclopedia texts.

Run by hand: ``FAIRLOOM_SHARED=DIR python benchmarks/counterfactual.py [flips | pronouns | terms] [PIPELINE]``. Texts
come from the reference data ``seed-cad``, ``seed-gap`` and ``list-corefbias``; models are trained inside the runs on
original and revised reviews. With the name of an installed spaCy pipeline, pronouns are measured with a parser too.
"""

from __future__ import annotations

import csv
import os
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import fairloom as fl
from fairloom.testing import sample_tools
from fairloom_edits.doubts import FACTS
from fairloom_edits.parsing import TellsCases, parser_of
from fairloom_edits.people import People
from fairloom_edits.pronouns import SETS, Place, UnsureError, case_of
from fairloom_edits.terms import TERMS

SHARED = Path(os.environ.get("FAIRLOOM_SHARED", "shared/data"))
KINDS: dict[str, Sequence[dict[str, Any]]] = {
    "people": (),
    "antonym, 1 word": ({"generate": "edits.antonym"},),
    "antonym, every word": ({"generate": "edits.antonym", "rate": 1.0},),
    "negation, 1 verb": ({"generate": "edits.negation"},),
    "negation, every verb": ({"generate": "edits.negation", "rate": 1.0},),
    "quantifier, every one": ({"generate": "edits.quantifier", "rate": 1.0},),
    "antonym and negation, 1 each": ({"generate": "edits.antonym"}, {"generate": "edits.negation"}),
}

# Label flips -----------------------------------------------------------------------------------------


def reviews(name: str) -> list[tuple[str, str]]:
    """Text and sentiment of each review."""
    with (SHARED / "seed-cad" / "sentiment" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        read = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(row["Text"].replace("<br /><br />", " ").strip(), row["Sentiment"].lower()) for row in read]


def written(folder: Path) -> int:
    """The pairs to compare, and what models learn from; how many pairs there are."""
    before, after = reviews("orig_test"), reviews("new_test")
    other = _likest([text for text, _ in before], [text for text, _ in after])
    pairs = [(f"t{at}", *before[at], after[to][0]) for at, to in other.items() if before[at][1] != after[to][1]]
    _write(folder / "pairs.csv", ["name", "before", "label", "after"], pairs)
    _write(folder / "train.csv", ["text", "label"], [*reviews("orig_train"), *reviews("new_train")])
    return len(pairs)


def _likest(before: Sequence[str], after: Sequence[str]) -> dict[int, int]:
    """Of each original its revision: each has most of the other's words. The files have them in different orders."""
    ours, theirs = ([frozenset(text.lower().split()) for text in texts] for texts in (before, after))
    alike = np.array([[len(one & other) / len(one | other) for other in theirs] for one in ours])
    best, back = alike.argmax(axis=1), alike.argmax(axis=0)
    return {at: int(to) for at, to in enumerate(best) if back[to] == at}


def _write(path: Path, names: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(names)
        out.writerows(rows)


def flipped(folder: Path, name: str, edits: Sequence[dict[str, Any]], pairs: int) -> fl.Run:
    """A run of families: the original, and the same with its label turned by people or by edits."""
    turned = {"positive": "negative", "negative": "positive"}
    when = 'side == "after"'
    by_people = "{% if side == 'after' %}{{ message.after }}{% else %}{{ message.before }}{% endif %}"
    steps = [{**edit, "when": when, "label": "FLIP", "map": turned, "unedited": "keep"} for edit in edits]
    model = {"use": "predict.sklearn", "train": ["train"]}
    metrics: list[dict[str, Any]] = [
        {"metric": "counterfactual.consistency", "model": "words"},
        {"metric": "counterfactual.consistency", "model": "letters"},
        {"metric": "counterfactual.closeness"},
        {"metric": "counterfactual.fluency", "against": "train"},
    ]
    data = {
        "recipe": {"name": re.sub(r"\W+", "-", name), "seed": 7, "rows": 2 * pairs},
        "task": {
            "labels": {label: {"definition": label} for label in turned},
            "relabel": [{"when": when, "map": turned}],
        },
        "factors": {
            "side": {"values": ["before", "after"]},
            "message": {"from": "pairs.csv", "key": "name", "match": {"label": "label"}},
            "template": {
                "key": "name",
                "values": [{"name": "t", "text": by_people if not edits else "{{ message.before }}"}],
            },
        },
        "design": {"cross": ["label"], "within": ["side"], "independent": [["label", "message"]]},
        "reference": {
            "train": {"read": "read.csv", "path": "train.csv", "columns": {"text": "text", "label": "label"}}
        },
        "predictors": {"words": model, "letters": {**model, "units": "characters", "ngrams": [2, 4], "rare": 2}},
        "step": [{"generate": "template"}, *steps],
        "gate": [{**metric, "max": 99, "on_fail": "warn"} for metric in metrics],
    }
    return fl.Recipe.from_data(data, folder).run(folder / f"run-{data['recipe']['name']}", fresh=True)


def flips() -> None:
    """How small our edits are, and how often models see the label turn, beside people's revisions."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pairs = written(folder)
        print(f"{pairs} reviews; models learnt from {len(reviews('orig_train'))} originals and their revisions")
        head = ("edited", "flips", "flips (letters)", "towards", "words changed", "median", "distinct", "bits/char")
        print(f"{'':<30}" + "".join(f"{each:>17}" for each in head))
        for kind, edits in KINDS.items():
            run = flipped(folder, kind, edits, pairs)
            words, letters, close, fluent = run.gates
            shares = [_edited(run.table), words.values["flips"], letters.values["flips"], words.values["towards"]]
            shares += [close.value or 0.0, close.values["median"], close.values["distinct"]]
            print(f"{kind:<30}" + "".join(f"{each:>17.1%}" for each in shares) + f"{fluent.value:>+17.3f}", flush=True)


def _edited(table: Any) -> float:
    """The share of second rows that are other texts than the first of their family."""
    families: dict[int, set[str]] = {}
    for family, text in zip(table["family"].to_pylist(), table["text"].to_pylist(), strict=True):
        families.setdefault(family, set()).add(text)
    return float(np.mean([len(texts) > 1 for texts in families.values()]))


# Pronouns --------------------------------------------------------------------------------------------


def texts(name: str) -> list[str]:
    """Texts of GAP."""
    with (SHARED / "seed-gap" / f"gap-{name}.tsv").open(encoding="utf-8", newline="") as file:
        return [row["Text"] for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)]


def as_women(text: str) -> Iterator[tuple[str, int, int, str]]:
    """The text with every "him" and "his" written as "her"; of each of these its place and what it was."""
    found = list(re.finditer(r"\b(?:him|his)\b", text, re.IGNORECASE))
    women = re.sub(
        r"\b(?:him|his)\b", lambda match: "Her" if match[0][0].isupper() else "her", text, flags=re.IGNORECASE
    )
    yield from ((women, match.start(), match.end(), match[0].lower()) for match in found)


def chosen(name: str, parser: TellsCases | None) -> Counter[str]:
    """How often "her" becomes what it was, something else, or is refused."""
    tally: Counter[str] = Counter()
    for women, start, end, was in (each for text in texts(name) for each in as_women(text)):
        asked: Callable[[], str | None] = lambda: parser.case(women, start) if parser else None  # noqa: B023, E731 - asked at once
        try:
            tally["right" if case_of(Place.of(women, start, end), "she", "he", asked) == was else "wrong"] += 1
        except UnsureError:
            tally["refused"] += 1
    return tally


def whole(name: str, to: str, parser: TellsCases | None) -> Counter[str]:
    """What becomes of whole texts: changed, or refused for a reason."""
    people, tally = People("people", to, parser=parser), Counter[str]()  # type: ignore[arg-type]
    for text in texts(name):
        try:
            tally["changed" if people.changes(text) else "no person"] += 1
        except UnsureError as error:
            tally[str(error).partition(":")[0].partition(" for ")[0]] += 1
    return tally


def pronouns(pipeline: str | None) -> None:
    """Choices between him and his, and whole texts, with the words beside a pronoun alone and with a parser."""
    ways: dict[str, TellsCases | None] = {"words": None}
    if pipeline:
        ways[pipeline] = parser_of(pipeline, sample_tools())
    for name in ("development", "validation"):
        for way, parser in ways.items():
            begun = time.process_time()
            tally = chosen(name, parser)
            decided = tally["right"] + tally["wrong"]
            print(
                f"{name}, {way}: of {tally.total()} pronouns {decided} decided, {tally['right']} as they were, "
                f"{tally['refused']} refused; {time.process_time() - begun:.0f} s"
            )
            for to in ("swap", "they"):
                print(f"  whole texts, {to}: {dict(whole(name, to, parser).most_common())}")


# Terms -----------------------------------------------------------------------------------------------


def published() -> set[frozenset[str]]:
    """The swaps of the list."""
    found: set[frozenset[str]] = set()
    for name in ("generalized_swaps", "extra_gendered_words"):
        for line in (SHARED / "list-corefbias" / f"{name}.txt").read_text("utf-8").splitlines():
            words = [each.strip().lower() for each in line.split("\t")]
            found |= {frozenset(words)} if len(words) == 2 else set()
    return found


def terms() -> None:
    """Which of the published swaps are ours, and which words of the others stay in texts that we change."""
    pairs = published()
    ours = {frozenset((woman, man)) for woman, (man, _) in TERMS.items()}
    known = frozenset().union(*ours) | set(SETS["she"]) | set(SETS["he"]) | FACTS
    people, left = People("people", "swap"), Counter[str]()
    changed = kept = 0
    for text in (*texts("development"), *texts("validation")):
        try:
            if not people.changes(text):
                continue
        except UnsureError:
            continue
        others = {word for pair in pairs - ours for word in pair if word not in known} & set(
            re.findall(r"\w+", text.lower())
        )
        left.update(others)
        changed, kept = changed + 1, kept + bool(others)
    print(
        f"{len(pairs & ours)} of {len(pairs)} published pairs are ours; {kept} of {changed} changed texts keep a word"
    )
    print(f"  of the others: {dict(left.most_common(20))}")


def main() -> None:
    """What was asked for; all of it where nothing was."""
    if not SHARED.is_dir():
        sys.exit(f"the reference data are not in {SHARED}; set FAIRLOOM_SHARED to their folder")
    asked, *more = sys.argv[1:] or ["all"]
    parts: dict[str, Callable[[], None]] = {
        "flips": flips,
        "pronouns": lambda: pronouns(more[0] if more else None),
        "terms": terms,
    }
    for part in parts if asked == "all" else [asked]:
        parts[part]()


if __name__ == "__main__":
    main()
