"""Published datasets, made again from their recipes and counted: ``python tests/reference/table.py [NAME ...]``.

Reads the published files in place (``FAIRLOOM_SHARED``) and prints one line per set: rows published, rows matched,
whether in order, seconds. With ``--write`` it puts the lines into docs/explanation/published-datasets.md.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

import fairloom as fl

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "explanation" / "published-datasets.md"
BEGIN, END = "<!-- table: begin -->\n", "<!-- table: end -->\n"
TITLES = ("set", "published", "made", "matched", "in order")

Row = tuple[Any, ...]


@attrs.frozen
class Part:
    """One run: a recipe below this folder, and the published table of each factor."""

    recipe: str
    tables: Mapping[str, str]


@attrs.frozen
class Published:
    """A published set: where it lies, the runs that make it, and what is compared with what."""

    name: str
    folder: str
    parts: Sequence[Part]
    made: Callable[[Any], Iterable[Row]]
    """Rows of a run in order, as they are compared."""
    wanted: Callable[[Path], Sequence[Row]]
    """The published rows in order."""
    ordered: bool = True
    """Whether the order of the published rows is known."""


@attrs.frozen
class Result:
    """How many rows came out as published."""

    name: str
    published: int
    made: int
    matched: int
    in_order: bool | None
    seconds: float
    gates: Mapping[str, float | None]
    """What the gates measured, summed over the parts."""

    def cells(self) -> tuple[str, ...]:
        """The line of the table, without the time."""
        order = {True: "yes", False: "no", None: "none known"}[self.in_order]
        return (self.name, f"{self.published:,}", f"{self.made:,}", f"{self.matched:,}", order)


def compare(one: Published, data: Path) -> Result:
    """Make a set and count."""
    start = time.perf_counter()
    found: list[Row] = []
    gates: Counter[str] = Counter()
    for part in one.parts:
        with tempfile.TemporaryDirectory() as out:
            run = made(part, data / one.folder, Path(out) / "run")
            found += one.made(run.table)
            gates.update({gate.name: gate.value or 0 for gate in run.gates})
    seconds = time.perf_counter() - start
    wanted = one.wanted(data / one.folder)
    matched = (Counter(found) & Counter(wanted)).total()
    kept = list(found) if len(found) <= len(wanted) else among(found, wanted)
    in_place = sum(ours == theirs for ours, theirs in zip(kept, wanted, strict=False))
    in_order = in_place == matched if one.ordered else None
    return Result(one.name, len(wanted), len(found), matched, in_order, seconds, dict(gates))


def among(found: Iterable[Row], wanted: Iterable[Row]) -> list[Row]:
    """The rows that are wanted, in their order, as often as they are wanted."""
    left = Counter(wanted)
    kept = []
    for row in found:
        if left[row]:
            left[row] -= 1
            kept.append(row)
    return kept


def made(part: Part, data: Path, out: Path) -> Any:
    """The run of one recipe over published tables."""
    overrides = [f"factors.{factor}.from='{data / file}'" for factor, file in part.tables.items()]
    return fl.Recipe.load(HERE / part.recipe, set=overrides).run(out, allow=[data])


def columns(*names: str) -> Callable[[Any], Iterator[Row]]:
    """Rows of these columns."""
    return lambda table: zip(*(table.column(name).to_pylist() for name in names), strict=True)


def delimited(file: str, *names: str, delimiter: str = ",") -> Callable[[Path], list[Row]]:
    """Rows of a delimited file; of all its columns without ``names``."""

    def read(data: Path) -> list[Row]:
        with (data / file).open(encoding="utf-8-sig", newline="") as lines:
            return [tuple(row[name] for name in names or row) for row in csv.DictReader(lines, delimiter=delimiter)]

    return read


# CBBQ -------------------------------------------------------------------------------------------

CBBQ_TEXTS = ("context", "question", "ans0", "ans1", "ans2")
CBBQ_NOTES = (
    "question_index",
    "question_polarity",
    "context_condition",
    "category",
    "subcategory",
    "bias_targeted_groups",
    "source",
    "label",
)


def cbbq(category: str, condition: str, recipe: str) -> Published:
    """One published file: the negative questions, then the others."""
    tables = [f"templates_generate_{polarity}.csv" for polarity in ("neg", "nonneg")]
    return Published(
        f"CBBQ {category}, {condition}",
        f"worked-cbbq-2/{category}/{condition}",
        [Part(f"cbbq/{recipe}.toml", dict.fromkeys(("template", "name1", "name2"), table)) for table in tables],
        columns(*CBBQ_TEXTS, *(f"template.{name}" for name in CBBQ_NOTES)),
        delimited(f"{condition}.csv", *CBBQ_TEXTS, *CBBQ_NOTES),
    )


# HolisticBias -----------------------------------------------------------------------------------

HOLISTIC_ROWS = 566_625
HOLISTIC_DIGEST = "a63b304b9e5a026e453940c47e48aecc54b4012713fc3f46aab1532b9382b13e"
HOLISTIC = Part(
    "holisticbias/recipe.toml",
    {
        "term": "descriptors.json",
        "phrase": "standalone_noun_phrases.json",
        "fixed": "standalone_noun_phrases.json",
        "noun": "nouns.json",
        "sentence": "sentence_templates.json",
    },
)


def holistic_rows(table: Any) -> Iterator[Row]:
    """No expanded file is published: the digest of all texts, sorted, stands for every row."""
    texts = sorted(table.column("text").to_pylist())
    digest = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    return ((digest, row) for row in range(len(texts)))


# presidio ---------------------------------------------------------------------------------------


def presidio_rows(table: Any) -> list[Row]:
    """Text and spans in the order of the recorded rows; the type of the value ``v3`` is the column ``t3``."""
    rows = []
    for row in table.select(["published", "text", "text.spans", *(f"row.t{n}" for n in range(12))]).to_pylist():
        named = [{**span, "type": row[span["slot"].replace(".v", ".t")]} for span in row["text.spans"]]
        rows.append((int(row["published"]), row["text"], _spans(named, "start", "end", "value", "type")))
    return [(text, found) for _, text, found in sorted(rows, key=lambda row: row[0])]


def presidio_wanted(data: Path) -> list[Row]:
    """Published text and spans."""
    rows = json.loads((data / "synth_dataset_v2.json").read_text(encoding="utf-8"))
    keys = ("start_position", "end_position", "entity_value", "entity_type")
    return [(row["full_text"], _spans(row["spans"], *keys)) for row in rows]


def _spans(spans: Iterable[Mapping[str, Any]], *keys: str) -> tuple[Row, ...]:
    return tuple(sorted(tuple(span[key] for key in keys) for span in spans))


# BBQ --------------------------------------------------------------------------------------------

BBQ_TEXTS = ("context", "question", "ans0", "ans1", "ans2")


def bbq(category: str) -> Published:
    """Replayed rows, each with its label."""
    templates = f"new_templates - {category}.csv"
    tables = {**dict.fromkeys(("template", "word1", "word2"), templates), "row": f"{category}.jsonl"}
    return Published(
        f"BBQ {category}",
        "worked-bbq-age-religion",
        [Part(f"bbq/{category.lower()}.toml", tables)],
        bbq_rows,
        lambda data: bbq_wanted(data / f"{category}.jsonl"),
    )


def bbq_rows(table: Any) -> list[Row]:
    """Rows in the order of the recorded ones."""
    return sorted(columns("example_id", *BBQ_TEXTS, "answer")(table), key=lambda row: int(row[0]))


def bbq_wanted(path: Path) -> list[Row]:
    """Published rows with their number."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(str(row["example_id"]), *(row[name] for name in BBQ_TEXTS), str(row["label"])) for row in rows]


