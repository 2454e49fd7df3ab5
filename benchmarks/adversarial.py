"""Attacks on scikit-learn models of real messages and reviews, and what training with the hard rows does.

Run by hand: ``FAIRLOOM_SHARED=DIR python benchmarks/adversarial.py [sms | quotas | cad | human | retrain]``. Texts come
from the reference data ``seed-sms-spam`` and ``seed-cad``; models are trained inside the runs. Nothing is kept.
``--beside PYTHON`` attacks the same rows with TextAttack and nothing else; PYTHON is that of an environment that has it
(``beside_textattack.py`` says how to make one).
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from sklearn.feature_extraction.text import TfidfVectorizer

import fairloom as fl
from fairloom.weaving.answers import answered
from fairloom.weaving.prepare import prepare

SHARED = Path(os.environ.get("FAIRLOOM_SHARED", "shared/data"))
CHARACTERS = ["edits.typo", "edits.swap", "edits.delete", "edits.repeat", "edits.homoglyph"]
WORDS = ["edits.synonym", "edits.contraction", "edits.spelling", "edits.degree", "edits.filler"]
TURNED = {"positive": "negative", "negative": "positive"}
MOST_WORDS = 4
Rows = list[tuple[str, str]]


def sms() -> Rows:
    """Messages with ham or spam, each text once, in an order that keeps the labels mixed."""
    if not SHARED.is_dir():
        sys.exit(f"the reference data are not in {SHARED}; set FAIRLOOM_SHARED to their folder")
    lines = (SHARED / "seed-sms-spam" / "SMSSpamCollection").read_text("utf-8").splitlines()[1:]
    pairs = [tuple(line.split("\t", 1)) for line in lines if "\t" in line]
    return list({text.strip(): (text.strip(), label) for label, text in pairs if text.strip()}.values())


def reviews(name: str) -> Rows:
    """Reviews with their sentiment."""
    with (SHARED / "seed-cad" / "sentiment" / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        read = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        found = [(row["Text"].replace("<br /><br />", " ").strip(), row["Sentiment"].lower()) for row in read]
    return list({text: (text, label) for text, label in found}.values())


def write(path: Path, rows: Rows) -> None:
    """Rows as CSV, as recipes read them."""
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["name", "text", "label"])
        out.writerows((f"t{number}", text, label) for number, (text, label) in enumerate(rows))


def shared_out(rows: Rows, each: int, skip: int = 0) -> Rows:
    """``each`` rows of every label, after the first ``skip`` of it."""
    labels = sorted({label for _, label in rows})
    return [row for label in labels for row in [one for one in rows if one[1] == label][skip : skip + each]]


def attacking(  # noqa: PLR0913, PLR0917 - what an attack is made of
    folder: Path,
    name: str,
    train: Rows,
    victims: Rows,
    edits: Sequence[Any],
    search: str = "adversarial.greedy",
    queries: int = 60,
    **more: Any,
) -> fl.Recipe:
    """A recipe that attacks every victim once, with a model trained on ``train``; another judges what transfers."""
    write(folder / "train.csv", train)
    write(folder / "victims.csv", victims)
    labels = sorted({label for _, label in victims})
    refill = more.pop("refill", False)
    rows = more.pop("rows", len(victims))
    model = {"use": "predict.sklearn", "train": ["train"]}
    data = {
        "recipe": {"name": name, "seed": 7, "rows": rows},
        "task": {"labels": {label: {"definition": label} for label in labels}},
        "factors": {
            "message": {"from": "victims.csv", "key": "name", "match": {"label": "label"}},
            "template": {"key": "name", "values": [{"name": "as it is", "text": "{{ message.text }}"}]},
        },
        "design": {"cross": ["label"], **({"attempts": 120} if refill else {"independent": [["label", "message"]]})},
        "reference": {
            "train": {"read": "read.csv", "path": "train.csv", "columns": {"text": "text", "label": "label"}}
        },
        "predictors": {
            "words": model,
            "letters": {**model, "units": "characters", "ngrams": [2, 4], "rare": 2},
        },
        "step": [
            {"generate": "template"},
            {
                "generate": "adversarial.similar",
                "model": "words",
                "edits": list(edits),
                "search": search,
                "queries": queries,
                "on_failure": "refill" if refill else "keep",
                **more,
            },
        ],
        "gate": [
            {"metric": "adversarial.success", "min": 0, "on_fail": "warn"},
            {"metric": "adversarial.accuracy", "model": "words", "min": 0, "on_fail": "warn"},
            {"metric": "adversarial.transfer", "model": "letters", "min": 0, "on_fail": "warn"},
        ],
    }
    return fl.Recipe.from_data(data, folder)


def attack(folder: Path, name: str, *given: Any, **more: Any) -> fl.Run:
    """The run of ``attacking``."""
    return attacking(folder, name, *given, **more).run(folder / f"run-{name}", fresh=True)


def line(name: str, run: fl.Run, seconds: float) -> None:
    """What an attack came to, in one line."""
    success, accuracy, transfer = run.gates
    cells = {each["group"]: f"{each['share']:.0%}" for each in success.detail["groups"]}
    print(
        f"{name:<34} success {_share(success.value)} {cells}  queries/success "
        f"{success.values.get('queries_per_success', float('nan')):.0f}  accuracy left {_share(accuracy.value)}  "
        f"transfer {_share(transfer.value)}  top edit {success.values['top_edit']:.0%}  {seconds:.1f} s"
    )


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"


def searches(  # noqa: PLR0913, PLR0917 - what is compared
    name: str,
    train: Rows,
    victims: Rows,
    kinds: dict[str, Sequence[Any]],
    queries: int,
    ways: Sequence[str] = ("greedy", "beam", "random"),
) -> None:
    """Every search with every kind of edits, at one budget."""
    with tempfile.TemporaryDirectory() as place:
        for kind, edits in kinds.items():
            for search in ways:
                start = time.process_time()
                run = attack(Path(place), f"{search}-{kind}", train, victims, edits, f"adversarial.{search}", queries)
                line(f"{name} {kind} {search}", run, time.process_time() - start)


def quotas(train: Rows, victims: Rows) -> None:
    """With refilling, every cell has its quota of rows as hard as wanted, though one label is far harder to attack."""
    goal = {"use": "adversarial.margin", "between": [-1.0, 0.6]}
    with tempfile.TemporaryDirectory() as place:
        run = attack(Path(place), "quota", train, victims, CHARACTERS, refill=True, rows=60, goal=goal)
        counted = run.table.group_by(["label", "attack"]).aggregate([([], "count_all")]).to_pylist()
        print("refilled:", {f"{each['label']} {each['attack']}": each["count_all"] for each in counted}, run.status)


def retrained(  # noqa: PLR0913, PLR0917 - what is compared
    name: str, rows: Rows, held_out: Rows, each: int, edits: Sequence[Any], queries: int
) -> None:
    """Attack training rows, train again with what was found, attack held-out rows as before."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        before = attack(folder, "before", rows, held_out, edits, queries=queries)
        hard = attack(folder, "train", rows, shared_out(rows, each), edits, queries=queries, proposals=4).table
        found = hard.filter(pc.equal(hard["attack"], "found"))
        added = list(zip(found["text"].to_pylist(), found["label"].to_pylist(), strict=True))
        after = attack(folder, "after", rows + added, held_out, edits, queries=queries)
        fixed = [
            (text, label)
            for text, label in zip(before.table["text"].to_pylist(), before.table["label"].to_pylist(), strict=True)
        ]
        print(f"{name}: {len(added)} hard rows added to {len(rows)}")
        for said, run, train in (("before", before, rows), ("after", after, rows + added)):
            clean, hurt = (accuracy(folder, train, test) for test in (held_out, fixed))
            print(
                f"  {said:<7} clean {clean:.1%}  on the rows found before {hurt:.1%}  attacked again: success "
                f"{_share(run.gates[0].value)}, accuracy left {_share(run.gates[1].value)}"
            )


