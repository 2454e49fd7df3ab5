"""The same 10,000 rows by llm.templates and by llm.text: calls and tokens per accepted row, spans, balance.

Each mode runs twice: once to record the answers, and once from the recorded answers alone, which is what is measured.

No language model takes part. The answers are made by the function below, the same for both modes: it fills in one of
120 sentences, and in one answer of ten does what models do (forgets a name, says another name's pronoun, adds a
preamble). So the figures say what the *modes* cost and catch, given the same writer; they say nothing about a model.
Tokens are counted as one for four bytes. Run: ``python benchmarks/llm_modes.py [ROWS]``.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import fairloom as fl
from fairloom.models import tokens_of

MODEL = '''
import hashlib, re

STARTS = ["Hello", "Good morning", "Hi there", "Dear bank", "Excuse me", "Well", "Please help", "Dear all"]
MIDDLES = {
    "card_lost": ["my card is gone", "I lost my card", "somebody took my card", "my card is missing", "I miss my card"],
    "card_broken": ["my card is cracked", "my card fails", "no shop reads my card", "my card split", "my chip is dead"],
}
ENDS = ["since I was in {city}", "after a trip to {city}", "and I am stuck in {city}"]


def answer(messages, attempt):
    """One sentence, a wrong one in ten."""
    asked = messages[-1]["content"]
    word = int.from_bytes(hashlib.sha256(f"{asked}{attempt}".encode()).digest()[:8], "big")
    label = re.search("Label: (\\\\w+)", asked)[1]
    whole = "Write template" in asked
    name = "[person.given]" if whole else re.search("person: ([^;\\\\n]+)", asked)[1]
    city = "[city]" if whole else re.search("city: ([^;\\\\n]+)", asked)[1]
    said = f"{STARTS[word % 8]}, {MIDDLES[label][word // 8 % 5]} {ENDS[word // 40 % 3].format(city=city)}, {name}."
    fault = word // 1000 % 30
    if fault == 0:
        return said.replace(f", {name}.", ".")
    if fault == 1:
        return said.replace(f", {name}.", f", says {name} and her friend.")
    return "Sure! Here it is:\\n" + said if fault == 2 else said
'''
RECIPE = """
[recipe]
name = "modes"
seed = 7
rows = {rows}

[task]
unit = "one message from a customer to a retail bank"

[task.labels.card_lost]
definition = "the customer no longer has the card"

[task.labels.card_broken]
definition = "the customer has the card but it does not work"

[task.constraints]
words = {{ min = 6, max = 40 }}

[factors.person]
values = [
  {{ given = "Amara", gender = "female", their = "her" }}, {{ given = "Jonas", gender = "male", their = "his" }},
  {{ given = "Mei", gender = "female", their = "her" }}, {{ given = "Tariq", gender = "male", their = "his" }},
  {{ given = "Ines", gender = "female", their = "her" }}, {{ given = "Olu", gender = "male", their = "his" }},
]
role = "protected"
balance = ["gender"]

[factors.city]
values = ["Lyon", "Oslo", "Lagos", "Lima", "Hue"]
{factor}
[design]
cross = ["label", "person.gender"]
independent = [["label", "city"]]

[models.writer]
use = "llm.local"
call = "./model.py:answer"

[[step]]
generate = "{mode}"
model = "writer"
{settings}

[[step]]
filter = "text.length"

[[step]]
filter = "text.pattern"
must_not = ["\\\\n"]
"""
MODES = {
    "llm.text": ("", ""),
    "llm.templates": (
        '\n[factors.template]\ntable = "llm.numbered"\ncount = 40\n',
        'slots = ["person.given", "city"]\ntries = 20',
    ),
}


def measure(mode: str, rows: int, folder: Path) -> dict[str, Any]:
    """One run, and what it came to."""
    factor, settings = MODES[mode]
    (folder / "model.py").write_text(MODEL, encoding="utf-8")
    path = folder / "recipe.toml"
    path.write_text(RECIPE.format(rows=rows, mode=mode, factor=factor, settings=settings), encoding="utf-8")
    first = fl.Recipe.load(path).run(folder / "out")
    began = time.perf_counter()
    run = fl.Recipe.load(path).run(folder / "again", journal=folder / "out" / "journal.sqlite", replay="only")
    seconds = time.perf_counter() - began
    journal, made = first.manifest["journal"], run.table.to_pylist()
    return {
        "rows": len(made),
        "calls": journal["answers"],
        "tokens per row": (journal["prompt_tokens"] + journal["answer_tokens"]) / len(made),
        "answer tokens": journal["answer_tokens"] / len(made),
        "the same as JSON": sum(map(as_json, made)) / len(made),
        "with spans": sum(bool(row.get("text.spans")) for row in made) / len(made),
        "exact by search": sum(map(found_once, made)) / len(made),
        "exact spans": sum(map(exact, made)) / len(made),
        "says her of him": sum(" her " in row["text"] and row["person.gender"] == "male" for row in made),
        "label by gender gap": gap(made, "person.gender"),
        "label by city gap": gap(made, "city"),
        "different texts": len({row["text"] for row in made}),
        "the recorded rows": run.manifest["content_digest"] == first.manifest["content_digest"],
        "seconds": seconds,
    }


def exact(row: dict[str, Any]) -> bool:
    """Whether spans from construction give person and city."""
    values = {row["text"][span["start"] : span["end"]] for span in row.get("text.spans") or ()}
    return values == {row["person"], row["city"]}


def found_once(row: dict[str, Any]) -> bool:
    """Whether a search finds person and city exactly once each, as a labeller without spans must hope."""
    return all(len(re.findall(rf"\b{re.escape(row[name])}\b", row["text"])) == 1 for name in ("person", "city"))


def as_json(row: dict[str, Any]) -> int:
    """Tokens of the row as a model would write it if it were asked for JSON with label and values."""
    said = {name: row[name] for name in ("text", "label", "person", "city")}
    said |= {"spans": [{"start": 0, "end": 0, "slot": slot} for slot in ("person", "city")]}
    return tokens_of(json.dumps(said, ensure_ascii=False))


def gap(rows: list[dict[str, Any]], axis: str) -> int:
    """The largest difference between two cells of label and an axis."""
    counts: dict[tuple[str, str], int] = {}
    for row in rows:
        key = (row["label"], row[axis])
        counts[key] = counts.get(key, 0) + 1
    return max(counts.values()) - min(counts.values())


def main(rows: int) -> None:
    """Both modes, side by side."""
    found = {}
    for mode in MODES:
        with tempfile.TemporaryDirectory() as folder:
            found[mode] = measure(mode, rows, Path(folder))
    print(f"{'':22}" + "".join(f"{mode:>16}" for mode in found))
    for key in found["llm.text"]:
        print(f"{key:22}" + "".join(f"{each[key]:16,.5g}" for each in found.values()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