# BEC-Pro ----------------------------------------------------------------------------------------

BEC_PRO = {
    "Sentence": "text",
    "Sent_TM": "faithful_TM",
    "Sent_AM": "faithful_AM",
    "Sent_TAM": "faithful_TAM",
    "Template": "template.pattern",
    "Person": "person",
    "Gender": "person.gender",
    "Profession": "profession",
    "Prof_Gender": "profession.group",
}
"""Published column = ours."""


# SCAN -------------------------------------------------------------------------------------------


def scan_rows(table: Any) -> Iterator[Row]:
    """Pairs with their half of the length split; the published file is shuffled."""
    lengths = table.column("command.length").to_pylist()
    pairs = zip(table.column("text").to_pylist(), lengths, strict=True)
    return ((text, "test" if int(length) > SCAN_TRAIN else "train") for text, length in pairs)


def scan_wanted(data: Path) -> list[Row]:
    """Published pairs with the half that their number of actions puts them in."""
    pairs = (data / "tasks.txt").read_text(encoding="utf-8").splitlines()
    return [(pair, "test" if len(pair.partition(" OUT: ")[2].split()) > SCAN_TRAIN else "train") for pair in pairs]


SCAN_TRAIN = 22
"""Actions up to which a command is one to train on."""


SETS = (
    Published(
        "Winogender",
        "worked-winogender",
        [Part("winogender/recipe.toml", {"template": "templates.tsv"})],
        columns("sentid", "text"),
        delimited("all_sentences.tsv", delimiter="\t"),
    ),
    Published(
        "Jigsaw madlibs, English",
        "worked-jigsaw-madlibs",
        [
            Part(
                "jigsaw-madlibs/recipe.toml",
                {
                    "template": "sentence_templates.csv",
                    **dict.fromkeys(("verb", "name", "adjective", "identity", "quality", "occupation"), "words.csv"),
                },
            )
        ],
        columns("template.pattern", "template.toxicity", "text"),
        delimited("madlibs.csv"),
    ),
    Published(
        "BEC-Pro, English, all columns",
        "worked-becpro-en",
        [Part("bec-pro/recipe.toml", {"profession": "professions_english.json"})],
        columns(*BEC_PRO.values()),
        delimited("BEC-Pro_EN.tsv", *BEC_PRO, delimiter="\t"),
    ),
    Published(
        "SCAN, with the length split",
        "worked-scan",
        [Part("scan/recipe.toml", {})],
        scan_rows,
        scan_wanted,
        ordered=False,
    ),
    Published(
        "HolisticBias v1.1",
        "worked-holisticbias",
        [HOLISTIC],
        holistic_rows,
        lambda _: [(HOLISTIC_DIGEST, row) for row in range(HOLISTIC_ROWS)],
        ordered=False,
    ),
    cbbq("disease", "ambiguous", "disease"),
    cbbq("disease", "disambiguous", "disease"),
    cbbq("gender", "ambiguous", "gender-ambiguous"),
    cbbq("gender", "disambiguous", "gender-disambiguous"),
    bbq("Age"),
    bbq("Religion"),
    Published(
        "presidio-research v2, with spans",
        "worked-presidio",
        [Part("presidio/recipe.toml", {"template": "templates.txt", "row": "synth_dataset_v2.json"})],
        presidio_rows,
        presidio_wanted,
    ),
)