def accuracy(folder: Path, train: Rows, test: Rows) -> float:
    """How often a model trained on some rows is right about others."""
    write(folder / "train.csv", train)
    write(folder / "victims.csv", test)
    data = {
        "recipe": {"name": "accuracy", "rows": 1},
        "task": {"labels": {label: {"definition": label} for label in sorted({label for _, label in test})}},
        "reference": {
            "train": {"read": "read.csv", "path": "train.csv", "columns": {"text": "text", "label": "label"}}
        },
        "predictors": {"words": {"use": "predict.sklearn", "train": ["train"]}},
        "step": [{"generate": "template"}],
        "factors": {"template": {"key": "name", "values": [{"name": "one", "text": "one"}]}},
    }
    model = prepare(fl.Recipe.from_data(data, folder)).predictors.named["words"]
    found = model.predict(pa.array([text for text, _ in test]))
    return float(found.right(pa.array([label for _, label in test])).mean())


def human() -> None:
    """Human revisions of reviews beside label-turning edits, judged by models trained without and with revisions."""
    pairs = list(paired(reviews("orig_test") + reviews("orig_dev"), reviews("new_test") + reviews("new_dev")))
    train = {"originals": reviews("orig_train"), "both": reviews("orig_train") + reviews("new_train")}
    for kind in ("human", "edits.antonym", "edits.negation"):
        for name, rows in train.items():
            with tempfile.TemporaryDirectory() as place:
                folder = Path(place)
                write(folder / "train.csv", rows)
                run = fl.Recipe.from_data(revisions(pairs, folder, kind), folder).run(folder / "run")
                print(f"{kind}, model trained on {name}: {run.table.num_rows // 2} of {len(pairs)} pairs")
                for gate in run.gates:
                    values = {key: round(value, 3) for key, value in gate.values.items()}
                    print(f"  {gate.name}: {_three(gate.value)}  {values}")


def _three(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def paired(originals: Rows, revised: Rows) -> Iterable[tuple[str, str, str]]:
    """Originals with their revisions: the files hold them in different orders, so each looks for the nearest."""
    vectors = TfidfVectorizer(token_pattern=r"\b\w+\b").fit([text for text, _ in originals])
    alike = vectors.transform([text for text, _ in originals]) @ vectors.transform([text for text, _ in revised]).T
    table = np.asarray(alike.todense())
    best, back = table.argmax(axis=1), table.argmax(axis=0)
    for here, there in enumerate(best.tolist()):
        if back[there] == here and table[here, there] > 0.6 and originals[here][1] != revised[there][1]:
            yield originals[here][0], revised[there][0], originals[here][1]


def revisions(pairs: Sequence[tuple[str, str, str]], folder: Path, kind: str) -> dict[str, Any]:
    """A recipe whose families are an original and its revision: the human one, or that of a perturbation."""
    with (folder / "pairs.csv").open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["name", "original", "revised", "label"])
        out.writerows((f"p{number}", *pair) for number, pair in enumerate(pairs))
    text = "{{ pair.original }}"
    edit = {"generate": kind, "when": 'version == "revised"', "label": "FLIP", "map": TURNED, "count": 3}
    steps: list[dict[str, Any]] = [{"generate": "template"}, edit]
    if kind == "human":
        text, steps = "{% if version == 'original' %}" + text + "{% else %}{{ pair.revised }}{% endif %}", steps[:1]
    metrics: list[dict[str, Any]] = [
        {"metric": "counterfactual.consistency", "model": "words"},
        {"metric": "counterfactual.closeness"},
        {"metric": "counterfactual.fluency"},
    ]
    return {
        "recipe": {"name": "revisions", "seed": 7, "rows": "all"},
        "task": {
            "labels": {"positive": {"definition": "likes it"}, "negative": {"definition": "does not"}},
            "relabel": [{"when": 'version == "revised"', "map": TURNED}],
        },
        "factors": {
            "pair": {"from": "pairs.csv", "key": "name", "match": {"label": "label"}},
            "version": {"values": ["original", "revised"]},
            "template": {"key": "name", "values": [{"name": "as it is", "text": text}]},
        },
        "design": {"use": "design.factorial", "within": ["version"], "attempts": 1, "on_shortfall": "hold"},
        "reference": {
            "train": {"read": "read.csv", "path": "train.csv", "columns": {"text": "text", "label": "label"}}
        },
        "predictors": {"words": {"use": "predict.sklearn", "train": ["train"]}},
        "step": steps,
        "gate": [{**each, "min": -9, "on_fail": "warn"} for each in metrics],
    }