def lines_of(results: Iterable[Result]) -> Iterator[str]:
    """The table in Markdown."""
    yield f"| {' | '.join(TITLES)} |\n"
    yield "| --- | ---: | ---: | ---: | --- |\n"
    yield from (f"| {' | '.join(result.cells())} |\n" for result in results)


def written(page: str, results: Iterable[Result]) -> str:
    """The page with the table between its marks."""
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    return before + BEGIN + "".join(lines_of(results)) + END + after


def main(arguments: Sequence[str]) -> int:
    """Print the table."""
    named = os.environ.get("FAIRLOOM_SHARED")
    data = Path(named) if named else HERE.parents[2] / "shared" / "data"
    wanted = [name.lower() for name in arguments if not name.startswith("--")]
    chosen = [one for one in SETS if not wanted or any(one.name.lower().startswith(name) for name in wanted)]
    results = []
    sys.stdout.write(f"{TITLES[0]:34}{TITLES[1]:>10}{TITLES[2]:>10}{TITLES[3]:>10}  {TITLES[4]:12}{'seconds':>8}\n")
    for one in chosen:
        results.append(compare(one, data))
        name, *counts, order = results[-1].cells()
        numbers = "".join(f"{count:>10}" for count in counts)
        sys.stdout.write(f"{name:34}{numbers}  {order:12}{results[-1].seconds:8.1f}\n")
        sys.stdout.flush()
    if "--write" in arguments and chosen == list(SETS):
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