def beside(python: str, name: str, train: Rows, victims: Rows, queries: int) -> None:
    """TextAttack and fairloom on the same rows, model, budget and limit of words; no limit of characters.

    TextAttack tries one change of each kind in every word; ours proposes about as many in the whole text (``few`` are
    four of each kind).
    """
    kinds = ["edits.typo", "edits.swap", "edits.delete", "edits.repeat"]
    _beside_ours(f"{name} fairloom", train, victims, queries, [{"use": use, "rate": 0.25} for use in kinds], 1)
    _beside_ours(f"{name} fairloom, few", train, victims, queries, kinds, 4)
    given = json.dumps({"train": train, "victims": victims, "queries": queries, "words": MOST_WORDS})
    script = Path(__file__).with_name("beside_textattack.py")
    said = subprocess.run([python, str(script)], input=given, capture_output=True, text=True, check=False)
    if said.returncode:
        sys.exit(f"TextAttack failed: {said.stderr[-800:]}")
    found = json.loads(said.stdout.splitlines()[-1])
    groups = {label: (found["found"].get(label, 0), tried) for label, tried in sorted(found["tried"].items())}
    _beside_line(f"{name} TextAttack", groups, found["queries"], found["seconds"])


def _beside_ours(  # noqa: PLR0913, PLR0917 - what is compared
    name: str, train: Rows, victims: Rows, queries: int, edits: Sequence[Any], proposals: int
) -> None:
    """The step of the attack alone, with a model that is trained already: so TextAttack is timed too."""
    limits = {"most": MOST_WORDS, "share": 1.0, "proposals": proposals}
    with tempfile.TemporaryDirectory() as place:
        loom = prepare(attacking(Path(place), "beside", train, victims, edits, queries=queries, **limits))
        loom.predictors.named["words"].predict(pa.array(["trained now"]))
        rows = loom.briefs.make(np.arange(len(victims)), np.zeros(len(victims), np.int64))
        rows, _ = answered(loom.steps[0], rows, frozenset(rows.schema.names), ("text",))
        start, worked = time.perf_counter(), time.process_time()
        ended = pa.Table.from_batches([loom.steps[1].work.write(rows)]).append_column("label", rows["label"])
        seconds = [time.perf_counter() - start, time.process_time() - worked]
    ended = ended.filter(pc.not_equal(ended["attack"], "already"))
    counted = ended.append_column("found", pc.equal(ended["attack"], "found")).group_by("label")
    found = counted.aggregate([("found", "sum"), ("found", "count")]).to_pylist()
    groups = {str(each["label"]): (each["found_sum"], each["found_count"]) for each in found}
    _beside_line(name, groups, pc.sum(ended["attack.queries"]).as_py(), seconds)


def _beside_line(name: str, groups: dict[str, tuple[int, int]], queries: int, seconds: list[float]) -> None:
    found, tried = (sum(pair[place] for pair in groups.values()) for place in (0, 1))
    cells = ", ".join(f"{label} {hit}/{n}" for label, (hit, n) in groups.items())
    each = f"{queries / found:.0f}" if found else "-"
    print(
        f"{name:<20} success {found / tried:.1%} ({cells})  queries {queries:,}, per success {each}, "
        f"per CPU-second {queries / seconds[1]:,.0f}  {seconds[0]:.1f} s ({seconds[1]:.1f} s of CPU)"
    )


def main(which: str, python: str | None) -> None:
    """Print the figures asked for."""
    messages, films = sms(), reviews("orig_train")
    held_out = shared_out(messages, 100, 500)
    train = [row for row in messages if row not in set(held_out)]
    films_out = shared_out(reviews("orig_test"), 25)
    if python is not None:
        beside(python, "sms", train, held_out, 60)
        beside(python, "cad", films, films_out, 100)
        return
    if which in {"all", "sms"}:
        searches("sms", train, held_out, {"characters": CHARACTERS, "words": WORDS}, 60)
    if which in {"all", "quotas"}:
        quotas(train, held_out)
    if which in {"all", "cad"}:
        searches("cad", films, films_out, {"characters": CHARACTERS, "words": WORDS}, 100, ["greedy"])
    if which in {"all", "human"}:
        human()
    if which in {"all", "retrain"}:
        retrained("sms", train, held_out, 400, CHARACTERS, 60)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="?", default="all", choices=["all", "sms", "quotas", "cad", "human", "retrain"])
    parser.add_argument("--beside", metavar="PYTHON", help="attack with TextAttack, which this Python has")
    given = parser.parse_args()
    main(given.which, given.beside)
